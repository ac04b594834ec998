"""Bodies of requests about networks, as OVHcloud's models have them; what `requests.py` is for clusters."""

from pydantic import StrictBool

from steward.api.ovh.models import base, words
from steward.api.ovh.requests import Body, Int, Text
from steward.operations import private_networks, subnets


class NetworkCreation(Body, title="cloud.ProjectNetworkPrivateCreation"):
    name: Text
    regions: list[Text] | None = None
    vlanId: Int | None = None

    def value(self) -> private_networks.NetworkOrder:
        return private_networks.NetworkOrder(name=self.name, regions=tuple(self.regions or ()), vlan=self.vlanId)


class NetworkUpdate(Body, title="cloud.ProjectNetworkPrivateUpdate"):
    name: Text


class NetworkRegion(Body, title="cloud.ProjectNetworkPrivateRegionCreation"):
    region: Text


class SubnetCreation(Body, title="cloud.ProjectNetworkPrivateSubnetCreation"):
    """All of it is required."""

    dhcp: StrictBool
    start: base.Ip
    end: base.Ip
    network: base.IpBlock
    noGateway: StrictBool
    region: Text

    def value(self) -> subnets.SubnetOrder:
        return subnets.SubnetOrder(
            region=self.region,
            network=self.network,
            start=self.start,
            end=self.end,
            dhcp=self.dhcp,
            no_gateway=self.noGateway,
        )


class SubnetUpdate(Body, title="cloud.ProjectNetworkPrivateSubnetUpdate"):
    dhcp: StrictBool
    disableGateway: StrictBool
    gatewayIp: base.Ip | None = None

    def value(self) -> subnets.SubnetChange:
        return subnets.SubnetChange(dhcp=self.dhcp, disable_gateway=self.disableGateway, gateway_ip=self.gatewayIp)


class GatewayCreation(Body, title="cloud.GatewayCreation"):
    model: words.GatewayModel | None = None
    name: Text | None = None


class GatewayUpdate(Body, title="cloud.GatewayUpdate"):
    model: words.GatewayModel | None = None
    name: Text | None = None


class LoadBalancersSubnet(Body, title="cloud.ProjectKubeUpdateLoadBalancersSubnetId"):
    loadBalancersSubnetId: base.Uuid | None = None
