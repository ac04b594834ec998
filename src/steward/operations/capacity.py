"""Room: what has been promised against what the host can keep, and how large a cluster of a plan can be.

Called by the operations that promise more, inside their transaction, so that two orders cannot both take
the last room.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from steward.domain import clusters, errors, flavors, networks, nodepools
from steward.operations import capabilities
from steward.operations import context as context_
from steward.ports import hosts, records

MOST_NODES_OF_PLAN = {clusters.Plan.FREE: 100, clusters.Plan.STANDARD: networks.MOST_NODES}


@dataclass(frozen=True, slots=True)
class Promise:
    """CPU in thousandths of a core, so that sums are exact."""

    memory_mb: int = 0
    millicores: int = 0
    disk_gb: int = 0

    def __add__(self, other: "Promise") -> "Promise":
        return Promise(
            self.memory_mb + other.memory_mb, self.millicores + other.millicores, self.disk_gb + other.disk_gb
        )

    def times(self, count: int) -> "Promise":
        return Promise(self.memory_mb * count, self.millicores * count, self.disk_gb * count)


CONTROL_PLANE = Promise(memory_mb=600, millicores=250, disk_gb=2)


def of_flavor(flavor: flavors.Flavor) -> Promise:
    return Promise(memory_mb=flavor.ram_mb, millicores=flavor.vcpus * 1000, disk_gb=flavor.disk_gb)


def of_pools(pools: Iterable[nodepools.NodePool]) -> Promise:
    known = capabilities.catalogue_flavors()
    return sum((of_flavor(known[pool.flavor]).times(pool.desired) for pool in pools if pool.flavor in known), Promise())


async def check(context: context_.Context, work: records.Work, more: Promise) -> None:
    """Refuse what does not fit beside everything promised before."""
    capacity = context.host.capacity()
    if capacity.closed and more != Promise():
        raise errors.Unavailable(
            f"The provider's host takes no order that needs more room for now: {capacity.closed}. It is the provider's "
            "turn to make room",
            name="InsufficientCapacityError",
            code="INSUFFICIENT_CAPACITY",
        )
    short = _short_of(capacity, await promised(work), more)
    if short:
        raise errors.Unavailable(
            f"The provider's host has no room for this: short of {'; '.join(short)}. It is the provider's turn to add "
            "capacity; a smaller order may fit now",
            name="InsufficientCapacityError",
            code="INSUFFICIENT_CAPACITY",
        )


async def promised(work: records.Work) -> Promise:
    return CONTROL_PLANE.times(len(await work.clusters.all())) + of_pools(await work.nodepools.all())


def room_for(flavor: flavors.Flavor, capacity: hosts.Capacity, standing: Promise) -> int:
    """How many nodes of a flavor fit beside everything promised before."""
    if capacity.closed:
        return 0
    one = of_flavor(flavor)
    left = (
        (capacity.memory_mb - standing.memory_mb) // one.memory_mb,
        (capacity.disk_gb - standing.disk_gb) // one.disk_gb,
        (capacity.vcpus * 1000 - standing.millicores) // one.millicores,
    )
    return int(max(0, min(left)))


def _short_of(capacity: hosts.Capacity, standing: Promise, more: Promise) -> list[str]:
    together = standing + more
    resources = (
        ("memory", "MB", capacity.memory_mb, standing.memory_mb, more.memory_mb, together.memory_mb),
        ("disk", "GB", capacity.disk_gb, standing.disk_gb, more.disk_gb, together.disk_gb),
    )
    short = [
        f"{what} ({asked} {unit} asked for, {max(0, has - promised)} of {has} {unit} left)"
        for what, unit, has, promised, asked, total in resources
        if asked > 0 and total > has
    ]
    if more.millicores > 0 and together.millicores > capacity.vcpus * 1000:
        left = max(0.0, capacity.vcpus - standing.millicores / 1000)
        short.append(f"vCPU ({more.millicores / 1000:g} asked for, {left:g} of {capacity.vcpus} left)")
    return short


def check_node_quota(cluster: clusters.Cluster, pools: Iterable[nodepools.NodePool]) -> None:
    """`pools` are those of the cluster as they would be afterwards."""
    wanted = sum(pool.desired for pool in pools if not pool.deleting)
    most = min(MOST_NODES_OF_PLAN[cluster.plan], networks.most_nodes(cluster.pods))
    if wanted > most:
        raise errors.QuotaExceeded(
            f"Cannot perform operation: {wanted} nodes asked for in all, and a cluster of plan {cluster.plan.value} "
            f"with this pod range has at most {most}",
            name="InsufficientNodesQuotaError",
        )
