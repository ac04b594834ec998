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


async def pinned(work: records.Work, cluster_id: clusters.ClusterId, cluster: clusters.Cluster | None) -> model.Matrix:
    """What the cluster is pinned to; what it was, where it is gone: acceptance and order outlive it."""
    if cluster is not None:
        return matrix.load(cluster.contract)
    later = await work.acceptances.of(cluster_id, latest=1)
    ordered = await work.events.of_cluster(cluster_id, limit=1)
    known = [*(each.version for each in later), *(each.facts.get("contract", "") for each in ordered), ""]
    return matrix.load(known[0] if known[0] in matrix.versions() else "")
