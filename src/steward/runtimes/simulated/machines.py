"""Nodes of the simulated world: `ports/machines.py` without boxes."""

from collections.abc import Mapping

from steward.domain import clusters, nodes
from steward.ports import guests
from steward.ports.machines import Machine, MachineState, parameters
from steward.runtimes.simulated import state, world


class SimulatedMachines:
    def __init__(self, world: world.World) -> None:
        self._world = world

    async def ensure(self, wanted: Machine) -> None:
        await self._world.pause()
        self._world.make(wanted.cluster_id, wanted.network.slot)
        with self._world.changing(wanted.cluster_id) as place:
            box = place.boxes.get(wanted.node_id)
            if box is not None and (box.running or box.again_at is not None or not _is_made_as(box, wanted)):
                if _is_made_as(box, wanted):
                    self._connect(box, wanted)
                    _told(box, wanted)  # the programs that read it start again at once
                return
            fresh = state.Box(
                version=str(wanted.version),
                generation=wanted.generation,
                started_at=self._world.clock.now(),
                restarts=box.restarts if box is not None else 0,
                node_id=wanted.node_id,
                name=wanted.name,
                number=wanted.number,
                instance_id=wanted.instance_id,
                proxy_mode=wanted.proxy_mode.value,
            )
            self._connect(fresh, wanted)
            _told(fresh, wanted)
            place.boxes[wanted.node_id] = fresh
            self._world.start(place, wanted.node_id, fresh)

    def _connect(self, box: state.Box, wanted: Machine) -> None:
        leg = wanted.leg
        box.address = str(wanted.address)
        box.segment = None if leg is None else leg.segment
        box.private_address = "" if leg is None else str(leg.address)
        box.default_via = "" if leg is None or leg.default_via is None else str(leg.default_via)
        if leg is not None and leg.segment not in self._world.segments:
            self._world.keep_segment(leg.segment, set())

    async def observe(self, cluster_id: clusters.ClusterId) -> Mapping[nodes.NodeId, MachineState]:
        await self._world.pause()
        place = self._world.look(cluster_id)
        boxes = place.boxes.values() if place is not None else ()
        return {
            nodes.NodeId(box.node_id): MachineState(
                instance_id=box.instance_id,
                running=box.running,
                restarts=box.restarts,
                reason=box.reason,
                version=box.version,
                generation=box.generation,
                proxy_mode=box.proxy_mode,
                parameters=box.parameters,
            )
            for box in boxes
        }

    async def remove(self, cluster_id: clusters.ClusterId, node_id: nodes.NodeId) -> None:
        await self._world.pause()
        if self._world.look(cluster_id) is None:
            return
        with self._world.changing(cluster_id) as place:
            box = place.boxes.pop(node_id, None)
            if box is not None and place.data is not None and box.name in place.data.nodes:
                node = place.data.nodes[box.name]
                node.silent_since = node.silent_since or self._world.clock.now()


def _is_made_as(box: state.Box, wanted: Machine) -> bool:
    return (box.version, box.generation) == (str(wanted.version), wanted.generation)


def _told(box: state.Box, wanted: Machine) -> None:
    box.parameters = parameters(wanted.proxy_mode, wanted.proxy)
    box.authority = guests.digest(wanted.files.get("ca.crt", ""))
