"""Figures of a cluster's control plane, read off its programs at the moment of asking.

`errors.Unavailable` where the program does not answer.
"""

from dataclasses import dataclass
from typing import Protocol

from steward.domain import clusters, errors


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdUsage:
    """In bytes, as etcd itself counts them."""

    quota: int
    usage: int


class Gauges(Protocol):
    async def etcd(self, cluster_id: clusters.ClusterId, slot: int) -> EtcdUsage: ...


class NoGauges:
    """Where no runtime is at hand."""

    async def etcd(self, cluster_id: clusters.ClusterId, slot: int) -> EtcdUsage:
        raise errors.Unavailable(f"Nothing can be read off the programs of cluster {cluster_id}")


NO_GAUGES = NoGauges()
