"""Private networks of this machine: `ports/private_networks.py` for real, over `segments.py`."""

from collections.abc import Mapping, Sequence

from steward.domain import networks
from steward.ports.private_networks import LegState, Segment, SegmentState
from steward.runtimes.processes import segments


class ProcessPrivateNetworks:
    def __init__(self, made: segments.Segments) -> None:
        self._segments = made

    async def ensure(self, wanted: Segment) -> bool:
        return await self._segments.ensure(wanted)

    async def observe(self, number: int) -> SegmentState:
        stands = self._segments.identity(number) is not None
        return SegmentState(stands=stands, routers=await self._segments.routers(number))

    async def legs(self, network: networks.ClusterNetwork, numbers: Sequence[int]) -> Mapping[int, LegState]:
        found = {each: await self._segments.leg(network.slot, each) for each in numbers}
        return {number: leg for number, leg in found.items() if leg is not None}

    async def remove_router(self, segment: int, number: int) -> None:
        await self._segments.remove_router(segment, number)

    async def remove(self, wanted: Segment) -> None:
        await self._segments.remove(wanted)
