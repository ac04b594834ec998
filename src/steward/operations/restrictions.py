"""Who may reach a cluster's API by source address: look at it, add to it, replace it, take one away."""

import dataclasses
from collections.abc import Callable, Sequence

from steward.domain import actors, clusters, conditions, errors, restrictions
from steward.operations import access, history, moments
from steward.operations import context as context_
from steward.operations.registry import operation

CHANGED = "cluster:restrictions-changed"
LIST = "restrictions"  # the fact that holds the whole list as it is from then on
Change = Callable[[tuple[str, ...]], tuple[str, ...]]


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> Sequence[str]:
    async with context.records.read() as work:
        return (await access.cluster(work, actor, project_id, cluster_id)).restrictions


@operation("cluster.restrict")
async def append(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, blocks: Sequence[str]
) -> Sequence[str]:
    """The whole list afterwards."""
    return await _changed(context, actor, project_id, cluster_id, lambda now: restrictions.folded((*now, *blocks)))


@operation("cluster.restrict")
async def replace(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, blocks: Sequence[str]
) -> Sequence[str]:
    return await _changed(context, actor, project_id, cluster_id, lambda _: restrictions.folded(blocks))


@operation("cluster.restrict")
async def remove(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, block: str
) -> None:
    """Without the last one everybody may reach the API again."""

    def without(now: tuple[str, ...]) -> tuple[str, ...]:
        left = restrictions.without(now, block)
        if left is None:
            raise errors.NotFound(f"{block} is not among the restrictions of this cluster", name="NotFoundError")
        return left

    await _changed(context, actor, project_id, cluster_id, without)


async def _changed(
    context: context_.Context, actor: actors.Actor, project_id: str, cluster_id: str, change: Change
) -> Sequence[str]:
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        wanted = change(cluster.restrictions)
        if wanted == cluster.restrictions:
            return wanted
        moments.check_admits(cluster)
        busy = conditions.Condition(
            kind=conditions.Kind.PROGRESSING,
            holds=True,
            reason=conditions.Reason.RESTRICTING,
            message="Who may reach the API is being changed",
            whose_turn=errors.PROVIDER,
            activity="3.1.5-4",
            since=now,
        )
        # Another change that is under way goes on under its own word; it lets in who may come as well.
        others = conditions.holds(cluster.conditions, conditions.Kind.PROGRESSING)
        changed = dataclasses.replace(
            cluster,
            restrictions=wanted,
            conditions=cluster.conditions if others else conditions.merge(cluster.conditions, busy),
            updated_at=now,
        )
        await work.clusters.save(changed)
        await history.write(work, _deed(cluster, wanted), at=now, actor=actor, cluster=changed)
    context.wake(f"cluster:{cluster_id}")
    return wanted


def _deed(before: clusters.Cluster, wanted: tuple[str, ...]) -> history.Deed:
    said = f"{len(wanted)} sources may reach the API, it were {len(before.restrictions)}"
    if not wanted:
        said = "Everybody may reach the API again"
    return history.Deed(
        operation="cluster.restrict",
        type=CHANGED,
        message=said,
        facts={LIST: ",".join(wanted), "before": ",".join(before.restrictions)},
    )
