"""The runtime `processes` as the suites want it: real programs, on a part of this machine that is their own.

Needs root and the components. Everything is plugged together as the service does it, under an instance name, a
state folder and an address range of its own, so that the suites run beside a service; at the end all of it is gone.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path

from steward.bootstrap import runtimes
from steward.components import supply
from steward.domain import clusters, networks, nodes, projects, versions
from steward.outside import certificates, clock
from steward.ports import certificates as certificates_
from steward.ports import control_planes, guests, machines, private_networks
from steward.ports.control_planes import Part
from steward.reconcile import credentials, issuances
from steward.runtimes.processes import launch, places
from steward.settings import Settings
from tests.ports import bundles
from tests.system import remains
from tests.system import service as service_

NAME = "stwp"


@dataclass(frozen=True, slots=True)
class Spot:
    """What is this suite's own on the machine."""

    instance: str
    state: Path
    network: IPv4Network

    @property
    def settings(self) -> Settings:
        return Settings(
            state=self.state,
            instance=self.instance,
            network=self.network,
            overcommit_memory=40,
            overcommit_cpu=200,
            overcommit_disk=100,
        )

    @property
    def places(self) -> places.Places:
        return places.Places(self.state, self.instance)

    @property
    def service(self) -> service_.Service:
        """As those see it that look for what is left; it has no process."""
        own = {"STEWARD_STATE": str(self.state)}
        return service_.Service(self.state.parent, self.instance, self.network, 0, own)


class Orders:
    """Credentials as the reconcilers make them, once for each cluster and node."""

    def __init__(self, network: IPv4Network) -> None:
        self._plan = networks.Plan(network)
        self._version = versions.Version.parse(supply.default_version())
        self._makes = certificates.EllipticCertificates(clock.SystemClock())
        self._files: dict[int, dict[str, str]] = {}
        self._node_files: dict[str, dict[str, str]] = {}
        self._entries: dict[int, certificates_.KeyPair] = {}

    def control_plane(self, number: int = 0) -> control_planes.ControlPlane:
        bare = bundles.plain_control_plane(number, {}, self._version, self._plan)
        if number not in self._files:
            self._files[number] = credentials.make(_cluster(bare), bare.network, self._makes)
        files = credentials.for_runtime(self._files[number])
        return bundles.plain_control_plane(number, files, self._version, self._plan)

    def machine(self, wanted: control_planes.ControlPlane, number: int = 0) -> machines.Machine:
        bare = bundles.plain_machine(wanted, number, {})
        if bare.node_id not in self._node_files:
            files = self._files[wanted.network.slot]
            made = credentials.node_files(files, _node(bare), wanted.network, self._makes)
            self._node_files[bare.node_id] = made
        return bundles.plain_machine(wanted, number, self._node_files[bare.node_id])

    def access(self, wanted: control_planes.ControlPlane) -> guests.Access:
        files = self._files[wanted.network.slot]
        authority = certificates_.KeyPair(key=files["ca.key"], certificate=files["ca.crt"])
        if wanted.network.slot not in self._entries:
            request = certificates_.Request(common_name="ports", organizations=[issuances.MASTERS])
            self._entries[wanted.network.slot] = self._makes.issue(authority, request)
        entry = self._entries[wanted.network.slot]
        return guests.Access(
            cluster_id=wanted.cluster_id,
            server=f"https://{wanted.network.api_address}:{networks.API_PORT}",
            authority=authority.certificate,
            certificate=entry.certificate,
            key=entry.key,
        )


@contextlib.contextmanager
def opened() -> Iterator[bundles.Runtime]:
    """One prepared runtime on an event loop of its own; nothing of it is left afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="steward-ports-") as folder,
        service_.free_name(NAME) as instance,
        service_.free_range() as network,
    ):
        spot = Spot(instance, Path(folder) / "state", network)
        every: list[runtimes.Runtime] = []
        with asyncio.Runner() as runner:
            try:
                made = _runtime(spot, Orders(network), runner, every)
                runner.run(made.host.prepare())
                yield made
            finally:
                runner.run(_clear(spot, every))


def _runtime(spot: Spot, orders: Orders, runner: asyncio.Runner, every: list[runtimes.Runtime]) -> bundles.Runtime:
    made = runtimes.made(spot.settings, clock.SystemClock())
    every.append(made)
    return bundles.Runtime(
        control_planes=made.control_planes,
        machines=made.machines,
        guests=made.guests,
        probes=made.probes,
        private_networks=made.private_networks,
        audit_logs=made.audit_logs,
        host=made.host,
        clock=clock.SystemClock(),
        orders=orders,
        run=runner.run,
        kill_part=lambda wanted, part: _kill_part(spot.places, wanted, part),
        kill_machine=lambda machine: _kill(spot.places.cluster(machine.cluster_id).node(machine.node_id).record("box")),
        lose_host=lambda: remains.lose_machine(spot.service),
        lose_data=lambda wanted: shutil.rmtree(spot.places.cluster(wanted.cluster_id).etcd),
        leftovers=lambda: _leftovers(spot.places),
        reopened=lambda: _runtime(spot, orders, runner, every),
    )


async def _clear(spot: Spot, every: list[runtimes.Runtime]) -> None:
    for each in every:
        for number in range(2):
            await each.guests.forget(bundles.cluster_id(number))
        await each.close()
    made = runtimes.made(spot.settings, clock.SystemClock())
    for folder in sorted(spot.state.glob("clusters/*")):
        cluster_id = clusters.ClusterId(folder.name)
        for node in sorted(folder.glob("nodes/*")):
            await made.machines.remove(cluster_id, nodes.NodeId(node.name))
        await made.control_planes.remove(cluster_id)
    for number in range(4):
        await made.private_networks.remove(private_networks.Segment(number=number, routers=()))
    await made.close()
    await runtimes.torn_down(spot.settings)


def _kill_part(spot: places.Places, wanted: control_planes.ControlPlane, part: Part) -> None:
    if part is Part.NETWORK:
        subprocess.run(["ip", "netns", "delete", spot.namespace(wanted.network.slot)], check=True)
    else:
        _kill(spot.cluster(wanted.cluster_id).record(part))


def _kill(record: Path) -> None:
    known = launch.read_record(str(record))
    assert launch.alive(known), f"nothing runs that {record} names"
    os.kill(known["pid"], signal.SIGKILL)


def _leftovers(spot: places.Places) -> list[str]:
    """Folders, namespaces and living processes of any cluster; what the host itself needs is not counted."""
    spaces = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    found = [f"namespace {name}" for name in spaces if name.startswith(f"{spot.instance}-")]
    found += [f"folder {path}" for path in spot.state.glob("clusters/*")]
    found += [f"folder {path}" for path in spot.state.glob("clusters/*/nodes/*")]
    records = spot.state.glob("clusters/**/run/*.json")
    found += [f"process of {path}" for path in records if launch.alive(launch.read_record(str(path)))]
    return sorted(found)


def _cluster(wanted: control_planes.ControlPlane) -> clusters.Cluster:
    return clusters.Cluster(
        id=wanted.cluster_id,
        project_id=projects.ProjectId("0" * 32),
        name="ports",
        region=service_.REGION,
        version=wanted.version,
        pods=wanted.pods,
        services=wanted.services,
        slot=wanted.network.slot,
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
    )


def _node(machine: machines.Machine) -> nodes.Node:
    return nodes.Node(
        id=machine.node_id,
        cluster_id=machine.cluster_id,
        nodepool_id="pool",
        name=machine.name,
        flavor=machine.flavor.name,
        version=machine.version,
        number=machine.number,
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
    )
