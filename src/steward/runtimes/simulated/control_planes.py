"""Control planes of the simulated world: `ports/control_planes.py` without processes."""

from collections.abc import Mapping

from steward.domain import clusters, errors, networks
from steward.ports.control_planes import ControlPlane, Part, PartState, Remains
from steward.runtimes.simulated import laws, state, world


class SimulatedControlPlanes:
    def __init__(self, world: world.World) -> None:
        self._world = world

    async def ensure(self, wanted: ControlPlane, part: Part) -> None:
        await self._world.pause()
        self._world.make(wanted.cluster_id, wanted.network.slot)
        with self._world.changing(wanted.cluster_id) as place:
            place.services = str(networks.service_address(wanted.services, 1))
            running = place.parts.get(part)
            if running is not None and (running.running or running.again_at is not None):
                return
            restarts = running.restarts if running is not None else 0
            fresh = state.Running(version=str(wanted.version), started_at=self._world.clock.now(), restarts=restarts)
            place.parts[part] = fresh
            self._world.start(place, part, fresh)
            if fresh.reason in (laws.DATA_LOST, laws.DATA_TORN):
                fresh.again_at = None
                raise errors.Unavailable(f"{part} of cluster {wanted.cluster_id} could not be started: {fresh.reason}")

    async def mark_served(self, cluster_id: clusters.ClusterId) -> None:
        await self._world.pause()
        if self._world.look(cluster_id) is not None:
            with self._world.changing(cluster_id) as place:
                place.served = True

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[Part, PartState]:
        await self._world.pause()
        place = self._world.look(cluster_id)
        parts = place.parts if place is not None else {}
        return {part: _seen(parts.get(part)) for part in Part}

    async def remove(self, cluster_id: clusters.ClusterId) -> None:
        await self._world.pause()
        self._world.remove(cluster_id)

    async def remains(self, cluster_id: clusters.ClusterId, slot: int) -> Remains:
        await self._world.pause()
        place = self._world.look(cluster_id)
        left = self._world.left_over.get(cluster_id, ())
        if place is None:
            return Remains(data=left)
        running = [*(part for part, state_ in place.parts.items() if state_.running), *place.boxes]
        return Remains(service=running, data=["etcd"] if place.data is not None else left)


def _seen(running: state.Running | None) -> PartState:
    if running is None:
        return PartState(running=False, reason="not started")
    return PartState(running=running.running, restarts=running.restarts, reason=running.reason)
