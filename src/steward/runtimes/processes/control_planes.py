"""Control planes as processes of this machine: `ports/control_planes.py` for real.

Each cluster's programs run in a network namespace of its own. Credentials lie 0600 in the cluster's
folder; they are written again from what is wanted, so their loss is no loss.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from steward.catalogue import loading
from steward.domain import clusters, errors, networks, versions
from steward.ports.control_planes import Admission, ControlPlane, Part, PartState, Remains
from steward.runtimes.processes import arguments, boxes, cgroups, links, places, restrictions, supervision

GRACE = 10.0  # seconds between SIGTERM and SIGKILL
_PROCESSES = (Part.API_SERVER, Part.CONTROLLER_MANAGER, Part.SCHEDULER, Part.ETCD)  # the order of ending
Find = Callable[[versions.Version, str], Path]  # a program's file, by Kubernetes version and name


class ProcessControlPlanes:
    """`find` raises `errors.Unavailable` where a program is not on this host; `caller` is steward's own address."""

    def __init__(
        self,
        spot: places.Places,
        supervisor: supervision.Supervisor,
        find: Find,
        caller: networks.Address,
        groups: cgroups.Cgroups | None = None,
    ) -> None:
        self._spot = spot
        self._supervisor = supervisor
        self._find = find
        self._caller = caller
        self._cgroups = groups or cgroups.Cgroups()
        self._networks: dict[int, links.Identity | None] = {}
        self._written: dict[clusters.ClusterId, dict[str, str]] = {}

    async def ensure(self, wanted: ControlPlane, part: Part) -> None:
        here = self._spot.cluster(wanted.cluster_id)
        if part is Part.NETWORK:
            facts: dict[str, object] = {"slot": wanted.network.slot}
            if places.recall(here.folder) != facts:
                await asyncio.to_thread(places.remember, here.folder, facts)
            if not self._connected(wanted.network.slot):
                await links.ensure_cluster(self._spot, wanted.network, wanted.pods)
                self._networks[wanted.network.slot] = links.identity(self._spot, wanted.network.slot)
            return
        if self._written.get(wanted.cluster_id) != wanted.files:
            # Also while it runs: programs read renewed certificates from their files by themselves.
            await asyncio.to_thread(self._write_credentials, here, wanted)
            self._written[wanted.cluster_id] = dict(wanted.files)
        if self._supervisor.state(self._name(wanted.cluster_id, part))[0]:
            return
        try:
            await self._supervisor.ensure(self._program(wanted, part, here))
        except OSError as reason:
            raise errors.Unavailable(f"{part} of cluster {wanted.cluster_id} could not be started: {reason}") from None

    async def mark_served(self, cluster_id: clusters.ClusterId) -> None:
        here = self._spot.cluster(cluster_id)
        if here.folder.exists() and not here.served.exists():
            await asyncio.to_thread(places.write_private, here.served, "served\n", durable=True)

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[Part, PartState]:
        facts = places.recall(self._spot.cluster(cluster_id).folder)
        slot = facts.get("slot")
        stands = isinstance(slot, int) and self._connected(slot)
        states = {Part.NETWORK: PartState(running=stands, reason="" if stands else "its namespace does not stand")}
        for part in _PROCESSES:
            running, restarts, reason = self._supervisor.state(self._name(cluster_id, part))
            states[part] = PartState(running=running, restarts=restarts, reason=reason)
        return states

    async def restrict(self, wanted: ControlPlane) -> None:
        await restrictions.ensure(self._spot, wanted.network.slot, wanted.sources, self._caller)

    async def admission(self, wanted: ControlPlane) -> Admission | None:
        if links.identity(self._spot, wanted.network.slot) is None:
            return None
        return await restrictions.seen(self._spot, wanted.network.slot, self._caller)

    async def knock(self, wanted: ControlPlane) -> bool:
        return await restrictions.knocked(wanted.network)

    async def remove(self, cluster_id: clusters.ClusterId) -> None:
        here = self._spot.cluster(cluster_id)
        for part in _PROCESSES:
            # Nothing of it is to be kept, so nothing needs time to be put away.
            await self._supervisor.stop(self._name(cluster_id, part), here.record(part), grace=0.0)
        slot = places.recall(here.folder).get("slot")
        if isinstance(slot, int):
            self._networks.pop(slot, None)
            await links.remove_cluster(self._spot, slot)
            await asyncio.to_thread(self._cgroups.remove, self._spot.cgroup(slot))
        self._written.pop(cluster_id, None)
        await asyncio.to_thread(shutil.rmtree, here.folder, True)

    async def remains(self, cluster_id: clusters.ClusterId, slot: int) -> Remains:
        return await asyncio.to_thread(self._remains, cluster_id, slot)

    def _remains(self, cluster_id: clusters.ClusterId, slot: int) -> Remains:
        name = self._spot.namespace(slot)
        spaces = places.namespace_path(name)
        found = [f"process {part}" for part in _PROCESSES if self._supervisor.state(self._name(cluster_id, part))[0]]
        found += [f"namespace {path.name}" for path in (spaces, *spaces.parent.glob(f"{name}-*")) if path.exists()]
        found += [f"link {name}"] if Path("/sys/class/net", name).exists() else []
        found += [f"cgroup {path}" for path in self._cgroups.folders(self._spot.cgroup(slot)) if path.exists()]
        folder = self._spot.cluster(cluster_id).folder
        return Remains(service=found, data=[str(folder)] if folder.exists() else [])

    def _connected(self, slot: int) -> bool:
        """Whether the network that was last seen to in full still stands. No program is run: this is asked often."""
        known = self._networks.get(slot)
        return known is not None and known == links.identity(self._spot, slot)

    def _name(self, cluster_id: clusters.ClusterId, part: Part) -> str:
        return f"{cluster_id}/{part}"

    def _program(self, wanted: ControlPlane, part: Part, here: places.ClusterPlaces) -> supervision.Program:
        pki = here.credentials
        flags = {
            Part.ETCD: lambda: arguments.etcd(wanted, data=here.etcd, pki=pki),
            Part.API_SERVER: lambda: arguments.api_server(
                wanted, pki=pki, audit_log=here.audit_log, audit_policy=here.audit_policy
            ),
            Part.CONTROLLER_MANAGER: lambda: arguments.controller_manager(wanted, pki=pki),
            Part.SCHEDULER: lambda: arguments.scheduler(pki=pki),
        }[part]()
        group = self._cgroups.ensure(self._spot.cgroup(wanted.network.slot) + "/control-plane")
        namespace = places.namespace_path(self._spot.namespace(wanted.network.slot))
        return supervision.Program(
            name=self._name(wanted.cluster_id, part),
            record=here.record(part),
            log=here.log(part),
            command=(str(self._find(wanted.version, part)), *flags),
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"},
            cgroups=group,
            order=lambda: {"namespaces": [str(namespace)]},
            prepare={
                Part.ETCD: lambda: _drop_half_born(here),
                Part.API_SERVER: lambda: _write_policy(here),
            }.get(part, lambda: None),
        )

    def _write_credentials(self, here: places.ClusterPlaces, wanted: ControlPlane) -> None:
        server = f"https://{wanted.network.gateway}:{networks.API_PORT}"
        kubeconfigs = {
            f"{user}.kubeconfig": boxes.kubeconfig(server, str(here.credentials), user)
            for user in ("controller-manager", "scheduler")
        }
        for name, text in {**wanted.files, **kubeconfigs}.items():
            places.write_private(here.credentials / name, text)


def _write_policy(here: places.ClusterPlaces) -> None:
    here.audit.mkdir(mode=0o700, parents=True, exist_ok=True)
    places.write_private(here.audit_policy, loading.audit_policy())


def _drop_half_born(here: places.ClusterPlaces) -> None:
    """A power cut in etcd's first moments leaves a member that never serves; nobody had data in it yet."""
    if here.served.exists():
        if not (here.etcd / "member").is_dir():
            raise OSError(
                f"the data of etcd in {here.etcd} is gone although it had served; restore it, it is not made anew"
            )
        return
    shutil.rmtree(here.etcd, ignore_errors=True)
