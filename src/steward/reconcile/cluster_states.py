"""What a pass over a cluster found, written into its conditions and told where it is news.

Called by `clusters` at the end of each pass.
"""

from dataclasses import replace

from steward.domain import clusters, conditions
from steward.operations import history
from steward.ports import records
from steward.reconcile import outcome
from steward.reconcile.outcome import Outcome, Wait
from steward.reconcile.scopes import Scope
from steward.reconcile.services import Services

INSTALL = "2.1-1"
RESTORE = "3.2.1-3"
CHANGE = "3.2.2-4"


class ClusterStates:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, result: Outcome) -> Outcome:
        services = self._services
        became_ready = False
        async with services.applying(scope.lease) as work:
            cluster = await work.clusters.get(scope.cluster.id)
            if cluster is None or cluster.deleting:
                return Wait(message="It is being deleted", after=0.0)
            if _wishes(cluster) != _wishes(scope.cluster):
                return Wait(message="Something else is wanted by now", after=0.0)
            changed = self._seen(cluster, scope, result)
            ready = conditions.holds(changed.conditions, conditions.Kind.READY)
            was_ready = conditions.holds(cluster.conditions, conditions.Kind.READY)
            became_ready = ready and not was_ready
            if changed != cluster:
                await work.clusters.save(replace(changed, updated_at=services.clock.now()))
            if became_ready:
                await self._tell_ready(work, cluster, changed)
            if scope.change is not None and isinstance(result, outcome.Done):
                await self._tell_changed(work, changed)
            if was_ready and not ready and not isinstance(result, outcome.Done):
                await self._tell_lost(work, changed, result.message)
        if became_ready:
            await self._wake_all(scope.cluster.id)
        if conditions.asked_for(changed.conditions) and isinstance(result, outcome.Done):
            return Wait(message="Its nodes are being installed again", after=0.0)
        return result

    async def _tell_ready(self, work: records.Work, before: clusters.Cluster, now: clusters.Cluster) -> None:
        first = before.installed_at is None
        await history.keep(
            work,
            self._services.event(
                now,
                f"cluster:{now.id}",
                "cluster:installed" if first else "cluster:restored",
                f"The cluster {'is installed' if first else 'works again'} (Kubernetes {now.installed_version})",
                INSTALL if first else RESTORE,
            ),
        )

    async def _tell_changed(self, work: records.Work, cluster: clusters.Cluster) -> None:
        told = f"The control plane runs as it was ordered (Kubernetes {cluster.installed_version})"
        await history.keep(
            work, self._services.event(cluster, f"cluster:{cluster.id}", "cluster:changed", told, CHANGE)
        )

    async def _tell_lost(self, work: records.Work, cluster: clusters.Cluster, message: str) -> None:
        told = f"The cluster does not work as it should, and is being restored: {message}"
        await history.keep(
            work, self._services.event(cluster, f"cluster:{cluster.id}", "cluster:not-ready", told, RESTORE)
        )

    def _seen(self, cluster: clusters.Cluster, scope: Scope, result: Outcome) -> clusters.Cluster:
        """The cluster with its observed part replaced by what this pass found."""
        services, kind, reason = self._services, conditions.Kind, conditions.Reason
        match result:
            case outcome.Done():
                kept = conditions.without(cluster.conditions, [kind.BLOCKED])
                found = conditions.merge(kept, services.condition(kind.READY, True, reason.AS_WANTED))
                if not _has_nodes_to_come(cluster):
                    found = conditions.merge(found, services.condition(kind.PROGRESSING, False, reason.AS_WANTED))
                return replace(
                    cluster,
                    conditions=found,
                    installed_version=scope.seen_version or cluster.installed_version,
                    installed_at=cluster.installed_at or services.clock.now(),
                )
            case outcome.Wait(message=message):
                busy = reason.INSTALLING if cluster.installed_at is None else reason.RESTORING
                busy = conditions.asked_for(cluster.conditions) or busy
                told = [services.condition(kind.PROGRESSING, True, busy, message)]
                if scope.change is not None:
                    # The word that clients wait through stays the one that the order gave.
                    told = [replace(scope.change, message=message)]
                if not scope.serves:
                    told.append(services.condition(kind.READY, False, reason.NOT_ANSWERING, message))
                kept = conditions.without(cluster.conditions, [kind.BLOCKED])
                seen = scope.seen_version or cluster.installed_version
                return replace(cluster, conditions=conditions.merge(kept, *told), installed_version=seen)
            case outcome.Blocked():
                return replace(cluster, conditions=conditions.merge(cluster.conditions, services.blocked(result)))

    async def _wake_all(self, cluster_id: clusters.ClusterId) -> None:
        async with self._services.records.read() as work:
            pools = await work.nodepools.of_cluster(cluster_id)
            members = await work.nodes.of_cluster(cluster_id)
        for pool in pools:
            self._services.wake(f"nodepool:{pool.id}")
        for node in members:
            self._services.wake(f"node:{node.id}")


def _wishes(cluster: clusters.Cluster) -> tuple[object, ...]:
    return cluster.generation, cluster.restrictions, cluster.network


def _has_nodes_to_come(cluster: clusters.Cluster) -> bool:
    """After a reset the control plane is installed first; the change goes on with the nodes."""
    return cluster.installed_at is None and conditions.asked_for(cluster.conditions) is not None
