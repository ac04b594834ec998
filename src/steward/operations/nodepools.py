"""Node pools: order, look at, resize and edit, delete."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from steward.domain import actors, clusters, conditions, errors, nodepools, nodes
from steward.operations import access, capacity, history, moments, orders, pools, quotas, templates, wishes
from steward.operations import clusters as clusters_
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

_PROVIDER_ID = "openstack:///"


@dataclass(frozen=True, slots=True)
class View:
    """A pool and what its answer needs to know of its nodes."""

    cluster: clusters.Cluster
    pool: nodepools.NodePool
    members: Sequence[nodes.Node] = ()

    @property
    def current(self) -> int:
        """A new pool's nodes count from the order on, as at OVHcloud."""
        installing = nodepools.status(self.pool) is nodepools.Status.INSTALLING
        return max(len(self.members), self.pool.desired) if installing else len(self.members)

    @property
    def available(self) -> int:
        return sum(1 for each in self.members if nodes.status(each) is nodes.Status.READY)

    @property
    def up_to_date(self) -> int:
        return sum(1 for each in self.members if clusters_.node_is_up_to_date(self.cluster, each))


@operation("nodepool.create")
async def create(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, order: orders.PoolOrder
) -> View:
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        pool = pools.ordered(context, cluster, order, now=now)
        moments.check_pools_may_change(cluster)
        together = [*await work.nodepools.of_cluster(cluster.id), pool]
        pools.check_names(together)
        capacity.check_node_quota(cluster, together)
        await quotas.check(work, cluster.project_id, [pool])
        await capacity.check(context, work, capacity.of_pools([pool]))
        await work.nodepools.save(pool)
        await history.write(
            work,
            history.Deed(
                operation="nodepool.create",
                type="nodepool:ordered",
                message=f"Node pool {pool.name} was ordered: {pool.desired} nodes of flavor {pool.flavor}",
                facts={"to": str(pool.desired)},
            ),
            at=now,
            actor=actor,
            cluster=cluster,
            part=pool,
        )
    context.wake(f"nodepool:{pool.id}")
    return View(cluster, pool)


async def all_of_cluster(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> list[View]:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        present = await work.nodes.of_cluster(cluster.id)
        return [
            View(cluster, pool, [each for each in present if each.nodepool_id == pool.id])
            for pool in await work.nodepools.of_cluster(cluster.id)
        ]


async def get(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, pool_id: str
) -> View:
    async with context.records.read() as work:
        cluster, pool = await access.cluster_with_pool(work, actor, project_id, cluster_id, pool_id)
        return View(cluster, pool, await work.nodes.of_pool(pool.id))


@operation("nodepool.edit")
async def edit(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    pool_id: str,
    change: orders.PoolChange,
) -> View:
    """A new size may be asked for at any time, also while the last one is still being reached."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster, pool = await access.cluster_with_pool(work, actor, project_id, cluster_id, pool_id)
        present = await work.nodes.of_pool(pool.id)
        wanted = _changed(pool, change, await _named(work, cluster, pool, change.remove_first), present)
        nodepools.check_bounds(wanted, capacity.MOST_NODES_OF_PLAN[cluster.plan])
        moments.check_pools_may_change(cluster)
        moments.check_pool_stays(pool)
        if wanted != pool:
            await _check_growth(context, work, cluster, pool, wanted)
            wanted = dataclasses.replace(wanted, conditions=_busy(pool, wanted, now), updated_at=now)
            await work.nodepools.save(wanted)
            await _write_down(work, actor, cluster, pool, wanted, now)
    context.wake(f"nodepool:{pool.id}")
    return View(cluster, wanted, present)


def _changed(
    pool: nodepools.NodePool, change: orders.PoolChange, named: Sequence[str], present: Sequence[nodes.Node]
) -> nodepools.NodePool:
    wishes.check_pool(change)
    still_there = {each.id for each in present}
    kept = [each for each in pool.remove_first if each in still_there and each not in named]
    wanted = dataclasses.replace(
        pool,
        desired=_or(change.desired, pool.desired),
        minimum=_or(change.minimum, pool.minimum),
        maximum=_or(change.maximum, pool.maximum),
        autoscale=pool.autoscale if change.autoscale is None else change.autoscale,
        autoscaling=pools.autoscaling(pool.autoscaling, change.autoscaling),
        template=pool.template if change.template is None else templates.checked(change.template),
        remove_first=(*kept, *named) if named else pool.remove_first,
    )
    return wanted


def _or(given: int | None, otherwise: int) -> int:
    return otherwise if given is None else given


async def _named(
    work: records.Work, cluster: clusters.Cluster, pool: nodepools.NodePool, names: Sequence[str]
) -> list[str]:
    """Ids of the named nodes, whichever of its four names each was called by."""
    if not names:
        return []
    known: dict[str, nodes.Node] = {}
    for each in await work.nodes.of_cluster(cluster.id):
        known |= {each.id: each, each.name: each}
        if each.instance_id:
            known |= {each.instance_id: each, _PROVIDER_ID + each.instance_id: each}
    found: list[str] = []
    for name in dict.fromkeys(names):
        node = known.get(name)
        if node is None or node.nodepool_id != pool.id:
            raise errors.BadInput(
                f"[nodesToRemove] {name[:100]!r} is not a node of node pool {pool.name}", name="InvalidDataError"
            )
        if node.id not in found:
            found.append(node.id)
    return found


async def _check_growth(
    context: context_.Context,
    work: records.Work,
    cluster: clusters.Cluster,
    old: nodepools.NodePool,
    new: nodepools.NodePool,
) -> None:
    more = new.desired - old.desired
    if more <= 0:
        return
    others = [each for each in await work.nodepools.of_cluster(cluster.id) if each.id != old.id]
    capacity.check_node_quota(cluster, [*others, new])
    additional = [dataclasses.replace(new, desired=more)]
    await quotas.check(work, cluster.project_id, additional)
    await capacity.check(context, work, capacity.of_pools(additional))


def _busy(old: nodepools.NodePool, new: nodepools.NodePool, now: datetime) -> conditions.Conditions:
    """The busy word has to stand before the answer leaves: clients that wait look once and go on."""
    if new.desired > old.desired:
        reason, message = conditions.Reason.UPSCALING, f"The pool grows from {old.desired} to {new.desired} nodes"
    elif new.desired < old.desired:
        reason, message = conditions.Reason.DOWNSCALING, f"The pool shrinks from {old.desired} to {new.desired} nodes"
    elif new.template != old.template:
        reason, message = conditions.Reason.UPDATING, "The template is being applied to the nodes"
    else:
        return old.conditions
    if nodepools.status(old) is nodepools.Status.INSTALLING:
        reason = conditions.Reason.INSTALLING
    kept = conditions.without(old.conditions, [conditions.Kind.BLOCKED])
    return conditions.merge(kept, pools.progressing(reason, message, now))


async def _write_down(
    work: records.Work,
    actor: actors.Actor,
    cluster: clusters.Cluster,
    old: nodepools.NodePool,
    new: nodepools.NodePool,
    now: datetime,
) -> None:
    resized = new.desired != old.desired
    said = f"{new.desired} nodes were asked for, before it were {old.desired}" if resized else "It was edited"
    await history.write(
        work,
        history.Deed(
            operation="nodepool.edit",
            type="nodepool:resize-asked" if resized else "nodepool:edited",
            message=f"Node pool {new.name}: {said}",
            facts={"from": str(old.desired), "to": str(new.desired)} if resized else {},
        ),
        at=now,
        actor=actor,
        cluster=cluster,
        part=new,
    )


@operation("nodepool.delete")
async def delete(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, pool_id: str
) -> None:
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster, pool = await access.cluster_with_pool(work, actor, project_id, cluster_id, pool_id)
        if not pool.deleting:
            gone = dataclasses.replace(pool, delete_asked_at=now, updated_at=now)
            await work.nodepools.save(gone)
            await history.write(
                work,
                history.Deed(
                    operation="nodepool.delete",
                    type="nodepool:delete-asked",
                    message=f"The deletion of node pool {pool.name} was asked for",
                ),
                at=now,
                actor=actor,
                cluster=cluster,
                part=gone,
            )
    context.wake(f"nodepool:{pool.id}")
