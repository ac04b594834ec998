"""The administrator's kubeconfig: made by the reconciler with the cluster, handed out here, never logged."""

import dataclasses

from steward.domain import actors, conditions, errors
from steward.operations import access, changes, history, moments, renewals
from steward.operations import context as context_
from steward.operations.registry import operation

SECRET = "admin-kubeconfig"  # its name among the cluster's secrets


@operation("cluster.kubeconfig")
async def admin(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> str:
    """The same text each time, until it is reset. That it was handed out is written down first."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        moments.check_answered(cluster)
        content = await work.secrets.get(cluster.id, SECRET)
        if not content:
            raise errors.Conflict(f"The kubeconfig of cluster {cluster.id} is not ready yet", name="ConflictError")
        await history.write(
            work,
            history.Deed(
                operation="cluster.kubeconfig",
                type="cluster:kubeconfig-handed-out",
                message="The administrator's kubeconfig was handed out",
            ),
            at=now,
            actor=actor,
            cluster=cluster,
        )
    return content.decode()


@operation("cluster.reset_kubeconfig")
async def reset(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> None:
    """Another authority takes the place of the one that signed it, and whatever that one signed is worth nothing.

    Nodes have certificates of it as well, so they are made anew, one by one.
    """
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        moments.check_stands(cluster)
        change = changes.Change(
            operation="cluster.reset_kubeconfig",
            reason=conditions.Reason.REDEPLOYING,
            message="It is being given new keys and certificates",
            at_once=True,  # what trusts the old authority is not to go on beside what does not
        )
        wanted = dataclasses.replace(cluster, node_generation=cluster.node_generation + 1)
        saved = await renewals.save(work, wanted, change, now)
        await work.secrets.put(cluster.id, SECRET, b"")  # nobody is handed the old one any more
        await history.write(
            work,
            history.Deed(
                operation="cluster.reset_kubeconfig",
                type="cluster:kubeconfig-reset-asked",
                message=f"New keys of cluster {cluster.name} were asked for; its kubeconfig so far is worth nothing",
            ),
            at=now,
            actor=actor,
            cluster=saved,
        )
    context.wake(f"cluster:{cluster_id}")
