"""Where private networks are: layer-2 segments, and the routers on them.

| Rule | Mandatory |
|---|---|
| `ensure` may be called any number of times; what stands as wanted is left alone | yes |
| a machine that is to be on a segment makes the segment stand where it does not yet | yes |
| what is sent on one segment is never seen on another | yes |
| `legs` reports what the machines' own networks say, never what was asked for | yes |
| `remove` of what is gone is no error; after it nothing of the segment is left, its routers included | yes |
| nothing of a segment ends when steward ends | yes |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from steward.domain import networks


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """Of one subnet: its address there, and its own link to the outside. `number` is unique on the host."""

    number: int
    address: IPv4Address
    subnet: IPv4Network
    link: IPv4Network

    @property
    def outside(self) -> IPv4Address:
        """The address that others see."""
        return self.link.network_address + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    number: int
    routers: Sequence[Router] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentState:
    stands: bool
    routers: frozenset[int] = frozenset()  # numbers of those that stand


@dataclass(frozen=True, slots=True, kw_only=True)
class LegState:
    """Of a machine on a segment, from inside the machine. `default_via` is empty while it leaves by its public link."""

    address: str = ""
    default_via: str = ""
    received: int = 0  # packets
    sent: int = 0


class PrivateNetworks(Protocol):
    async def ensure(self, wanted: Segment) -> bool:
        """Whether anything had to be made."""
        ...

    async def observe(self, number: int) -> SegmentState: ...

    async def legs(self, network: networks.ClusterNetwork, numbers: Sequence[int]) -> Mapping[int, LegState]:
        """By number, of the machines of one cluster; those that do not stand are not among them."""
        ...

    async def remove_router(self, segment: int, number: int) -> None: ...

    async def remove(self, wanted: Segment) -> None: ...
