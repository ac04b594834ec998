"""Probes of the simulated world's API servers: `ports/probes.py` without a connection.

Of credentials it knows what RBAC would: whether a binding names the user.
"""

from http import HTTPStatus

from steward.domain import availability
from steward.ports import guests, probes
from steward.runtimes.simulated import audit_logs, state, world

LATENCY_MS = 4.0  # of the list, on an idle machine


class SimulatedProbes:
    def __init__(self, world: world.World) -> None:
        self._world = world

    async def probe(self, target: probes.Target) -> availability.Sighting:
        failure = ""
        try:
            await self._reach(target)
        except guests.NotAnswering as reason:
            failure = str(reason)
        now = self._world.clock.now()
        return availability.Sighting(at=now, failure=failure, answered_ms=0.0 if failure else LATENCY_MS)

    async def attempt(self, target: probes.Target) -> int:
        place = await self._reach(target)
        may = place.data is not None and bound(place.data, target.access.user)
        status = HTTPStatus.OK if may else HTTPStatus.FORBIDDEN
        deed = audit_logs.Deed(
            verb="list", resource="namespaces", uri=probes.TRIED, agent=probes.PROOF_AGENT, code=status
        )
        audit_logs.note(self._world, place, target.access, deed)
        return status

    async def close(self) -> None:
        """No connection is kept."""

    async def _reach(self, target: probes.Target) -> state.Place:
        await self._world.clock.sleep(self._world.timings.request)
        place = self._world.look(target.access.cluster_id)
        if place is None or place.data is None or not self._world.serves(place):
            raise guests.NotAnswering("Connection refused")
        if place.faults.muted:
            await self._world.clock.sleep(probes.PATIENCE)
            raise guests.NotAnswering(f"no answer within {probes.PATIENCE:g} s")
        return place


def bound(data: state.Data, user: str) -> bool:
    """Whether any binding of the cluster names the user."""
    bindings = (each for each in data.manifests.values() if each.get("kind") == "ClusterRoleBinding")
    return any(subject.get("name") == user for each in bindings for subject in each.get("subjects", ()))
