"""When what may be done: the state table of OVHcloud's calls (`409` outside of it)."""

from steward.domain import clusters, conditions, errors, nodepools

# Pools come and change while the cluster serves; before, during a wipe and afterwards they do not.
_NO_POOLS = frozenset(
    {
        clusters.Status.INSTALLING,
        clusters.Status.DELETING,
        clusters.Status.DELETED,
        clusters.Status.RESETTING,
        clusters.Status.SUSPENDING,
        clusters.Status.SUSPENDED,
        clusters.Status.REOPENING,
    }
)


def check_pools_may_change(cluster: clusters.Cluster) -> None:
    status = clusters.status(cluster)
    if status in _NO_POOLS:
        raise errors.Conflict(
            f"Cluster {cluster.id} is {status.value}: its node pools can be changed once it is READY",
            name="ConflictError",
            details={"status": status.value},
        )


def check_ready(cluster: clusters.Cluster, what: str) -> None:
    """`what` is said to be possible once it is READY."""
    status = clusters.status(cluster)
    if status is not clusters.Status.READY:
        progressing = conditions.find(cluster.conditions, conditions.Kind.PROGRESSING)
        going_on = f" ({progressing.message})" if progressing is not None and progressing.holds else ""
        raise errors.Conflict(
            f"Cluster {cluster.id} is {status.value}{going_on}: {what} once it is READY",
            name="ConflictError",
            details={"status": status.value},
        )


def check_pool_stays(pool: nodepools.NodePool) -> None:
    if pool.deleting:
        raise errors.Conflict(f"Node pool {pool.id} is being deleted", name="ConflictError")


def check_answered(cluster: clusters.Cluster) -> None:
    if cluster.installed_version is None:
        status = clusters.status(cluster)
        raise errors.Conflict(
            f"Cluster {cluster.id} is {status.value}: that can be asked once its API has answered",
            name="ConflictError",
            details={"status": status.value},
        )
