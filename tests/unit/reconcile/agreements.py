"""What is true of a site at every moment, however much is under way: records, world and answers agree.

`Site.differences` is about the end of everything that is under way; this is about the middle of it.
"""

from collections.abc import Iterable, Mapping

from steward.domain import clusters, nodepools, nodes
from tests.unit.reconcile.sites import Site, Stored

Ordered = Mapping[str, Mapping[str, int]]  # sizes of pools of clusters


async def broken(site: Site, ordered: Ordered) -> list[str]:
    stored = await site.stored()
    return [*_wished(stored, ordered), *_owned(stored), *_observed(stored, site), *_told(stored)]


def _wished(stored: Stored, ordered: Ordered) -> Iterable[str]:
    """What was asked for is stored from the answer on."""
    kept = {str(each.id) for each in stored.clusters if not each.deleting}
    if kept != set(ordered):
        yield f"clusters {sorted(kept)} are stored, {sorted(ordered)} were ordered"
    for pool in stored.pools:
        if pool.deleting or pool.cluster_id not in kept:
            continue
        wanted = ordered[pool.cluster_id].get(pool.id)
        if wanted != pool.desired:
            yield f"pool {pool.id} is stored with {pool.desired} nodes, {wanted} were ordered"


def _owned(stored: Stored) -> Iterable[str]:
    standing, pools = {each.id for each in stored.clusters}, {each.id for each in stored.pools}
    yield from (f"pool {each.id} belongs to no cluster" for each in stored.pools if each.cluster_id not in standing)
    yield from (f"node {each.id} belongs to no pool" for each in stored.nodes if each.nodepool_id not in pools)
    numbers = [(each.cluster_id, each.number) for each in stored.nodes]
    yield from (f"node number {each} is given twice" for each in set(numbers) if numbers.count(each) > 1)
    slots = [each.slot for each in stored.clusters]
    yield from (f"slot {each} is given twice" for each in set(slots) if slots.count(each) > 1)


def _observed(stored: Stored, site: Site) -> Iterable[str]:
    """Nothing stands that nobody knows of: a row is there before its machine and goes after it."""
    known = {str(each.id): each for each in stored.clusters}
    members = {str(each.id) for each in stored.nodes}
    for cluster_id, place in site.world.places.items():
        if cluster_id not in known:
            yield f"cluster {cluster_id} stands, and is not stored"
        yield from (f"machine {each} stands, and is not stored" for each in place.boxes if each not in members)


def _told(stored: Stored) -> Iterable[str]:
    """A word that says that nothing is under way is not said while something is."""
    for cluster in stored.clusters:
        word = clusters.status(cluster)
        if cluster.deleting and word is not clusters.Status.DELETING:
            yield f"cluster {cluster.id} is being deleted, and told of as {word.value}"
        asked = cluster.reset_asked_at is not None or cluster.installed_at is None
        if asked and word is clusters.Status.READY:
            yield f"cluster {cluster.id} is not made yet, and told of as READY"
    for pool in stored.pools:
        has = sum(1 for each in stored.nodes if each.nodepool_id == pool.id and not each.deleting)
        if has != pool.desired and nodepools.status(pool) is nodepools.Status.READY:
            yield f"pool {pool.id} has {has} of {pool.desired} nodes, and is told of as READY"
    for node in stored.nodes:
        if node.deployed_at is None and nodes.status(node) is nodes.Status.READY:
            yield f"node {node.id} was never deployed, and is told of as READY"
