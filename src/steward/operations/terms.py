"""Which version of the contract holds: the one a cluster is pinned to, else the one its project accepted.

Read by `rights` before every decision, and by orders; accepting is in `contracts`.
"""

from steward.domain import clusters, contracts, projects
from steward.ports import records
from steward.responsibility import matrix, model


async def accepted(work: records.Work, project_id: projects.ProjectId) -> contracts.Acceptance | None:
    """The latest, for what the project orders from now on. Those of single clusters have the cluster as their owner."""
    found = await work.acceptances.of(project_id, latest=1)
    return found[0] if found else None


async def matrix_of(
    work: records.Work,
    project: projects.Project | None,
    cluster: clusters.Cluster | None,
    version: str = "",
) -> model.Matrix:
    """The newest where nobody accepted anything yet. `version` is asked for where it is still here."""
    if version in matrix.versions():
        return matrix.load(version)
    if cluster is not None:
        return matrix.load(cluster.contract)
    acceptance = None if project is None else await accepted(work, project.id)
    return matrix.load(acceptance.version if acceptance else "")


async def matrix_of_ended(work: records.Work, cluster_id: clusters.ClusterId) -> model.Matrix:
    """What a cluster was pinned to that is gone: the acceptance and the order outlive it."""
    accepted_later = await work.acceptances.of(cluster_id, latest=1)
    ordered = await work.events.of_cluster(cluster_id, limit=1)
    version = accepted_later[0].version if accepted_later else ordered[0].facts.get("contract", "") if ordered else ""
    return matrix.load(version if version in matrix.versions() else "")
