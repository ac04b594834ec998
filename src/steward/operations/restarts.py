"""Restart a cluster's API server: without downtime, or at once."""

from steward.domain import actors, conditions
from steward.operations import access, changes, history, moments
from steward.operations import context as context_
from steward.operations.registry import operation


@operation("cluster.restart")
async def restart(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, force: bool = False
) -> None:
    """`force` ends what serves before its successor does."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        moments.check_stands(cluster)
        change = changes.Change(
            operation="cluster.restart",
            reason=conditions.Reason.REDEPLOYING,
            message="The API server is being restarted",
            at_once=force,
        )
        changed = changes.ordered(cluster, change, now)
        await work.clusters.save(changed)
        await history.write(
            work,
            history.Deed(
                operation="cluster.restart",
                type="cluster:restart-asked",
                message=f"A restart of the API server was asked for{', at once' if force else ''}",
                facts={"force": str(force).lower()},
            ),
            at=now,
            actor=actor,
            cluster=changed,
        )
    context.wake(f"cluster:{cluster_id}")
