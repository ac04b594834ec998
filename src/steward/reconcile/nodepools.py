"""Keeps pools at their size: orders nodes, chooses those that go, carries the template to all of them.

The wanted size may change at any time, also while an earlier change is under way: every pass counts anew.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

from steward.domain import clusters, conditions, networks, nodepools, nodes, rollouts
from steward.operations import history
from steward.ports import guests, records
from steward.reconcile import credentials, engine, identities, issuances, outcome
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.services import Services

RESIZE = "3.2.2-4"
REMOVE = "5.1-2"
NUMBERS = "node:{}"  # allotments of a cluster's node numbers


class NodePoolReconciler:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, subject: str, lease: engine.Lease) -> Outcome | engine.Gone:
        pool_id = nodepools.NodePoolId(subject.partition(":")[2])
        async with self._services.applying(lease) as work:
            pool = await work.nodepools.get(pool_id)
            cluster = await work.clusters.get(pool.cluster_id) if pool else None
            if pool is None or cluster is None:
                return engine.Gone()
            present = await work.nodes.of_pool(pool_id)
            if pool.deleting and not present:
                await self._forget(work, cluster, pool)
                self._services.wake(f"cluster:{cluster.id}")
                return engine.Gone()
            resetting = cluster.reset_asked_at is not None
            if (cluster.installed_at is None or resetting) and not pool.deleting:
                return Wait(message="The cluster is not installed yet", after=30.0)
            changed = await self._resize(work, cluster, pool, list(present))
        for node in changed:
            self._services.wake(f"node:{node.id}")
        if pool.deleting:
            return Wait(message="Its nodes are being removed", after=5.0)
        carried = await self._carry_template(cluster, pool, list(present))
        return await self._apply(pool, lease, carried)

    async def _resize(
        self, work: records.Work, cluster: clusters.Cluster, pool: nodepools.NodePool, present: list[nodes.Node]
    ) -> list[nodes.Node]:
        """Node rows come, or are marked to go; their own reconcilers do the rest."""
        now = self._services.clock.now()
        changed = []
        for node in nodepools.to_remove(pool, present):
            if not node.deleting:
                gone = replace(node, delete_asked_at=now, updated_at=now)
                await work.nodes.save(gone)
                changed.append(gone)
        if cluster.deleting:
            return changed
        for _ in range(nodepools.missing(pool, present)):
            ordered = await self._order(work, cluster, pool)
            if ordered is None:
                break
            changed.append(ordered)
        return changed

    async def _order(
        self, work: records.Work, cluster: clusters.Cluster, pool: nodepools.NodePool
    ) -> nodes.Node | None:
        now = self._services.clock.now()
        node_id = nodes.NodeId(str(uuid.uuid4()))
        number = await work.allotments.take(
            NUMBERS.format(cluster.id), node_id, below=networks.most_nodes(cluster.pods)
        )
        if number is None:
            return None
        node = nodes.Node(
            id=node_id,
            cluster_id=cluster.id,
            nodepool_id=pool.id,
            name=nodes.name_of(pool.name, node_id),
            flavor=pool.flavor,
            version=rollouts.first_version(cluster),
            generation=cluster.node_generation,
            number=number,
            conditions=(self._services.condition(conditions.Kind.PROGRESSING, True, conditions.Reason.INSTALLING),),
            created_at=now,
            updated_at=now,
        )
        await work.nodes.save(node)
        return node

    async def _carry_template(
        self, cluster: clusters.Cluster, pool: nodepools.NodePool, present: list[nodes.Node]
    ) -> Outcome:
        """To every node that has joined; those to come get it when they register."""
        progressing = conditions.find(pool.conditions, conditions.Kind.PROGRESSING)
        # One call may change template and size; a pool that only lost a node has nothing new to carry.
        if progressing is None or not progressing.holds or progressing.reason is conditions.Reason.RESTORING:
            return DONE
        async with self._services.records.read() as work:
            files = await credentials.load(work, cluster.id)
        network = self._services.plan.cluster(cluster.slot)
        access = await self._services.keyring.access(cluster, network, files, issuances.NODE_KEEPER)
        standing = [each for each in present if not each.deleting and each.deployed_at is not None]
        try:
            await asyncio.gather(
                *(self._services.guests.register_node(access, identities.of(each, cluster, pool)) for each in standing)
            )
        except guests.NotAnswering as reason:
            return Wait(message=f"The template could not be applied yet: {reason}", after=1.0)
        return DONE

    async def _apply(self, before: nodepools.NodePool, lease: engine.Lease, carried: Outcome) -> Outcome:
        services = self._services
        async with services.applying(lease) as work:
            pool = await work.nodepools.get(before.id)
            cluster = await work.clusters.get(pool.cluster_id) if pool else None
            if pool is None or cluster is None or pool.deleting:
                return Wait(message="It is being deleted", after=0.0)
            if pool.template != before.template:
                return Wait(message="The template was changed once more", after=0.0)
            present = await work.nodes.of_pool(pool.id)
            result = carried if not isinstance(carried, outcome.Done) else _size(pool, list(present))
            busy = _busy(pool)
            if isinstance(result, outcome.Done):
                result = _age(cluster, present)
                busy = conditions.asked_for(cluster.conditions) or busy
            changed = self._seen(pool, result, busy)
            if changed != pool:
                if conditions.holds(changed.conditions, conditions.Kind.READY):
                    await history.keep(
                        work,
                        services.event(
                            cluster,
                            f"nodepool:{pool.id}",
                            "nodepool:ready",
                            f"Node pool {pool.name} has its {pool.desired} nodes",
                            RESIZE,
                        ),
                    )
                await work.nodepools.save(replace(changed, updated_at=services.clock.now()))
        return result

    def _seen(self, pool: nodepools.NodePool, result: Outcome, busy: conditions.Reason) -> nodepools.NodePool:
        services, kind, reason = self._services, conditions.Kind, conditions.Reason
        if isinstance(result, outcome.Done):
            found = conditions.merge(
                conditions.without(pool.conditions, [kind.BLOCKED]),
                services.condition(kind.READY, True, reason.AS_WANTED),
                services.condition(kind.PROGRESSING, False, reason.AS_WANTED),
            )
            return replace(pool, conditions=found, remove_first=())
        if isinstance(result, outcome.Blocked):
            return replace(pool, conditions=conditions.merge(pool.conditions, services.blocked(result)))
        found = conditions.merge(
            conditions.without(pool.conditions, [kind.BLOCKED]),
            services.condition(kind.PROGRESSING, True, busy, result.message),
            services.condition(kind.READY, False, reason.NODE_NOT_READY, result.message),
        )
        return replace(pool, conditions=found)

    async def _forget(self, work: records.Work, cluster: clusters.Cluster, pool: nodepools.NodePool) -> None:
        await work.nodepools.remove(pool.id)
        await work.progress.remove(f"nodepool:{pool.id}")
        await history.keep(
            work,
            self._services.event(
                cluster, f"nodepool:{pool.id}", "nodepool:deleted", f"Node pool {pool.name} is gone", REMOVE
            ),
        )


def _busy(pool: nodepools.NodePool) -> conditions.Reason:
    """What the operation called it goes on; a pool at rest that lost a node is being restored."""
    progressing = conditions.find(pool.conditions, conditions.Kind.PROGRESSING)
    return progressing.reason if progressing is not None and progressing.holds else conditions.Reason.RESTORING


def _age(cluster: clusters.Cluster, present: Sequence[nodes.Node]) -> Outcome:
    """Whether all are as the cluster wants them by now."""
    current = sum(1 for each in present if rollouts.is_current(cluster, each))
    if current == len(present):
        return DONE
    return Wait(message=f"{current} of {len(present)} nodes are up to date", after=10.0)


def _size(pool: nodepools.NodePool, present: list[nodes.Node]) -> Outcome:
    """Whether as many as wanted are there and ready, and none is on its way out."""
    leaving = [each for each in present if each.deleting]
    staying = [each for each in present if not each.deleting]
    ready = [each for each in staying if conditions.holds(each.conditions, conditions.Kind.READY)]
    blocked = next((each for each in staying if conditions.holds(each.conditions, conditions.Kind.BLOCKED)), None)
    if len(staying) < pool.desired and not leaving:
        return outcome.Blocked(message="The cluster's address range has no room for another node", activity=RESIZE)
    if blocked is not None:
        found = conditions.find(blocked.conditions, conditions.Kind.BLOCKED)
        return outcome.Blocked(message=f"{blocked.name}: {found.message if found else ''}", activity=RESIZE)
    if leaving or len(ready) != pool.desired:
        message = f"{len(ready)} of {pool.desired} nodes are ready"
        return Wait(message=message + (f", {len(leaving)} are leaving" if leaving else ""), after=10.0)
    return DONE
