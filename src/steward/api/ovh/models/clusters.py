"""Clusters and what is read of them."""

from typing import Annotated

from steward.api.ovh.models import customizations, words
from steward.api.ovh.models.base import Ipv4Block, Model, Moment, Uuid, text


class PrivateNetworkConfiguration(Model, title="cloud.kube.PrivateNetworkConfiguration"):
    defaultVrackGateway: str
    privateNetworkRoutingAsDefault: bool | None


class IpAllocationPolicy(Model, title="cloud.ProjectKubeIpAllocationPolicy"):
    podsIpv4Cidr: Ipv4Block | None
    servicesIpv4Cidr: Ipv4Block | None


class Cluster(Model, title="cloud.kube.Cluster"):
    id: str
    region: str
    name: str
    url: str
    nodesUrl: str
    version: str
    nextUpgradeVersions: list[str] | None
    plan: str
    kubeProxyMode: words.ProxyMode
    customization: customizations.Customization | None
    status: words.ClusterStatus
    updatePolicy: str
    isUpToDate: bool
    controlPlaneIsUpToDate: bool
    auditLogsSubscribed: bool
    privateNetworkId: str | None
    nodesSubnetId: str | None
    loadBalancersSubnetId: Uuid | None
    privateNetworkConfiguration: PrivateNetworkConfiguration | None
    ipAllocationPolicy: IpAllocationPolicy | None
    createdAt: Moment
    updatedAt: Moment


class Kubeconfig(Model, title="cloud.kube.Kubeconfig"):
    content: Annotated[str, text("password")]


class EtcdUsage(Model, title="cloud.kube.EtcdUsage"):
    quota: int
    usage: int


class ResponseMessage(Model, title="cloud.kube.ResponseMessage"):
    message: str


class OpenIdConnect(Model, title="cloud.kube.OpenIdConnect"):
    issuerUrl: str
    clientId: str
    usernameClaim: str | None
    usernamePrefix: str | None
    groupsClaim: list[str] | None
    groupsPrefix: str | None
    requiredClaim: list[str] | None
    signingAlgorithms: list[words.SigningAlgorithm] | None
    caContent: str | None
