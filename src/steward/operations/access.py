"""Finds what a request names, for those it belongs to.

Every other operation begins here, and is decided upon here (`rights`). What belongs to somebody else is answered
exactly like what does not exist, so nobody learns from an error that another's object is there. Ids are checked for
their form before they reach the storage.
"""

import re

from steward.domain import accounts, actors, clusters, errors, nodepools, nodes, people, projects
from steward.operations import rights
from steward.ports import records

_PROJECT = re.compile(r"[0-9a-f]{32}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

NO_SERVICE = "This service does not exist"


async def project(work: records.Work, actor: actors.Actor, project_id: str) -> projects.Project:
    found = await _project(work, actor, project_id)
    await rights.decided(work, actor, project=found)
    return found


async def seen(work: records.Work, actor: actors.Actor, project_id: str) -> projects.Project:
    """For what is decided upon once something of it is found; whoever calls does that."""
    return await _project(work, actor, project_id)


async def seen_cluster(
    work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str
) -> tuple[projects.Project, clusters.Cluster]:
    """As `seen`."""
    return await _cluster(work, actor, project_id, cluster_id)


async def project_to_look_in(work: records.Work, actor: actors.Actor, project_id: str) -> projects.Project:
    """Without a decision: what is asked for lies in it, and is decided upon when it is found."""
    return await _project(work, actor, project_id)


async def cluster(work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str) -> clusters.Cluster:
    owner, found = await _cluster(work, actor, project_id, cluster_id)
    await rights.decided(work, actor, project=owner, cluster=found)
    return found


async def cluster_with_pool(
    work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str, pool_id: str
) -> tuple[clusters.Cluster, nodepools.NodePool]:
    """For what is done to the pool: it is decided upon where the pool exists, and not before."""
    owner, found = await _cluster(work, actor, project_id, cluster_id)
    pool = await nodepool(work, found, pool_id)
    await rights.decided(work, actor, project=owner, cluster=found)
    return found, pool


async def cluster_with_node(
    work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str, node_id: str
) -> tuple[clusters.Cluster, nodes.Node]:
    owner, found = await _cluster(work, actor, project_id, cluster_id)
    its = await node(work, found, node_id)
    await rights.decided(work, actor, project=owner, cluster=found)
    return found, its


async def _cluster(
    work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str
) -> tuple[projects.Project, clusters.Cluster]:
    owner = await _project(work, actor, project_id)
    found = await work.clusters.get(clusters.ClusterId(cluster_id)) if _UUID.fullmatch(cluster_id) else None
    if found is None or found.project_id != owner.id:
        raise errors.NotFound(f"Cluster {_shown(cluster_id)} does not exist in this project", name="NotFoundError")
    return owner, found


async def _project(work: records.Work, actor: actors.Actor, project_id: str) -> projects.Project:
    found = await work.projects.get(projects.ProjectId(project_id)) if _PROJECT.fullmatch(project_id) else None
    if found is None or not actor.reaches(found):
        raise errors.NotFound(NO_SERVICE)
    return found


async def person(work: records.Work, actor: actors.Actor, person_id: str) -> people.Person:
    """The provider knows its staff and its customers' people, a customer its own. Who calls decides what may be done,
    for it depends on whose person this is."""
    found = await work.people.get(person_id) if _UUID.fullmatch(person_id) else None
    if found is None or not (actor.of_provider or (actor.account and found.account == actor.account)):
        raise errors.NotFound(f"Person {_shown(person_id)} does not exist")
    return found


async def account(work: records.Work, actor: actors.Actor, name: str) -> accounts.Account:
    """Whoever calls decides what may be done."""
    found = await work.accounts.get(name)
    if found is None or not (actor.of_provider or actor.account == found.id):
        raise errors.NotFound(f"Account {name[:64]!r} does not exist")
    return found


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


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
