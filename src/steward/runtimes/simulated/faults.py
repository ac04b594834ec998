"""Bad days on demand, for tests of the management plane: what happens to a simulated world.

Called by tests only. Every fault is what the outside of a real component shows of it: a process that ended, an
API that does not answer, data that is gone.
"""

from dataclasses import replace

from steward.domain import versions
from steward.ports.control_planes import Part
from steward.runtimes.simulated import laws, state, world

KILLED = "it ended by signal 9"


class Faults:
    def __init__(self, world: world.World) -> None:
        self._world = world

    def kill_part(self, cluster_id: str, part: Part) -> None:
        """A process ends, or the cluster's network goes."""
        with self._world.changing(cluster_id) as place:
            self._world.end(place, part, KILLED)

    def kill_machine(self, cluster_id: str, node_id: str) -> None:
        with self._world.changing(cluster_id) as place:
            self._world.end(place, node_id, KILLED)

    def lose_host(self) -> None:
        """A reboot: everything that ran is gone, what was on the disk stays. Nobody is told.

        What was being written at that moment is torn where nothing had made it durable yet.
        """
        for number in list(self._world.segments):
            self._world.drop_segment(number)
        for cluster_id in list(self._world.places):
            with self._world.changing(cluster_id) as place:
                for running in (*place.parts.values(), *place.boxes.values()):
                    if running.running:
                        running.ended_at = self._world.clock.now()
                    running.running, running.again_at = False, None
                    running.reason = "it has not run since the host's start"
                place.successor = None
                if place.data is not None and not place.served:
                    place.data.torn = True

    def lose_segment(self, number: int) -> None:
        """A private network is no more, and nobody is told; machines on it lose their leg."""
        self._world.drop_segment(number)
        for cluster_id in list(self._world.places):
            with self._world.changing(cluster_id) as place:
                for box in place.boxes.values():
                    if box.segment == number:
                        box.private_address = box.default_via = ""

    def lose_data(self, cluster_id: str) -> None:
        """The folder of etcd's data is deleted under it; the marker beside it stays."""
        with self._world.changing(cluster_id) as place:
            place.data = None
            self._world.end(place, Part.ETCD, KILLED)

    def refuse(self, cluster_id: str, name: str, reason: str) -> None:
        """A part (or a machine, by its node's id) does not start any more, and says why."""
        with self._world.changing(cluster_id) as place:
            place.faults.refused[str(name)] = reason

    def accept(self, cluster_id: str, name: str) -> None:
        with self._world.changing(cluster_id) as place:
            place.faults.refused.pop(str(name), None)

    def mute(self, cluster_id: str, *, muted: bool = True) -> None:
        """The API accepts connections and answers nothing, though all runs."""
        with self._world.changing(cluster_id) as place:
            place.faults.muted = muted

    def slow(self, cluster_id: str, factor: float) -> None:
        """Everything that takes its time takes this many times as long."""
        with self._world.changing(cluster_id) as place:
            place.faults.slowness = factor

    def fill(self, *, memory_mb: int = 0, vcpus: int = 0) -> None:
        """The host has room for no more than this."""
        self._world.room = replace(self._world.room, memory_mb=memory_mb, vcpus=vcpus)

    def withhold(self, version: versions.Version, reason: str) -> None:
        """Programs of a version are not to be had."""
        self._world.missing[str(version)] = reason

    def run_pod(self, cluster_id: str, node: str, name: str, *, held_by: str = "") -> None:
        """A pod on a node, perhaps held there by a PodDisruptionBudget of this name."""
        with self._world.changing(cluster_id) as place:
            if place.data is None:
                raise KeyError(cluster_id)
            reason = f"PodDisruptionBudget {held_by} allows no disruption" if held_by else ""
            place.data.nodes[node].pods.append(state.Pod(name=name, held_by=reason))

    def release_pods(self, cluster_id: str) -> None:
        """No PodDisruptionBudget holds anything any more."""
        with self._world.changing(cluster_id) as place:
            for node in place.data.nodes.values() if place.data is not None else ():
                for pod in node.pods:
                    pod.held_by = ""

    def mend(self, cluster_id: str) -> None:
        """Every standing fault of a cluster ends. Lost data stays lost."""
        with self._world.changing(cluster_id) as place:
            place.faults = state.Faults()

    def serves(self, cluster_id: str) -> bool:
        place = self._world.look(cluster_id)
        return (
            place is not None
            and not place.faults.muted
            and laws.serves(place, self._world.clock.now(), self._world.timings)
        )
