"""Nodes as boxes of this machine: `ports/machines.py` for real.

A node is a box (own root, processes, host name, network) with its own containerd, kubelet and kube-proxy
in it. The end of the box's first process ends them all; each is started again by itself.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import yaml

from steward.domain import clusters, errors, nodes, private_networks, versions
from steward.ports.machines import Machine, MachineState, parameters
from steward.runtimes.processes import boxes, cgroups, links, places, segments, supervision

BOX = "box"
PROXY = "kube-proxy"
PROGRAMS = ("containerd", "kubelet", PROXY)
ENDING = 5.0  # seconds between SIGTERM and SIGKILL of a program that is started again
SYSTEM = "system"  # the leaf of the node's cgroup that holds its own programs; pods have another
_NAMESPACES = ("net", "uts", "ipc", "mnt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What every node of this host is made with."""

    find: Callable[[versions.Version, str], Path]
    shown: Callable[[versions.Version], Sequence[Path]]  # folders of programs that boxes see, read-only
    pause: Callable[[versions.Version], str]  # image of the pods' sandboxes
    registry: str  # URL of the host's own
    mirrors: Sequence[str]
    resolvers: Sequence[IPv4Address]
    host: boxes.HostSize
    proxy: str = ""


class ProcessMachines:
    def __init__(
        self,
        spot: places.Places,
        supervisor: supervision.Supervisor,
        kit: Kit,
        segments_: segments.Segments | None = None,
        groups: cgroups.Cgroups | None = None,
    ) -> None:
        self._spot = spot
        self._supervisor = supervisor
        self._kit = kit
        self._segments = segments_ or segments.Segments(spot)
        self._legs: dict[nodes.NodeId, tuple[private_networks.Leg | None, segments.Identity | None]] = {}
        self._cgroups = groups or cgroups.Cgroups()
        self._facts: dict[nodes.NodeId, Mapping[str, object]] = {}
        self._proxy_modes: dict[nodes.NodeId, str] = {}
        self._written: dict[nodes.NodeId, tuple[Mapping[str, str], str]] = {}

    async def ensure(self, wanted: Machine) -> None:
        here = self._spot.cluster(wanted.cluster_id).node(wanted.node_id)
        running = self._running(wanted.cluster_id, wanted.node_id)
        written = self._written.get(wanted.node_id) == (wanted.files, _told(wanted))
        if running and self._connected(wanted) and written:
            return
        before = self._recalled(wanted.node_id, here)
        if not _is_made_as(before, wanted):
            return
        facts = {**before, **_facts(wanted)}
        if facts != before:
            await asyncio.to_thread(places.remember, here.folder, facts)
            self._facts[wanted.node_id] = facts
        await links.ensure_node(self._spot, wanted.network, wanted.number, wanted.pods)
        made = await self._segments.connect(wanted.network, wanted.number, wanted.pods, wanted.leg)
        self._legs[wanted.node_id] = (wanted.leg, made)
        # Also while it runs: its programs read renewed certificates from their files by themselves.
        await asyncio.to_thread(self._furnish, wanted, here)
        self._proxy_modes.pop(wanted.node_id, None)
        try:
            await self._supervisor.ensure(self._box(wanted, here))
            for program in self._programs(wanted, here):
                await self._supervisor.ensure(program)
            if not self._outdated(wanted, here):
                self._written[wanted.node_id] = (dict(wanted.files), _told(wanted))
        except supervision.NotYet:
            return  # its box is being started again; `observe` says so until then
        except OSError as reason:
            raise errors.Unavailable(f"Node {wanted.name} could not be started: {reason}") from None

    def _connected(self, wanted: Machine) -> bool:
        """To the segment that stands now, as wanted. No program is run: this is asked often."""
        leg, made = self._legs.get(wanted.node_id, (None, None))
        if wanted.node_id not in self._legs or leg != wanted.leg:
            return False
        return leg is None or (made is not None and made == self._segments.identity(leg.segment))

    def _outdated(self, wanted: Machine, here: places.NodePlaces) -> bool:
        """Whether a program runs with what it read at its start and is another by now; it is told to end.

        The next `ensure` starts it again. One that an earlier release started does not say what it read.
        """
        found = False
        for program in self._programs(wanted, here):
            if self._supervisor.mark(program.name) not in ("", program.mark):
                self._supervisor.tell_to_end(program.name, grace=ENDING)
                found = True
        return found

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[nodes.NodeId, MachineState]:
        folder = self._spot.cluster(cluster_id).folder / "nodes"
        found: dict[nodes.NodeId, MachineState] = {}
        if not folder.is_dir():
            return found
        for entry in folder.iterdir():
            node_id = nodes.NodeId(entry.name)
            facts = self._recalled(node_id, places.NodePlaces(folder=entry))
            states = {each: self._supervisor.state(self._name(cluster_id, node_id, each)) for each in (BOX, *PROGRAMS)}
            failing = next((f"{name}: {reason}" for name, (runs, _, reason) in states.items() if not runs), "")
            found[node_id] = MachineState(
                instance_id=str(facts.get("instance", "")),
                running=not failing,
                restarts=sum(restarts for _, restarts, _ in states.values()),
                reason=failing,
                version=str(facts.get("version", "")),
                generation=_number(facts.get("generation")),
                proxy_mode=self._proxy_mode(cluster_id, node_id),
                parameters=self._supervisor.mark(self._name(cluster_id, node_id, PROXY)).partition(" ")[2],
            )
        return found

    def _proxy_mode(self, cluster_id: clusters.ClusterId, node_id: nodes.NodeId) -> str:
        """Read from the file that the running program reads, and no more often than that is written."""
        if node_id not in self._proxy_modes:
            path = self._spot.cluster(cluster_id).node(node_id).root / boxes.PROXY_CONFIGURATION
            with contextlib.suppress(OSError):
                self._proxy_modes[node_id] = str(yaml.safe_load(path.read_text()).get("mode", ""))
        return self._proxy_modes.get(node_id, "")

    async def remove(self, cluster_id: clusters.ClusterId, node_id: nodes.NodeId) -> None:
        here = self._spot.cluster(cluster_id).node(node_id)
        facts = places.recall(here.folder)
        # The box's first process takes all others with it; stopped last, it would see them started again.
        for program in reversed((BOX, *PROGRAMS)):
            name = self._name(cluster_id, node_id, program)
            await self._supervisor.stop(name, here.record(program), grace=0.0)
        slot, number = facts.get("slot"), facts.get("number")
        if isinstance(slot, int) and isinstance(number, int):
            await links.remove_node(self._spot, slot, number)
            await asyncio.to_thread(self._cgroups.remove, self._spot.cgroup(slot, number))
        await asyncio.to_thread(shutil.rmtree, here.folder, True)
        self._facts.pop(node_id, None)
        self._proxy_modes.pop(node_id, None)
        self._written.pop(node_id, None)
        self._legs.pop(node_id, None)

    def _recalled(self, node_id: nodes.NodeId, here: places.NodePlaces) -> Mapping[str, object]:
        """Kept beside the machine, and read once."""
        if not self._facts.get(node_id):
            self._facts[node_id] = places.recall(here.folder)
        return self._facts[node_id]

    def _name(self, cluster_id: clusters.ClusterId, node_id: nodes.NodeId, program: str) -> str:
        return f"{cluster_id}/{node_id}/{program}"

    def _running(self, cluster_id: clusters.ClusterId, node_id: nodes.NodeId) -> bool:
        return all(self._supervisor.state(self._name(cluster_id, node_id, each))[0] for each in (BOX, *PROGRAMS))

    def _furnish(self, wanted: Machine, here: places.NodePlaces) -> None:
        """Fill the box's root, which may be in use: only what differs is written."""
        root = here.root
        cgroup = self._spot.cgroup(wanted.network.slot, wanted.number)
        limits = cgroups.Limits(vcpus=wanted.flavor.vcpus, memory_mb=wanted.flavor.ram_mb)
        self._cgroups.ensure(cgroup, limits)
        self._cgroups.ensure(f"{cgroup}/{SYSTEM}")
        find = self._kit.find
        files: dict[str, str] = {
            **boxes.host_files(wanted, self._kit.resolvers),
            **boxes.kubernetes_files(wanted, self._kit.host),
            "etc/containerd/config.toml": boxes.containerd_configuration(
                find(wanted.version, "runc").parent,
                find(wanted.version, "cni/ptp").parent,
                self._kit.pause(wanted.version),
            ),
            "etc/containerd/certs.d/_default/hosts.toml": boxes.registry_hosts(self._kit.registry, self._kit.mirrors),
        }
        for folder in ("var/lib/kubelet", "var/lib/containerd", "var/log", "root"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for name, target in boxes.links_of_root().items():
            with contextlib.suppress(FileExistsError):
                (root / name).symlink_to(target)
        for name, text in files.items():
            secret = "/pki/" in name
            places.write_private(root / name, text, mode=0o600 if secret else 0o644)
        places.write_private(here.memory, boxes.memory_file(wanted.flavor), mode=0o644)
        # Pods with other users read hosts and resolv.conf through the kubelet's mounts.
        for path in (root, root / "etc"):
            path.chmod(0o755)

    def _box(self, wanted: Machine, here: places.NodePlaces) -> supervision.Program:
        namespace = places.namespace_path(self._spot.node_namespace(wanted.network.slot, wanted.number))
        box = {
            "root": str(here.root),
            "name": wanted.name,
            "binds": [*boxes.binds(list(self._kit.shown(wanted.version))), (str(here.memory), "/proc/meminfo")],
            "cgroups": self._cgroups.as_root(self._spot.cgroup(wanted.network.slot, wanted.number)),
        }
        return supervision.Program(
            name=self._name(wanted.cluster_id, wanted.node_id, BOX),
            record=here.record(BOX),
            log=here.log(BOX),
            command=(str(self._kit.find(wanted.version, "pause")),),
            cgroups=self._groups(wanted),
            order=lambda: {"namespaces": [str(namespace)], "box": box},
        )

    def _programs(self, wanted: Machine, here: places.NodePlaces) -> list[supervision.Program]:
        find = {each: self._kit.find(wanted.version, each) for each in PROGRAMS}
        environment = {
            "PATH": f"{find['containerd'].parent}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            **boxes.proxy_environment(self._kit.proxy, wanted, self._kit.registry),
        }
        authority = hashlib.sha256(wanted.files.get("ca.crt", "").encode()).hexdigest()[:16]
        marks = {"kubelet": authority, PROXY: f"{authority} {_told(wanted)}"}
        return [
            supervision.Program(
                name=self._name(wanted.cluster_id, wanted.node_id, name),
                record=here.record(name),
                log=here.log(name),
                command=command,
                environment=environment,
                cgroups=self._groups(wanted),
                order=lambda: self._inside(wanted),
                mark=marks.get(name, ""),
            )
            for name, command in boxes.commands(wanted, find).items()
        ]

    def _groups(self, wanted: Machine) -> tuple[Path, ...]:
        return self._cgroups.folders(f"{self._spot.cgroup(wanted.network.slot, wanted.number)}/{SYSTEM}")

    def _inside(self, wanted: Machine) -> Mapping[str, Any]:
        """The namespaces of the box as it stands now: after its end it is another."""
        pid = self._supervisor.pid(self._name(wanted.cluster_id, wanted.node_id, BOX))
        if pid is None or not os.path.exists(f"/proc/{pid}/ns/mnt"):
            raise supervision.NotYet("the node's box does not run")
        return {
            "namespaces": [f"/proc/{pid}/ns/{kind}" for kind in _NAMESPACES],
            "pid_namespace": f"/proc/{pid}/ns/pid",
        }


def _facts(wanted: Machine) -> dict[str, object]:
    return {
        "slot": wanted.network.slot,
        "number": wanted.number,
        "instance": wanted.instance_id,
        "version": str(wanted.version),
        "generation": wanted.generation,
    }


def _is_made_as(facts: Mapping[str, object], wanted: Machine) -> bool:
    """Also where nothing stands yet, and where a release made it that kept no note of these."""
    mine = _facts(wanted)
    return all(facts.get(name, mine[name]) == mine[name] for name in ("version", "generation"))


def _told(wanted: Machine) -> str:
    return parameters(wanted.proxy_mode, wanted.proxy)


def _number(fact: object) -> int:
    return fact if isinstance(fact, int) else 0
