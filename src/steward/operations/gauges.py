"""Figures of a cluster's control plane, read at the moment of asking."""

from steward.domain import actors
from steward.operations import access
from steward.operations import context as context_
from steward.ports.control_planes import ETCD_QUOTA
from steward.ports.gauges import EtcdUsage


async def etcd(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> EtcdUsage:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
    if cluster.installed_version is None:
        return EtcdUsage(quota=ETCD_QUOTA[cluster.plan], usage=0)  # nothing was ever written, or it was wiped
    return await context.gauges.etcd(cluster.id, cluster.slot)
