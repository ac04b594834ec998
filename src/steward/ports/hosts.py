"""The machine, or the machines, that clusters run on: its room, its preparation, what happens on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from steward.domain import clusters, flavors


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What may be promised in all, overcommit included."""

    memory_mb: int
    vcpus: int
    disk_gb: int
    largest_vcpus: int  # of one node: no flavor larger than the host
    largest_memory_mb: int
    closed: str = ""  # why nothing more is promised for now, whatever the figures say
    ipvs: bool = True  # whether the kernel has it; where not, kube-proxy uses nftables instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something happened to a cluster that nobody asked for."""

    cluster_id: clusters.ClusterId
    node_id: str  # empty for its control plane
    component: str
    message: str


class Host(Protocol):
    async def prepare(self) -> None:
        """Whatever has to stand before the first cluster; raises `errors.Unavailable` with how to mend it."""
        ...

    def capacity(self) -> Capacity: ...

    def fits(self, flavor: flavors.Flavor) -> bool: ...

    def subscribe(self, listener: Callable[[Change], None]) -> None: ...

    async def close(self) -> None:
        """Let go of everything without ending anything."""
        ...
