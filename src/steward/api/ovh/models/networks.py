"""Private networks, their subnets and gateways, and the operations that make them."""

from typing import Any

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Model, Moment


class NetworkRegion(Model, title="cloud.network.NetworkRegion"):
    region: str
    status: words.NetworkRegionStatus
    openstackId: str | None


class Network(Model, title="cloud.network.Network"):
    id: str
    name: str
    type: words.NetworkType | None
    vlanId: int
    status: words.NetworkStatus
    regions: list[NetworkRegion]


class IpPool(Model, title="cloud.network.IPPool"):
    network: str
    region: str
    dhcp: bool
    start: str
    end: str


class Subnet(Model, title="cloud.network.Subnet"):
    id: str
    cidr: str
    dhcpEnabled: bool
    gatewayIp: str | None
    ipPools: list[IpPool]


class Gateway(Model, title="cloud.Gateway"):
    id: str
    name: str
    region: str
    model: words.GatewayModel
    status: words.GatewayStatus
    interfaces: list[dict[str, Any]]
    externalInformation: dict[str, Any] | None


class Operation(Model, title="cloud.Operation"):
    id: str
    action: str
    status: words.OperationStatus
    progress: int
    createdAt: Moment
    startedAt: Moment | None
    completedAt: Moment | None
    regions: list[str] | None
    resourceId: str | None
    subOperations: list[dict[str, Any]] | None


class Vrack(Model, title="cloud.Vrack"):
    id: str
    name: str
    description: str
