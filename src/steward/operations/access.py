"""Finds what a request names, for those it belongs to.

Every other operation begins here. What belongs to somebody else is answered exactly like what does not
exist, so nobody learns from an error that another's object is there. Ids are checked for their form before
they reach the storage.
"""

import re

from steward.domain import actors, clusters, errors, nodepools, nodes, projects
from steward.ports import records

_PROJECT = re.compile(r"[0-9a-f]{32}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NO_SERVICE = "This service does not exist"


async def project(work: records.Work, actor: actors.Actor, project_id: str) -> projects.Project:
    found = await work.projects.get(projects.ProjectId(project_id)) if _PROJECT.fullmatch(project_id) else None
    if found is None or not (actor.of_provider or found.account == actor.account):
        raise errors.NotFound(NO_SERVICE)
    return found


async def cluster(work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str) -> clusters.Cluster:
    owner = await project(work, actor, project_id)
    found = await work.clusters.get(clusters.ClusterId(cluster_id)) if _UUID.fullmatch(cluster_id) else None
    if found is None or found.project_id != owner.id:
        raise errors.NotFound(f"Cluster {_shown(cluster_id)} does not exist in this project", name="NotFoundError")
    return found


def checked_cluster_id(cluster_id: str) -> str:
    """For what outlives its cluster."""
    if not _UUID.fullmatch(cluster_id):
        raise errors.NotFound(f"Cluster {_shown(cluster_id)} does not exist in this project", name="NotFoundError")
    return cluster_id


async def nodepool(work: records.Work, of: clusters.Cluster, pool_id: str) -> nodepools.NodePool:
    found = await work.nodepools.get(nodepools.NodePoolId(pool_id)) if _UUID.fullmatch(pool_id) else None
    if found is None or found.cluster_id != of.id:
        raise errors.NotFound(f"Node pool {_shown(pool_id)} does not exist in this cluster", name="NotFoundError")
    return found


async def node(work: records.Work, of: clusters.Cluster, node_id: str) -> nodes.Node:
    found = await work.nodes.get(nodes.NodeId(node_id)) if _UUID.fullmatch(node_id) else None
    if found is None or found.cluster_id != of.id:
        raise errors.NotFound(f"Node {_shown(node_id)} does not exist in this cluster", name="NotFoundError")
    return found


def _shown(given: str) -> str:
    return given if _UUID.fullmatch(given) else repr(given[:64])
