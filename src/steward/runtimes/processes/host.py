"""The machine that clusters run on: its room, its rules, and the registry that its nodes pull from."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import structlog

from steward.domain import clusters, errors, flavors, networks
from steward.ports import hosts
from steward.runtimes.processes import (
    boxes,
    commands,
    doctor,
    kernel,
    links,
    logs,
    places,
    room,
    succession,
    supervision,
)

log = structlog.get_logger(__name__)

_RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overcommit:
    memory: float
    cpu: float
    disk: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """How the host's registry is run."""

    program: Callable[[], Awaitable[Path]]
    configuration: str  # YAML; it serves reads alone, so no node can change what another pulls
    environment: dict[str, str]


def size(state: Path) -> boxes.HostSize:
    """Of the disk that the state folder is on; of what is to be, the nearest folder that is."""
    disk = shutil.disk_usage(room.nearest(state)).total
    return boxes.HostSize(vcpus=room.cores(), memory_mb=room.memory_mb(), disk_bytes=disk)


def resolvers(configured: list[IPv4Address]) -> list[IPv4Address]:
    """Where clusters send names that are not theirs: never a loopback address, which would be their own."""
    if configured:
        return configured
    for file in _RESOLVERS:
        if file.exists():
            found = [line.split()[1] for line in file.read_text().splitlines() if line.startswith("nameserver ")]
            usable = [each for each in found if _is_usable(each)]
            if usable:
                return [IPv4Address(each) for each in usable[:3]]
    return []


def registry_record(spot: places.Places) -> Path:
    return spot.registry / "run.json"


class ProcessHost:
    def __init__(
        self,
        spot: places.Places,
        plan: networks.Plan,
        supervisor: supervision.Supervisor,
        overcommit: Overcommit,
        registry: Registry,
    ) -> None:
        self._spot = spot
        self._plan = plan
        self._supervisor = supervisor
        self._overcommit = overcommit
        self._registry = registry
        self._keeping: asyncio.Task[None] | None = None

    @property
    def registry_url(self) -> str:
        return f"http://{self._plan.registry}:{networks.REGISTRY_PORT}"

    async def prepare(self) -> None:
        await asyncio.to_thread(doctor.check, self._spot, self._plan)
        program = await self._registry.program()  # may be missing, and then nothing was changed
        try:
            await asyncio.to_thread(kernel.load)
            await self._raise_limits()
            await links.ensure_host(self._spot.instance, self._plan)
        except commands.Failed as reason:
            raise errors.Unavailable(f"This machine could not be prepared for clusters: {reason}") from None
        await self._supervisor.ensure(self._registry_program(program))
        self._keeping = self._keeping or asyncio.get_running_loop().create_task(self._keep())

    def capacity(self) -> hosts.Capacity:
        memory, cpus = room.memory_mb(), room.cores()
        disk_gb = shutil.disk_usage(room.nearest(self._spot.state)).total // 2**30
        return hosts.Capacity(
            memory_mb=int((memory - room.RESERVED_MEMORY_MB) * self._overcommit.memory),
            vcpus=int(cpus * self._overcommit.cpu),
            disk_gb=int(disk_gb * self._overcommit.disk),
            largest_vcpus=cpus,
            largest_memory_mb=memory - room.RESERVED_MEMORY_MB,
            ipvs=boxes.has_ipvs(),
            closed=room.short_of_disk(self._spot.state),
        )

    def fits(self, flavor: flavors.Flavor) -> bool:
        has = self.capacity()
        return flavor.vcpus <= has.largest_vcpus and flavor.ram_mb <= has.largest_memory_mb

    def subscribe(self, listener: Callable[[hosts.Change], None]) -> None:
        def pass_on(ended: supervision.Ended) -> None:
            change = change_of(ended)
            if change is not None:
                listener(change)

        self._supervisor.subscribe(pass_on)

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        self._supervisor.let_go()

    async def _keep(self) -> None:
        while True:
            try:
                await self.look_after()
            except Exception:
                log.exception("host not looked after")
            await asyncio.sleep(logs.INTERVAL)

    async def look_after(self) -> None:
        """What no cluster's own reconciler sees: the logs' size, and the rules that keep clusters apart."""
        await asyncio.to_thread(logs.bound, self._spot)
        if not await links.host_stands(self._spot.instance, self._plan):
            log.warning("rules of the host made anew", reason="somebody else took them away")
            await links.ensure_host(self._spot.instance, self._plan)

    async def _raise_limits(self) -> None:
        wanted = {"fs.inotify.max_user_instances": 8192, "fs.inotify.max_user_watches": 524288}
        for name, least in wanted.items():
            if int(Path("/proc/sys", *name.split(".")).read_text()) < least:
                await commands.run("sysctl", "-qw", f"{name}={least}")

    def _registry_program(self, file: Path) -> supervision.Program:
        folder = self._spot.registry
        (folder / "images").mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = folder / "registry.yaml"
        places.write_private(configuration, self._registry.configuration)
        return supervision.Program(
            name="registry",
            record=registry_record(self._spot),
            log=folder / "registry.log",
            command=(str(file), "serve", str(configuration)),
            environment=self._registry.environment,
        )


def change_of(ended: supervision.Ended) -> hosts.Change | None:
    """The change that an ended program is to its cluster; None for the host's own."""
    parts = ended.name.split("/")
    if len(parts) < 2:
        return None
    component = parts[-1].removesuffix(succession.NEXT)
    who = component if component == parts[-1] else f"The successor of {component}"
    return hosts.Change(
        cluster_id=clusters.ClusterId(parts[0]),
        node_id=parts[1] if len(parts) == 3 else "",
        component=component,
        message=f"{who} ended: {ended.reason}. It is started again (restart {ended.restarts})",
    )


def _is_usable(text: str) -> bool:
    try:
        return not IPv4Address(text).is_loopback
    except ValueError:
        return False
