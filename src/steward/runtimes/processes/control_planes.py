"""Control planes as processes of this machine: `ports/control_planes.py` for real.

Each cluster's programs run in a network namespace of its own. Credentials lie 0600 in the cluster's
folder; they are written again from what is wanted, so their loss is no loss.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import structlog

from steward.catalogue import loading
from steward.domain import clusters, errors, networks, versions
from steward.ports.control_planes import Admission, ControlPlane, Mark, Part, PartState, Remains
from steward.runtimes.processes import (
    arguments,
    boxes,
    cgroups,
    headroom,
    launch,
    links,
    logins,
    places,
    restrictions,
    succession,
    supervision,
)

log = structlog.get_logger(__name__)

GRACE = 10.0  # seconds between SIGTERM and SIGKILL
_PROCESSES = (Part.API_SERVER, Part.CONTROLLER_MANAGER, Part.SCHEDULER, Part.ETCD)  # the order of ending
_PROGRAMS = (succession.SUCCESSOR, *_PROCESSES)
Find = Callable[[versions.Version, str], Path]  # a program's file, by Kubernetes version and name

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/nonexistent",
    # Of Multipath TCP a listener cannot be told whose turn it is (`sockets.py`). Profiles cannot be asked for
    # (`--profiling=false`), but those of memory would be kept all the same, 1.5 MiB a program.
    "GODEBUG": "multipathtcp=0,memprofilerate=0",
}


class ProcessControlPlanes:
    """`find` raises `errors.Unavailable` where a program is not on this host; `caller` is steward's own address."""

    def __init__(
        self,
        spot: places.Places,
        supervisor: supervision.Supervisor,
        find: Find,
        caller: networks.Address,
        groups: cgroups.Cgroups | None = None,
        surroundings: logins.Surroundings | None = None,
    ) -> None:
        self._spot = spot
        self._supervisor = supervisor
        self._find = find
        self._caller = caller
        self._admissions = restrictions.Admissions(spot, caller)
        self._cgroups = groups or cgroups.Cgroups()
        self._networks: dict[int, links.Identity | None] = {}
        self._written: dict[clusters.ClusterId, dict[str, str]] = {}
        self._succession = succession.Succession(supervisor)
        self._replacing: dict[clusters.ClusterId, str] = {}
        self._surroundings = surroundings or logins.Surroundings()
        self._outlets: dict[clusters.ClusterId, links.Outlet | None] = {}

    async def ensure(self, wanted: ControlPlane, part: Part) -> None:
        here = self._spot.cluster(wanted.cluster_id)
        if part is Part.NETWORK:
            facts: dict[str, object] = {"slot": wanted.network.slot}
            if places.recall(here.folder) != facts:
                await asyncio.to_thread(places.remember, here.folder, facts)
            await self._ensure_network(wanted)
            return
        if self._written.get(wanted.cluster_id) != wanted.files:
            # Also while it runs: programs read renewed certificates from their files by themselves.
            await asyncio.to_thread(self._write_credentials, here, wanted)
            self._written[wanted.cluster_id] = dict(wanted.files)
        try:
            if part is Part.API_SERVER:
                await self._ensure_api_server(wanted, here)
            else:
                await self._ensure_alone(wanted, part, here)
        except OSError as reason:
            raise errors.Unavailable(f"{part} of cluster {wanted.cluster_id} could not be started: {reason}") from None

    async def _ensure_network(self, wanted: ControlPlane) -> None:
        outlet = self._surroundings.outlet(wanted.openid)
        if not self._connected(wanted.network.slot):
            await links.ensure_cluster(self._spot, wanted.network, wanted.pods, outlet)
            self._networks[wanted.network.slot] = links.identity(self._spot, wanted.network.slot)
        elif self._outlets.get(wanted.cluster_id) != outlet:
            await links.rule_cluster(self._spot, wanted.network, wanted.pods, outlet)
        self._outlets[wanted.cluster_id] = outlet

    async def _ensure_alone(self, wanted: ControlPlane, part: Part, here: places.ClusterPlaces) -> None:
        """One that differs ends before the next one starts: two of them would work against each other."""
        if self._is_as_wanted(wanted, part):
            return
        program = self._program(wanted, part, here)
        if not await self._supervisor.adopt(program):
            await self._supervisor.ensure(program)
        elif not self._is_as_wanted(wanted, part):
            self._supervisor.tell_to_end(program.name, grace=GRACE)

    async def _ensure_api_server(self, wanted: ControlPlane, here: places.ClusterPlaces) -> None:
        if self._is_as_wanted(wanted, Part.API_SERVER) and not here.record(succession.SUCCESSOR).exists():
            self._replacing.pop(wanted.cluster_id, None)
            return
        program = self._program(wanted, Part.API_SERVER, here)
        first = replace(program, prepare=lambda: self._prepare_first(here, program))
        heir = replace(
            program,
            name=self._name(wanted.cluster_id, succession.SUCCESSOR),
            record=here.record(succession.SUCCESSOR),
        )
        place = succession.Place(
            here=here,
            namespace=self._spot.namespace(wanted.network.slot),
            authority=wanted.files["ca.crt"],
            program=first,
            heir=heir,
        )
        self._replacing[wanted.cluster_id] = await self._succession.step(wanted, place)

    def _prepare_first(self, here: places.ClusterPlaces, program: supervision.Program) -> None:
        if self._succession.succeeds(here):
            raise supervision.NotYet("its successor takes its place")
        program.prepare()

    def _login(self, wanted: ControlPlane, here: places.ClusterPlaces) -> logins.Login | None:
        if wanted.openid is None:
            return None
        return logins.Login(
            wanted=wanted.openid, version=wanted.version, folder=here.logins, surroundings=self._surroundings
        )

    def _is_as_wanted(self, wanted: ControlPlane, part: Part) -> bool:
        name = self._name(wanted.cluster_id, part)
        return self._supervisor.state(name)[0] and wanted.is_met(part, Mark.parse(self._supervisor.mark(name)))

    async def mark_served(self, cluster_id: clusters.ClusterId) -> None:
        here = self._spot.cluster(cluster_id)
        if here.folder.exists() and not here.served.exists():
            await asyncio.to_thread(places.write_private, here.served, "served\n", durable=True)
        if not await asyncio.to_thread(headroom.keep, here.etcd):
            log.warning("the disk has no room for etcd to grow", cluster=cluster_id)

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[Part, PartState]:
        facts = places.recall(self._spot.cluster(cluster_id).folder)
        slot = facts.get("slot")
        stands = isinstance(slot, int) and self._connected(slot)
        states = {Part.NETWORK: PartState(running=stands, reason="" if stands else "its namespace does not stand")}
        for part in _PROCESSES:
            name = self._name(cluster_id, part)
            running, restarts, reason = self._supervisor.state(name)
            mark = Mark.parse(self._supervisor.mark(name))
            waits = self._replacing.get(cluster_id, "") if part is Part.API_SERVER else ""
            states[part] = PartState(running=running, restarts=restarts, reason=reason, mark=mark, replacing=waits)
        return states

    async def restrict(self, wanted: ControlPlane) -> None:
        await restrictions.ensure(self._spot, wanted.network.slot, wanted.sources, self._caller)

    async def admission(self, wanted: ControlPlane) -> Admission | None:
        if links.identity(self._spot, wanted.network.slot) is None:
            return None
        return await self._admissions.seen(wanted.network.slot)

    async def knock(self, wanted: ControlPlane) -> bool:
        return await restrictions.knocked(wanted.network)

    async def remove(self, cluster_id: clusters.ClusterId) -> None:
        here = self._spot.cluster(cluster_id)
        for part in _PROGRAMS:
            # Nothing of it is to be kept, so nothing needs time to be put away.
            await self._supervisor.stop(self._name(cluster_id, part), here.record(part), grace=0.0)
        self._replacing.pop(cluster_id, None)
        self._outlets.pop(cluster_id, None)
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
        found = [f"process {part}" for part in _PROGRAMS if self._supervisor.state(self._name(cluster_id, part))[0]]
        found += [f"namespace {path.name}" for path in (spaces, *spaces.parent.glob(f"{name}-*")) if path.exists()]
        found += [f"link {name}"] if Path("/sys/class/net", name).exists() else []
        found += [f"cgroup {path}" for path in self._cgroups.folders(self._spot.cgroup(slot)) if path.exists()]
        folder = self._spot.cluster(cluster_id).folder
        return Remains(service=found, data=[str(folder)] if folder.exists() else [])

    def _connected(self, slot: int) -> bool:
        """Whether the network that was last seen to in full still stands. No program is run: this is asked often."""
        known = self._networks.get(slot)
        return known is not None and known == links.identity(self._spot, slot)

    def _name(self, cluster_id: clusters.ClusterId, program: str) -> str:
        return f"{cluster_id}/{program}"

    def _free_address(self, wanted: ControlPlane, here: places.ClusterPlaces) -> IPv4Address:
        """Of the two that nodes reach, the one that a running API server does not advertise: whoever ends takes its
        own out of the endpoints of the Service `kubernetes`, and no other."""
        first = launch.read_record(str(here.record(Part.API_SERVER)))
        taken = arguments.advertised(first["pid"]) if launch.alive(first) else ""
        return wanted.network.api_address if taken == str(wanted.network.gateway) else wanted.network.gateway

    def _program(self, wanted: ControlPlane, part: Part, here: places.ClusterPlaces) -> supervision.Program:
        pki = here.credentials
        login = self._login(wanted, here) if part is Part.API_SERVER else None
        flags = {
            Part.ETCD: lambda: arguments.etcd(wanted, data=here.etcd, pki=pki),
            Part.API_SERVER: lambda: arguments.api_server(
                wanted,
                pki=pki,
                audit_log=here.audit_log,
                audit_policy=here.audit_policy,
                address=self._free_address(wanted, here),
                login=login.flags if login is not None else (),
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
            environment=ENVIRONMENT,
            cgroups=group,
            order=lambda: {"namespaces": [str(namespace)], "binds": login.binds if login is not None else []},
            prepare={
                Part.ETCD: lambda: _drop_half_born(here),
                Part.API_SERVER: lambda: _prepare_api_server(here, login),
            }.get(part, lambda: None),
            mark=str(wanted.mark(part)),
        )

    def _write_credentials(self, here: places.ClusterPlaces, wanted: ControlPlane) -> None:
        server = f"https://{wanted.network.gateway}:{networks.API_PORT}"
        kubeconfigs = {
            f"{user}.kubeconfig": boxes.kubeconfig(server, str(here.credentials), user)
            for user in ("controller-manager", "scheduler")
        }
        for name, text in {**wanted.files, **kubeconfigs}.items():
            places.write_private(here.credentials / name, text)


def _prepare_api_server(here: places.ClusterPlaces, login: logins.Login | None) -> None:
    if login is not None:
        login.prepare()
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
