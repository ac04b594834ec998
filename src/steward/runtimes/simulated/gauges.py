"""Figures of the simulated world's etcd: `ports/gauges.py` without a process."""

import json

from steward.domain import clusters, errors
from steward.ports.gauges import EtcdUsage
from steward.runtimes.simulated import laws, world

QUOTA = 400 * 2**20
EMPTY = 2 * 2**20  # bytes of a new member's file


class SimulatedGauges:
    def __init__(self, world: world.World) -> None:
        self._world = world

    async def etcd(self, cluster_id: clusters.ClusterId, slot: int) -> EtcdUsage:
        await self._world.pause()
        place = self._world.look(cluster_id)
        serves_at = laws.etcd_serves_at(place, self._world.timings) if place is not None else None
        if place is None or place.data is None or serves_at is None or serves_at > self._world.clock.now():
            raise errors.Unavailable(f"etcd of cluster {cluster_id} does not answer")
        return EtcdUsage(quota=QUOTA, usage=EMPTY + len(json.dumps(place.data.manifests)))
