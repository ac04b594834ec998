"""Takes a cluster away: its nodes, its control plane with its data, and at last its keys.

Called by `clusters` once its deletion was asked for.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from steward.domain import audits
from steward.operations import history
from steward.reconcile import engine, flow, outcome
from steward.reconcile.evidence import ends
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.scopes import Scope
from steward.reconcile.services import Services

DESTROY_SERVICE = "5.1-2"
DESTROY_DATA = "5.2-1"
DESTROY_CONFIGURATION = "5.2-3"


class Removal:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope) -> Outcome | engine.Gone:
        def step(name: str, activity: str, act: Callable[[], Awaitable[Outcome]], *needs: str) -> flow.Step:
            return flow.Step(name=name, activity=activity, act=act, needs=needs)

        nodes, plane = "Remove the nodes", "Stop the control plane and wipe its data"
        left = "Look whether anything is left"
        removal = flow.Flow(
            subject=f"cluster:{scope.cluster.id}",
            name="Delete the cluster",
            steps=(
                step(nodes, DESTROY_SERVICE, lambda: self._without_nodes(scope)),
                step(plane, DESTROY_DATA, lambda: self._without_control_plane(scope), nodes),
                step(left, DESTROY_SERVICE, lambda: self._nothing_left(scope), plane),
            ),
        )
        result = await self._services.run(removal, scope.cluster.id, scope.lease)
        if not isinstance(result, outcome.Done):
            return result
        self._services.on_step(removal.subject, "Destroy the keys", "before")
        async with self._services.applying(scope.lease) as work:
            # The keys go last: until nothing is left, whoever looks finds the cluster and can go on.
            await history.keep(
                work,
                self._services.event(
                    scope.cluster,
                    removal.subject,
                    "cluster:deleted",
                    "Nothing of the cluster is left: its processes, data, network and keys are destroyed",
                    DESTROY_CONFIGURATION,
                ),
            )
            for noun in ends.of_a_cluster(work):
                await noun.remove_of(scope.cluster.id)
            await work.findings.remove_of(audits.acts_of(scope.cluster.id))
            await work.clusters.remove(scope.cluster.id)
            await work.allotments.give_back("cluster-slot", scope.cluster.id)
            await ends.prove(work, scope.cluster, self._services.clock.now())
        self._services.on_step(removal.subject, "Destroy the keys", "after")
        return engine.Gone()

    async def _without_nodes(self, scope: Scope) -> Outcome:
        """Every node is removed under its own lease, so that none is made and removed at the same time."""
        now = self._services.clock.now()
        async with self._services.applying(scope.lease) as work:
            members = await work.nodes.of_cluster(scope.cluster.id)
            for node in members:
                if not node.deleting:
                    await work.nodes.save(replace(node, delete_asked_at=now, updated_at=now))
            pools = await work.nodepools.of_cluster(scope.cluster.id)
            for pool in pools:
                if not pool.deleting:
                    await work.nodepools.save(replace(pool, delete_asked_at=now, updated_at=now))
        for node in members:
            self._services.wake(f"node:{node.id}")
        if not members:
            for pool in pools:
                self._services.wake(f"nodepool:{pool.id}")
        if members or pools:
            return Wait(message=f"{len(members)} nodes are being removed", after=1.0)
        return DONE

    async def _nothing_left(self, scope: Scope) -> Outcome:
        """While its slot is still its own: afterwards the same names may be another cluster's."""
        found = await self._services.control_planes.remains(scope.cluster.id, scope.cluster.slot)
        if not found.service and not found.data:
            return DONE
        names = ", ".join([*found.service, *found.data][:5])
        async with self._services.applying(scope.lease) as work:
            await ends.find(work, scope.cluster, found, self._services.clock.now())
        await self._services.control_planes.remove(scope.cluster.id)
        return Wait(message=f"Something is left of the cluster and is removed again: {names}", after=5.0)

    async def _without_control_plane(self, scope: Scope) -> Outcome:
        self._services.keyring.forget(scope.cluster.id)
        await self._services.guests.forget(scope.cluster.id)
        await self._services.control_planes.remove(scope.cluster.id)
        return DONE
