"""Nodes: look at them, and send one away together with its place in the pool."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from steward.domain import actors, clusters, conditions, errors, nodepools, nodes
from steward.operations import access, history, moments, pools
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records


@dataclass(frozen=True, slots=True)
class View:
    cluster: clusters.Cluster
    members: Sequence[nodes.Node]


async def all_of_cluster(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, history: bool = False
) -> View:
    """Those that stand, or with `history` those that were deleted, the last one first."""
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        found = await (work.nodes.history(cluster.id) if history else work.nodes.of_cluster(cluster.id))
        return View(cluster, found)


async def all_of_pool(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    pool_id: str,
    history: bool = False,
) -> View:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        pool = await access.nodepool(work, cluster, pool_id)
        if not history:
            return View(cluster, await work.nodes.of_pool(pool.id))
        gone = await work.nodes.history(cluster.id)
        return View(cluster, [each for each in gone if each.nodepool_id == pool.id])


async def get(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, node_id: str
) -> View:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return View(cluster, [await access.node(work, cluster, node_id)])


@operation("node.delete")
async def delete(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, node_id: str
) -> None:
    """The node goes and the pool wants one fewer, in one transaction; otherwise another node would come."""
    async with context.records.begin() as work:
        cluster, node = await access.cluster_with_node(work, actor, project_id, cluster_id, node_id)
        if node.deleted_at is None and not node.deleting:
            await _ask(context, work, actor, cluster, node)
    context.wake(f"node:{node.id}")
    context.wake(f"nodepool:{node.nodepool_id}")


async def _ask(
    context: context_.Context,
    work: records.Work,
    actor: actors.Actor,
    cluster: clusters.Cluster,
    node: nodes.Node,
) -> None:
    now = context.clock.now()
    pool = await access.nodepool(work, cluster, node.nodepool_id)
    moments.check_pools_may_change(cluster)
    moments.check_pool_stays(pool)
    if pool.desired - 1 < pool.minimum:
        raise errors.BadInput(
            f"Node {node.name} cannot be deleted: node pool {pool.name} would have {pool.desired - 1} nodes, below its "
            f"minNodes ({pool.minimum}); lower minNodes first",
            name="InvalidDataError",
        )
    shrinking = pools.progressing(conditions.Reason.DOWNSCALING, f"Node {node.name} is being removed", now)
    if nodepools.status(pool) is nodepools.Status.INSTALLING:
        shrinking = dataclasses.replace(shrinking, reason=conditions.Reason.INSTALLING)
    smaller = dataclasses.replace(
        pool,
        desired=pool.desired - 1,
        remove_first=(*(each for each in pool.remove_first if each != node.id), node.id),
        conditions=conditions.merge(conditions.without(pool.conditions, [conditions.Kind.BLOCKED]), shrinking),
        updated_at=now,
    )
    leaving = dataclasses.replace(node, delete_asked_at=now, updated_at=now)
    await work.nodepools.save(smaller)
    await work.nodes.save(leaving)
    await history.write(
        work,
        history.Deed(
            operation="node.delete",
            type="node:delete-asked",
            message=f"The deletion of node {node.name} was asked for; pool {pool.name} wants {smaller.desired} now",
            facts={"nodepool": pool.id, "to": str(smaller.desired)},
        ),
        at=now,
        actor=actor,
        cluster=cluster,
        part=leaving,
    )
