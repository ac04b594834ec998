"""When what may be done: the state table of OVHcloud's calls (`409` outside of it)."""

from steward.domain import clusters, conditions, errors, nodepools

_UNDER_WAY = frozenset(
    {clusters.Status.READY, clusters.Status.UPDATING, clusters.Status.REDEPLOYING, clusters.Status.INSTALLING}
)
# Pools come and change while the cluster serves; before, during a wipe and afterwards they do not.
_NO_POOLS = frozenset(
    {
        clusters.Status.DELETING,
        clusters.Status.DELETED,
        clusters.Status.RESETTING,
        clusters.Status.SUSPENDING,
        clusters.Status.SUSPENDED,
        clusters.Status.REOPENING,
    }
)


def check_pools_may_change(cluster: clusters.Cluster) -> None:
    """A change of the standing cluster that shows INSTALLING is none of these."""
    status = clusters.standing(cluster)
    first = status is clusters.Status.INSTALLING and cluster.installed_at is None
    if first or status in _NO_POOLS:
        raise _not_now(cluster, "its node pools can be changed once it is READY")


def check_stands(cluster: clusters.Cluster, then: str = "it can be changed once it is READY") -> None:
    """What stands and is left alone can be changed."""
    if clusters.standing(cluster) is not clusters.Status.READY:
        raise _not_now(cluster, then)


def check_admits(cluster: clusters.Cluster) -> None:
    """Who may reach the API is kept apart from every other change, and may be told while one is under way."""
    if cluster.installed_at is None or clusters.standing(cluster) not in _UNDER_WAY:
        raise _not_now(cluster, "who may reach its API can be changed once it is READY")


def check_pool_stays(pool: nodepools.NodePool) -> None:
    if pool.deleting:
        raise errors.Conflict(f"Node pool {pool.id} is being deleted", name="ConflictError")


def check_answered(cluster: clusters.Cluster) -> None:
    if cluster.installed_version is None:
        raise _not_now(cluster, "that can be asked once its API has answered")


def _not_now(cluster: clusters.Cluster, then: str) -> errors.Conflict:
    """A sentence that says what is going on, and until when."""
    status, said = clusters.status(cluster).value, _doing(cluster)
    return errors.Conflict(
        f"Cluster {cluster.id} is {status}{f' ({said})' if said else ''}: {then}",
        name="ConflictError",
        details={"status": status},
    )


def _doing(cluster: clusters.Cluster) -> str:
    if cluster.deleting:
        return "it is being deleted"
    for kind in (conditions.Kind.BLOCKED, conditions.Kind.PROGRESSING):
        found = conditions.find(cluster.conditions, kind)
        if found is not None and found.holds and found.message:
            return found.message
    return ""
