"""Resets: a cluster loses all that it holds, and is made anew with its id, its place and its node pools."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from steward.domain import actors, clusters, conditions, customizations, errors, networks, nodes, versions
from steward.operations import (
    access,
    capabilities,
    capacity,
    changes,
    cluster_networks,
    history,
    kubeconfigs,
    moments,
    orders,
    renewals,
    wishes,
)
from steward.operations import clusters as clusters_
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records


class Workers(StrEnum):
    """Values of `cloud.kube.ResetWorkerNodesPolicyEnum`."""

    DELETE = "delete"
    REINSTALL = "reinstall"


@operation("cluster.reset")
async def reset(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, order: orders.ResetOrder
) -> None:
    """Also of a cluster that failed. Nodes that are deleted leave their pools with what their minimum asks for."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        workers = clusters_.word(Workers, order.workers or Workers.DELETE, "workerNodesPolicy")
        changed = _changed(context, cluster, order, now)
        around = cluster_networks.around(changed, context.own_range)
        network = await cluster_networks.chosen(work, cluster_networks.choice(order), around)
        changed = dataclasses.replace(changed, network=network)
        _check_moment(cluster)
        members = await work.nodes.of_cluster(cluster.id)
        if workers is Workers.REINSTALL:
            await _check_room(work, changed, members)
        change = changes.Change(
            operation="cluster.reset",
            reason=conditions.Reason.RESETTING,
            message="All that it holds is being wiped; then it is made anew",
            at_once=True,
        )
        saved = await renewals.save(work, changed, change, now)
        if workers is Workers.DELETE:
            await _delete_nodes(work, saved, members, now)
        await work.secrets.put(cluster.id, kubeconfigs.SECRET, b"")  # nobody is handed the old one any more
        await history.write(
            work,
            history.Deed(
                operation="cluster.reset",
                type="cluster:reset-asked",
                message=f"The reset of cluster {cluster.name} was asked for: all that it holds goes",
                facts={**clusters_.described(saved), "workerNodesPolicy": workers.value},
            ),
            at=now,
            actor=actor,
            cluster=saved,
        )
    context.wake(f"cluster:{cluster_id}")
    for node in members:
        context.wake(f"node:{node.id}")


_FAILED = frozenset(
    {
        clusters.Status.ERROR,
        clusters.Status.USER_ERROR,
        clusters.Status.USER_QUOTA_ERROR,
        clusters.Status.USER_WEBHOOK_PREVENTING_OPERATIONS_ERROR,
    }
)


def _check_moment(cluster: clusters.Cluster) -> None:
    """Also where it failed, or is being restored in vain: whatever is wrong with it goes with its data."""
    progressing = conditions.find(cluster.conditions, conditions.Kind.PROGRESSING)
    restoring = progressing is not None and progressing.holds and progressing.reason is conditions.Reason.RESTORING
    if cluster.deleting or not (restoring or clusters.status(cluster) in _FAILED):
        moments.check_stands(cluster)


def _changed(
    context: context_.Context, cluster: clusters.Cluster, order: orders.ResetOrder, now: datetime
) -> clusters.Cluster:
    same = orders.ClusterOrder(
        region=cluster.region,
        pods=order.pods,
        services=order.services,
    )
    cluster_networks.check_form(cluster_networks.choice(order))
    pods, services = wishes.ranges(same, cluster.plan)
    policy = order.update_policy or clusters.UpdatePolicy.ALWAYS_UPDATE
    mode = order.proxy_mode or clusters.ProxyMode.IPTABLES
    changed = dataclasses.replace(
        cluster,
        name=clusters.checked_name(order.name) if order.name else cluster.name,
        version=_version(cluster, order.version),
        update_policy=clusters_.word(clusters.UpdatePolicy, policy, "updatePolicy"),
        proxy_mode=clusters_.word(clusters.ProxyMode, mode, "kubeProxyMode"),
        customization=customizations.changed(customizations.DEFAULT, order.customization or {}),
        pods=pods,
        services=services,
        node_generation=cluster.node_generation + 1,
        reset_asked_at=now,
    )
    return dataclasses.replace(changed, conditions=clusters_.fallback(context, changed, now))


def _version(cluster: clusters.Cluster, series: str | None) -> versions.Version:
    """The one that it has, also where it is offered no more; else the newest patch of the one that is named."""
    if series is None:
        return cluster.version
    return versions.latest_of(capabilities.versions_offered(), series)


async def _check_room(work: records.Work, changed: clusters.Cluster, members: Sequence[nodes.Node]) -> None:
    """Nodes that stay keep their numbers, and their pods' ranges follow from these."""
    capacity.check_node_quota(changed, await work.nodepools.of_cluster(changed.id))
    most = networks.most_nodes(changed.pods)
    beyond = [each.name for each in members if each.number >= most]
    if beyond:
        raise errors.BadInput(
            f"[ipAllocationPolicy.podsIpv4Cidr] {changed.pods} has no room for {', '.join(beyond[:5])}; delete the "
            "nodes, or choose workerNodesPolicy delete",
            name="InvalidDataError",
        )


async def _delete_nodes(
    work: records.Work, cluster: clusters.Cluster, members: Sequence[nodes.Node], now: datetime
) -> None:
    for node in members:
        if not node.deleting:
            await work.nodes.save(dataclasses.replace(node, delete_asked_at=now, updated_at=now))
    for pool in await work.nodepools.of_cluster(cluster.id):
        await work.nodepools.save(dataclasses.replace(pool, desired=pool.minimum, remove_first=(), updated_at=now))
