"""What happened to a cluster and how far its work is; and whether the service itself can read its records."""

from collections.abc import Sequence

from steward.domain import actors, clusters, conditions, errors, events, progress, projects
from steward.operations import access
from steward.operations import context as context_

MOST = 1000


async def of_cluster(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    after: int = 0,
    limit: int = 100,
) -> Sequence[events.Event]:
    """Events outlive their cluster, so a cluster that is gone is found by them."""
    if not 1 <= limit <= MOST or not 0 <= after < 2**63:
        raise errors.BadInput(f"limit must be between 1 and {MOST}, after 0 or the id of an event")
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        known = clusters.ClusterId(access.checked_cluster_id(cluster_id))
        first = await work.events.of_cluster(known, limit=1)
        if not first or first[0].project_id != project.id:
            await access.cluster(work, actor, project_id, cluster_id)
        return await work.events.of_cluster(known, after=after, limit=limit)


async def progress_of_cluster(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> Sequence[progress.Progress]:
    """Of the cluster, its pools and its nodes."""
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return await work.progress.of_cluster(cluster.id)


async def conditions_of_cluster(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> dict[str, conditions.Conditions]:
    """By subject (`cluster:<id>`, `nodepool:<id>`, `node:<id>`)."""
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        pools = await work.nodepools.of_cluster(cluster.id)
        members = await work.nodes.of_cluster(cluster.id)
    found = {f"cluster:{cluster.id}": cluster.conditions}
    found |= {f"nodepool:{each.id}": each.conditions for each in pools}
    return found | {f"node:{each.id}": each.conditions for each in members}


async def check_readable(context: context_.Context) -> None:
    """Raises whatever the storage raises when it cannot be read."""
    async with context.records.read() as work:
        await work.projects.get(projects.ProjectId("0" * 32))
