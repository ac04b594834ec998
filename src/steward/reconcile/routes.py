"""Whether the nodes of a cluster route as it was wanted, by what their own networks say.

Called by `clusters` while a change of the routing is carried out, and by the collector of evidence at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from steward.domain import clusters, conditions, nodes, private_networks
from steward.ports import private_networks as ports_
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.services import Services

STEP = "Wait until the nodes route as wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A node that stands and has an address on the private network, and its leg there."""

    node: nodes.Node
    leg: ports_.LegState
    default_via: str  # as wanted

    @property
    def right(self) -> bool:
        return (self.leg.address, self.leg.default_via) == (str(self.node.private_address), self.default_via)


async def seen(services: Services, cluster: clusters.Cluster) -> Sequence[Seen]:
    """Of the nodes that are neither coming nor going; nothing where the cluster is on no private network."""
    if cluster.network is None:
        return []
    async with services.records.read() as work:
        subnet = await work.subnets.get(cluster.network.nodes_subnet_id)
        members = await work.nodes.of_cluster(cluster.id)
    if subnet is None:
        return []
    via = str(private_networks.default_via(cluster.network, subnet) or "")
    settled = [
        each
        for each in members
        if not each.deleting and each.deployed_at is not None and each.private_address is not None
    ]
    legs = await services.private_networks.legs(services.plan.cluster(cluster.slot), [each.number for each in settled])
    return [Seen(node=each, leg=legs[each.number], default_via=via) for each in settled if each.number in legs]


async def carried(services: Services, cluster: clusters.Cluster) -> Outcome:
    """The nodes' own reconcilers change their routes; whether they lead where they have to is looked at here."""
    if not conditions.holds(cluster.conditions, conditions.Kind.PROGRESSING):
        return DONE
    wrong = [each.node for each in await seen(services, cluster) if not each.right]
    for node in wrong:
        services.wake(f"node:{node.id}")

    async def as_wanted() -> bool:
        return all(each.right for each in await seen(services, cluster))

    if not wrong or await services.until(as_wanted):
        return DONE
    return Wait(message=f"{len(wrong)} nodes do not route as wanted yet", after=1.0)
