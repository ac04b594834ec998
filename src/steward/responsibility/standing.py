"""Delegations that a customer's setting is: computed from cluster and pool, never stored.

`updatePolicy`, a pool's `autoscale` and a subscription to a cluster's log lend R of their row to the provider's
automation, within what the setting says; NEVER_UPDATE, autoscale off and no subscription lend nothing, at once. Pure;
asked before every automatic operation.
"""

from collections.abc import Iterable, Iterator

from steward.domain import clusters, delegations, errors, nodepools
from steward.responsibility import operations

PATCH = "cluster.patch_automatically"
AUTOSCALE = "nodepool.autoscale"
FORWARD = "log.forward"


def of(cluster: clusters.Cluster, pools: Iterable[nodepools.NodePool]) -> Iterator[delegations.Delegation]:
    if cluster.deleting:
        return
    if cluster.update_policy is not clusters.UpdatePolicy.NEVER_UPDATE:
        yield _updates(cluster)
    if cluster.logs_subscribed:
        yield _logs(cluster)
    for pool in pools:
        if pool.autoscale and not pool.deleting:
            yield _autoscale(cluster, pool)


def _updates(cluster: clusters.Cluster) -> delegations.Delegation:
    return delegations.Delegation(
        id=f"standing:update-policy:{cluster.id}",
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        activity=operations.ACTIVITY_OF[PATCH],
        to_party=errors.PROVIDER,
        operations=(PATCH,),
        automation_only=True,
        reason=f"updatePolicy is {cluster.update_policy.value}; NEVER_UPDATE revokes it",
        granted_by="the customer's setting",
        granted_at=cluster.updated_at,
        expires_at=None,
    )


def _logs(cluster: clusters.Cluster) -> delegations.Delegation:
    return delegations.Delegation(
        id=f"standing:log-subscription:{cluster.id}",
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        activity=operations.ACTIVITY_OF[FORWARD],
        to_party=errors.PROVIDER,
        operations=(FORWARD,),
        automation_only=True,
        reason="the audit log is subscribed; the end of the last subscription revokes it",
        granted_by="the customer's setting",
        granted_at=cluster.updated_at,
        expires_at=None,
    )


def _autoscale(cluster: clusters.Cluster, pool: nodepools.NodePool) -> delegations.Delegation:
    return delegations.Delegation(
        id=f"standing:autoscale:{pool.id}",
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        activity=operations.ACTIVITY_OF[AUTOSCALE],
        to_party=errors.PROVIDER,
        operations=(AUTOSCALE,),
        subject=f"nodepool:{pool.id}",
        bounds=(pool.minimum, pool.maximum),
        automation_only=True,
        reason=f"autoscale of pool {pool.name} is on, from {pool.minimum} to {pool.maximum} nodes; off revokes it",
        granted_by="the customer's setting",
        granted_at=pool.updated_at,
        expires_at=None,
    )
