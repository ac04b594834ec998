"""Bringing the nodes of a cluster to what it wants now, one after the other: whose turn is next.

Pure functions over the records, asked by the reconciler of clusters. A node gets its turn by being given the
cluster's version and generation; its own reconciler makes it so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from steward.domain import clusters, conditions, nodes, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far it has come. `turn` is the node that is next, `waits_for` the one that has to be ready before."""

    done: int
    of: int
    turn: nodes.Node | None = None
    waits_for: nodes.Node | None = None


def is_behind(cluster: clusters.Cluster, node: nodes.Node) -> bool:
    """Whether it has not had its turn yet."""
    return not node.deleting and (node.version, node.generation) != (cluster.version, cluster.node_generation)


def is_current(cluster: clusters.Cluster, node: nodes.Node) -> bool:
    """Had its turn, and was seen to be as the cluster wants it."""
    return (
        not is_behind(cluster, node)
        and node.installed_version == cluster.version
        and conditions.asked_for(node.conditions) is None
    )


def standing(cluster: clusters.Cluster, members: Sequence[nodes.Node]) -> Standing:
    """One that does not work is next, for it has nothing to lose; else the oldest.

    Nobody's turn comes while a node that had its own is not ready. One that was ordered meanwhile is no reason to
    wait: it takes nobody's place.
    """
    staying = [each for each in members if not each.deleting]
    behind = [each for each in staying if is_behind(cluster, each)]
    unready = [each for each in staying if not _is_ready(each)]
    waits_for = next((each for each in unready if each not in behind and each.deployed_at is not None), None)
    broken = [each for each in behind if each in unready]
    turn = next(iter([*broken, *behind]), None)
    done = sum(1 for each in staying if each not in behind and each not in unready)
    return Standing(done=done, of=len(staying), turn=None if waits_for else turn, waits_for=waits_for)


def first_version(cluster: clusters.Cluster) -> versions.Version:
    """Of a node that is ordered now: no kubelet may be newer than the API server that it speaks to."""
    return min(cluster.version, cluster.installed_version or cluster.version)


def _is_ready(node: nodes.Node) -> bool:
    return conditions.holds(node.conditions, conditions.Kind.READY)
