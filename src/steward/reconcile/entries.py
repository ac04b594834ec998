"""steward's way into a cluster as one of its identities, with as little looked up as can be."""

from steward.domain import clusters
from steward.ports import guests
from steward.reconcile import credentials, issuances
from steward.reconcile.services import Services


async def access(services: Services, cluster: clusters.Cluster, identity: issuances.Identity) -> guests.Access:
    """`NotAnswering` where there are no keys yet, and so nothing to enter."""
    held = services.keyring.held(cluster.id, identity)
    if held is not None:
        return held
    async with services.records.read() as work:
        files = await credentials.load(work, cluster.id)
    if not files:
        raise guests.NotAnswering("the cluster has no keys yet")
    return await services.keyring.access(cluster, services.plan.cluster(cluster.slot), files, identity)
