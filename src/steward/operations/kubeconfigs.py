"""The administrator's kubeconfig: made by the reconciler with the cluster, handed out here, never logged."""

from steward.domain import actors, errors
from steward.operations import access, history, moments
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
        if content is None:
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
