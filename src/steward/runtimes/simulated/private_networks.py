"""Private networks of the simulated world: `ports/private_networks.py` without a bridge."""

from collections.abc import Mapping, Sequence

from steward.domain import networks
from steward.ports.private_networks import LegState, Segment, SegmentState
from steward.runtimes.simulated import world


class SimulatedPrivateNetworks:
    def __init__(self, world: world.World) -> None:
        self._world = world

    async def ensure(self, wanted: Segment) -> bool:
        await self._world.pause()
        numbers = {each.number for each in wanted.routers}
        present = self._world.segments.get(wanted.number)
        if present is not None and numbers <= present:
            return False
        self._world.keep_segment(wanted.number, numbers | (present or set()))
        return True

    async def observe(self, number: int) -> SegmentState:
        await self._world.pause()
        present = self._world.segments.get(number)
        return SegmentState(stands=present is not None, routers=frozenset(present or ()))

    async def legs(self, network: networks.ClusterNetwork, numbers: Sequence[int]) -> Mapping[int, LegState]:
        await self._world.pause()
        place = next((each for each in self._world.places.values() if each.slot == network.slot), None)
        if place is None or self._world.look(place.cluster_id) is None:
            return {}
        return {
            box.number: LegState(address=box.private_address, default_via=box.default_via)
            for box in place.boxes.values()
            if box.running and box.number in numbers
        }

    async def remove_router(self, segment: int, number: int) -> None:
        await self._world.pause()
        present = self._world.segments.get(segment)
        if present is not None:
            self._world.keep_segment(segment, present - {number})

    async def remove(self, wanted: Segment) -> None:
        await self._world.pause()
        self._world.drop_segment(wanted.number)
