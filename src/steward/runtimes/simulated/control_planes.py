"""Control planes of the simulated world: `ports/control_planes.py` without processes."""

from collections.abc import Mapping
from ipaddress import ip_network

from steward.domain import clusters, errors, networks
from steward.ports import guests
from steward.ports.control_planes import Admission, ControlPlane, Mark, Part, PartState, Remains
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
            stands = running is not None and (running.running or running.again_at is not None)
            if running is not None and stands:
                self._replace(place, part, running, wanted)
                return
            restarts = running.restarts if running is not None else 0
            fresh = self._fresh(wanted, part, restarts)
            place.parts[part] = fresh
            if part is Part.NETWORK:
                place.sources = None
            if part is Part.API_SERVER:
                place.successor = None
            self._world.start(place, part, fresh)
            if fresh.reason in (laws.DATA_LOST, laws.DATA_TORN):
                fresh.again_at = None
                raise errors.Unavailable(f"{part} of cluster {wanted.cluster_id} could not be started: {fresh.reason}")

    def _replace(self, place: state.Place, part: Part, running: state.Running, wanted: ControlPlane) -> None:
        """What differs ends and starts anew; an API server only once its successor serves (`laws.py`)."""
        heir = place.successor if part is Part.API_SERVER else None
        if wanted.is_met(part, Mark.parse(running.mark)):
            if part is Part.API_SERVER:
                place.successor = None
            return
        gradual = part is Part.API_SERVER and running.running and not wanted.at_once
        if gradual and heir is not None and wanted.is_met(part, Mark.parse(heir.mark)):
            return
        fresh = self._fresh(wanted, part, 0)
        if gradual:
            place.successor = fresh
        else:
            place.parts[part] = fresh
            place.successor = None if part is Part.API_SERVER else place.successor
        self._world.start(place, part, fresh)

    def _fresh(self, wanted: ControlPlane, part: Part, restarts: int) -> state.Running:
        return state.Running(
            version=str(wanted.version),
            started_at=self._world.clock.now(),
            restarts=restarts,
            mark="" if part is Part.NETWORK else str(wanted.mark(part)),
            authority=guests.digest(wanted.files.get("ca.crt", "")),
        )

    async def mark_served(self, cluster_id: clusters.ClusterId) -> None:
        await self._world.pause()
        if self._world.look(cluster_id) is not None:
            with self._world.changing(cluster_id) as place:
                place.served = True

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[Part, PartState]:
        await self._world.pause()
        place = self._world.look(cluster_id)
        parts = place.parts if place is not None else {}
        heir = place.successor if place is not None else None
        return {part: _seen(parts.get(part), heir if part is Part.API_SERVER else None) for part in Part}

    async def restrict(self, wanted: ControlPlane) -> None:
        await self._world.pause()
        with self._world.changing(wanted.cluster_id) as place:
            if place.faults.refuses_restrictions:
                return
            place.sources = None if wanted.sources is None else sorted(map(str, wanted.sources))
            place.refused = 0

    async def admission(self, wanted: ControlPlane) -> Admission | None:
        await self._world.pause()
        place = self._world.look(wanted.cluster_id)
        network = place.parts.get(Part.NETWORK) if place is not None else None
        if place is None or network is None or not network.running:
            return None
        sources = None if place.sources is None else frozenset(map(ip_network, place.sources))
        return Admission(sources=sources, refused=place.refused)

    async def knock(self, wanted: ControlPlane) -> bool:
        seen = await self.admission(wanted)
        stranger = ip_network(wanted.network.host_address)
        if seen is None:
            return False
        if seen.sources is None or any(
            each.version == stranger.version and stranger.subnet_of(each)  # type: ignore[arg-type]  # of one version
            for each in seen.sources
        ):
            return True
        with self._world.changing(wanted.cluster_id) as place:
            place.refused += 1
        return False

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


def _seen(running: state.Running | None, heir: state.Running | None) -> PartState:
    if running is None:
        return PartState(running=False, reason="not started")
    waits = "" if heir is None else heir.reason or "its successor does not serve yet"
    return PartState(
        running=running.running,
        restarts=running.restarts,
        reason=running.reason,
        mark=Mark.parse(running.mark) if running.running else None,
        replacing=waits,
    )
