"""A private network with one subnet, in the hands of the customer of a site."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from steward.domain import private_networks
from steward.operations import cluster_networks, gateways, subnets
from steward.operations import private_networks as private_networks_
from tests.unit.reconcile.sites import CUSTOMER, Site

SUBNET = IPv4Network("192.168.40.0/24")
GATEWAY = IPv4Address("192.168.40.1")


class Backbone:
    """One private network with one subnet, in the hands of the customer."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.named: dict[str, Any] = {"project_id": site.project_id}
        self.network: private_networks.PrivateNetwork
        self.subnet: private_networks.Subnet

    async def make(self, *, last: int = 200) -> "Backbone":
        order = private_networks_.NetworkOrder(name="backbone", regions=("LOCAL1",))
        self.network = await private_networks_.create(self.site.context, CUSTOMER, **self.named, order=order)
        wanted = subnets.SubnetOrder(
            region="LOCAL1",
            network=str(SUBNET),
            start="192.168.40.10",
            end=f"192.168.40.{last}",
            dhcp=True,
            no_gateway=False,
        )
        self.subnet = await subnets.create_subnet(
            self.site.context, CUSTOMER, **self.named, network_id=self.wire_id, order=wanted
        )
        return self

    @property
    def wire_id(self) -> str:
        return private_networks.wire_id(self.network)

    @property
    def openstack_id(self) -> str:
        return self.network.regions[0].openstack_id

    async def with_gateway(self) -> str:
        order = gateways.GatewayOrder(
            region="LOCAL1", openstack_id=self.openstack_id, subnet_id=self.subnet.id, name="out", model="s"
        )
        begun = await gateways.create(self.site.context, CUSTOMER, **self.named, order=order)

        async def built() -> bool:
            async with self.site.records.read() as work:
                found = await work.cloud_operations.get(begun.id)
            return found is not None and found.completed_at is not None

        await self.site.clock.until(built, within=30, what="the gateway")
        return begun.resource_id

    async def stands(self) -> bool:
        async with self.site.records.read() as work:
            found = await work.private_networks.get(self.network.id)
        return found is not None and found.status is private_networks.Status.ACTIVE

    async def is_gone(self) -> bool:
        async with self.site.records.read() as work:
            return await work.private_networks.get(self.network.id) is None

    async def delete(self) -> None:
        await private_networks_.delete(self.site.context, CUSTOMER, **self.named, network_id=self.wire_id)

    async def configure(self, cluster_id: str, **tree: Any) -> None:
        await cluster_networks.configure(self.site.context, CUSTOMER, **self.named, cluster_id=cluster_id, tree=tree)

    async def routes(self, cluster_id: str) -> set[str]:
        cluster = await self.site.cluster(cluster_id)
        assert cluster is not None
        members = await self.site.nodes(cluster_id)
        plan = self.site.steward.services.plan
        legs = await self.site.steward.services.private_networks.legs(
            plan.cluster(cluster.slot), [each.number for each in members]
        )
        return {each.default_via for each in legs.values()}
