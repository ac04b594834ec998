"""The runtime `processes` as the suites want it: real programs, on a part of this machine that is their own.

Needs root and the components. Every runtime made here has an instance name and a state folder of its own, so that
its suites run beside a service, and takes both away at its end.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from steward.domain import clusters, nodes, versions
from steward.ports import control_planes, guests, machines
from steward.ports.control_planes import Part
from tests.ports import bundles

INSTANCE = "stwpt"
VERSION = versions.Version(1, 37, 2)


class Orders:
    """Credentials are made as the reconcilers make them, once for each cluster."""

    def __init__(self) -> None:
        self._files: dict[int, dict[str, str]] = {}

    def control_plane(self, number: int = 0) -> control_planes.ControlPlane:
        from steward.reconcile import credentials

        return bundles.plain_control_plane(number, credentials.for_runtime(self._of(number)), VERSION)

    def machine(self, wanted: control_planes.ControlPlane, number: int = 0) -> machines.Machine:
        from steward.outside import certificates, clock
        from steward.reconcile import credentials

        plain = bundles.plain_machine(wanted, number, {})
        made = credentials.node_files(
            self._of(wanted.network.slot),
            _node(plain),
            wanted.network,
            certificates.EllipticCertificates(clock.SystemClock()),
        )
        return bundles.plain_machine(wanted, number, made)

    def access(self, wanted: control_planes.ControlPlane) -> guests.Access:
        from steward.reconcile import credentials

        files = self._of(wanted.network.slot)
        return credentials.access(files, _cluster(wanted), wanted.network, "installer")

    def _of(self, number: int) -> dict[str, str]:
        from steward.outside import certificates, clock
        from steward.reconcile import credentials

        if number not in self._files:
            plain = bundles.plain_control_plane(number, {}, VERSION)
            makes = certificates.EllipticCertificates(clock.SystemClock())
            self._files[number] = credentials.make(_cluster(plain), plain.network, makes)
        return self._files[number]


def _cluster(wanted: control_planes.ControlPlane) -> clusters.Cluster:
    from steward.outside import clock

    now = clock.SystemClock().now()
    return clusters.Cluster(
        id=wanted.cluster_id,
        project_id=_project(),
        name="ports",
        region="GRA11",
        version=wanted.version,
        pods=wanted.pods,
        services=wanted.services,
        slot=wanted.network.slot,
        created_at=now,
        updated_at=now,
    )


def _project() -> Any:
    from steward.domain import projects

    return projects.ProjectId("0" * 32)


def _node(machine: machines.Machine) -> nodes.Node:
    from steward.outside import clock

    now = clock.SystemClock().now()
    return nodes.Node(
        id=machine.node_id,
        cluster_id=machine.cluster_id,
        nodepool_id="pool",
        name=machine.name,
        flavor=machine.flavor.name,
        version=machine.version,
        number=machine.number,
        created_at=now,
        updated_at=now,
    )


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[bundles.Runtime]:
    """One runtime on an event loop of its own; nothing of it is left afterwards."""
    from steward.runtimes.processes import places

    spot = places.Places(folder, INSTANCE)
    with asyncio.Runner() as runner:
        try:
            yield _runtime(spot, Orders(), runner)
        finally:
            runner.run(_clear(spot))


def _runtime(spot: Any, orders: Orders, runner: asyncio.Runner) -> bundles.Runtime:
    from steward.outside import clock
    from steward.outside import guests as guests_
    from steward.runtimes.processes import control_planes as control_planes_
    from steward.runtimes.processes import machines as machines_
    from steward.runtimes.processes import supervision
    from tests.system import runtime_kit  # what bootstrap would plug in: programs, host, registry

    supervisor = supervision.Supervisor()
    return bundles.Runtime(
        control_planes=control_planes_.ProcessControlPlanes(spot, supervisor, runtime_kit.find),
        machines=machines_.ProcessMachines(spot, supervisor, runtime_kit.machines_kit()),
        guests=guests_.HttpGuests(),
        host=runtime_kit.host(spot, bundles.PLAN, supervisor),
        clock=clock.SystemClock(),
        orders=orders,
        run=runner.run,
        kill_part=lambda wanted, part: _kill_part(spot, wanted, part),
        kill_machine=lambda machine: _kill(spot.cluster(machine.cluster_id).node(machine.node_id).record("box")),
        lose_host=lambda: _lose_host(spot),
        lose_data=lambda wanted: shutil.rmtree(spot.cluster(wanted.cluster_id).etcd),
        leftovers=lambda: _leftovers(spot),
        reopened=lambda: _runtime(spot, orders, runner),
    )


def _kill_part(spot: Any, wanted: control_planes.ControlPlane, part: Part) -> None:
    if part is Part.NETWORK:
        _run_ip("netns", "delete", spot.namespace(wanted.network.slot))
    else:
        _kill(spot.cluster(wanted.cluster_id).record(part))


def _record(path: Path) -> Mapping[str, int]:
    from steward.runtimes.processes import launch

    record: Mapping[str, int] = launch.read_record(str(path)) or {}
    return record if launch.alive(record) else {}


def _kill(path: Path) -> None:
    record = _record(path)
    if record:
        os.kill(record["pid"], signal.SIGKILL)


def _lose_host(spot: Any) -> None:
    """What a reboot leaves: no process, no namespace, no mount of ours; the disk."""
    for path in sorted(spot.state.glob("clusters/**/run/*.json")):
        _kill(path)
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else ():
        if name.startswith(f"{spot.instance}-"):
            _run_ip("netns", "delete", name)


def _run_ip(*arguments: str) -> None:
    import subprocess

    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _leftovers(spot: Any) -> list[str]:
    """Folders, namespaces and living processes of any cluster."""
    listing: Callable[[str], list[str]] = lambda path: os.listdir(path) if os.path.isdir(path) else []  # noqa: E731
    names = [f"namespace {name}" for name in listing("/run/netns") if name.startswith(f"{spot.instance}-")]
    folders = [f"folder {path}" for path in sorted(spot.state.glob("clusters/*"))]
    nodes_ = [f"folder {path}" for path in sorted(spot.state.glob("clusters/*/nodes/*"))]
    alive = [f"process of {path}" for path in sorted(spot.state.glob("clusters/**/run/*.json")) if _record(path)]
    return sorted([*names, *folders, *nodes_, *alive])


async def _clear(spot: Any) -> None:
    from steward.runtimes.processes import control_planes as control_planes_
    from steward.runtimes.processes import machines as machines_
    from steward.runtimes.processes import supervision
    from tests.system import runtime_kit

    supervisor = supervision.Supervisor()
    planes = control_planes_.ProcessControlPlanes(spot, supervisor, runtime_kit.find)
    boxes = machines_.ProcessMachines(spot, supervisor, runtime_kit.machines_kit())
    for folder in sorted(spot.state.glob("clusters/*")):
        cluster_id = clusters.ClusterId(folder.name)
        for node in sorted(folder.glob("nodes/*")):
            await boxes.remove(cluster_id, nodes.NodeId(node.name))
        await planes.remove(cluster_id)
    supervisor.let_go()
