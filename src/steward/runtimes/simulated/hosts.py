"""The host of the simulated world: `ports/hosts.py` without a machine.

`prepare` says loudly that nothing real runs, so that nobody takes it for a service.
"""

from collections.abc import Callable

import structlog

from steward.domain import flavors
from steward.ports.hosts import Capacity, Change
from steward.runtimes.simulated import world

log = structlog.get_logger(__name__)


class SimulatedHost:
    def __init__(self, world: world.World) -> None:
        self._world = world
        self._listeners: list[Callable[[Change], None]] = []

    async def prepare(self) -> None:
        log.warning(
            "simulated runtime",
            meaning="NOTHING REAL RUNS: clusters of this service are figures in memory; no Kubernetes answers",
            mend="STEWARD_RUNTIME=processes runs real clusters",
            clusters=len(self._world.places),
        )

    def capacity(self) -> Capacity:
        return self._world.room

    def fits(self, flavor: flavors.Flavor) -> bool:
        room = self._world.room
        return flavor.vcpus <= room.largest_vcpus and flavor.ram_mb <= room.largest_memory_mb

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        self._listeners.append(listener)
        self._world.subscribe(listener)

    async def close(self) -> None:
        """Listeners hear no more; the world goes on."""
        for listener in self._listeners:
            self._world.unsubscribe(listener)
        self._listeners.clear()
