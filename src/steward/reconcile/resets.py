"""Wipes a cluster that is to begin anew: its nodes, its control plane with all data, its keys; nothing else.

Called by `clusters` while a reset is asked for. That wish is kept until nothing is left, and it alone lets data go
that was served. Afterwards the cluster is installed as a new one, under its id and in its place.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from steward.domain import clusters, conditions
from steward.operations import history
from steward.reconcile import flow, outcome
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.scopes import Scope
from steward.reconcile.services import Services

ACTIVITY = "3.2.2-4"


class Reset:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope) -> Outcome:
        result = await self.wipe(scope)
        if isinstance(result, outcome.Done):
            return await self._begin_anew(scope)
        await self._tell(scope, result)
        return result

    async def wipe(self, scope: Scope) -> Outcome:
        def step(name: str, act: Callable[[], Awaitable[Outcome]], *needs: str) -> flow.Step:
            return flow.Step(name=name, activity=ACTIVITY, act=act, needs=needs)

        nodes, plane = "Stop the nodes and wipe their disks", "Stop the control plane and wipe its data"
        left = "Look whether anything is left"
        wiping = flow.Flow(
            subject=f"cluster:{scope.cluster.id}",
            name="Wipe the cluster",
            steps=(
                step(nodes, lambda: self._without_nodes(scope)),
                step(plane, lambda: self._without_control_plane(scope), nodes),
                step(left, lambda: self._nothing_left(scope), plane),
            ),
        )
        return await self._services.run(wiping, scope.cluster.id, scope.lease)

    async def _without_nodes(self, scope: Scope) -> Outcome:
        """Each by its own reconciler, so that none is made and wiped at the same time."""
        async with self._services.records.read() as work:
            members = await work.nodes.of_cluster(scope.cluster.id)
        standing = [each for each in members if each.deleting or each.generation != scope.cluster.node_generation]
        for node in standing:
            self._services.wake(f"node:{node.id}")
        if standing:
            return Wait(message=f"{len(standing)} nodes are being wiped", after=1.0)
        return DONE

    async def _without_control_plane(self, scope: Scope) -> Outcome:
        self._services.keyring.forget(scope.cluster.id)
        await self._services.guests.forget(scope.cluster.id)
        await self._services.control_planes.remove(scope.cluster.id)
        return DONE

    async def _nothing_left(self, scope: Scope) -> Outcome:
        found = await self._services.control_planes.remains(scope.cluster.id, scope.cluster.slot)
        if not found.service and not found.data:
            return DONE
        names = ", ".join([*found.service, *found.data][:5])
        return Wait(message=f"Something is left of the cluster and is removed again: {names}", after=5.0)

    async def _begin_anew(self, scope: Scope) -> Outcome:
        """The keys go in the same transaction as the wish: whoever looks before finds all of it to be wiped still."""
        services = self._services
        async with services.applying(scope.lease) as work:
            cluster = await work.clusters.get(scope.cluster.id)
            if cluster is None or cluster.deleting or cluster.generation != scope.cluster.generation:
                return Wait(message="Something else was asked for meanwhile", after=0.0)
            await work.secrets.remove_all(cluster.id)
            await work.positions.remove(cluster.id)
            empty = replace(
                cluster,
                reset_asked_at=None,
                installed_at=None,
                installed_version=None,
                conditions=conditions.without(cluster.conditions, [conditions.Kind.READY, conditions.Kind.BLOCKED]),
                updated_at=services.clock.now(),
            )
            await work.clusters.save(empty)
            told = "Nothing is left of what the cluster held: its data, nodes and keys are destroyed; it is made anew"
            await history.keep(work, services.event(empty, f"cluster:{empty.id}", "cluster:wiped", told, ACTIVITY))
        return Wait(message="It is being installed again", after=0.0)

    async def _tell(self, scope: Scope, result: outcome.Wait | outcome.Blocked) -> None:
        async with self._services.applying(scope.lease) as work:
            cluster = await work.clusters.get(scope.cluster.id)
            if cluster is None or cluster.deleting or cluster.generation != scope.cluster.generation:
                return
            changed = replace(cluster, conditions=self._seen(cluster, result))
            if changed != cluster:
                await work.clusters.save(changed)

    def _seen(self, cluster: clusters.Cluster, result: outcome.Wait | outcome.Blocked) -> conditions.Conditions:
        if isinstance(result, outcome.Blocked):
            return conditions.merge(cluster.conditions, self._services.blocked(result))
        busy = self._services.condition(conditions.Kind.PROGRESSING, True, conditions.Reason.RESETTING, result.message)
        return conditions.merge(conditions.without(cluster.conditions, [conditions.Kind.BLOCKED]), busy)
