"""Bodies of requests as OVHcloud's models have them: types are checked here, meanings by the operations.

Fields that a model does not know are kept aside, to be named in the answer's header. Types are strict: no
number in quotes, no 1 for true. `null` is what was left out.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from steward.api.ovh.models import base, words
from steward.domain import nodepools, openidconnects
from steward.operations import orders


def _widened(value: object) -> object:
    """A whole number is a number as well."""
    return float(value) if type(value) is int and abs(value) < 2**53 else value


Int = Annotated[StrictInt, Field(ge=-(2**31), le=2**31 - 1)]
Number = Annotated[StrictFloat, BeforeValidator(_widened), Field(allow_inf_nan=False)]
Text = StrictStr


class Body(BaseModel):
    model_config = ConfigDict(extra="allow")


class AccessRule(Body, title="auth.AccessRule"):
    method: Text
    path: Text


class CredentialRequest(Body, title="auth.CredentialRequest"):
    accessRules: list[AccessRule]
    redirection: Text | None = None
    allowedIPs: list[base.IpBlock] | None = None


class ProjectEdit(Body, title="cloud.Project"):
    """What of it is writable."""

    description: Text | None = None
    manualQuota: StrictBool | None = None


class RegionCreation(Body, title="cloud.ProjectRegionCreation"):
    region: Text


class Taint(Body, title="cloud.kube.Taint"):
    key: Text
    value: Text
    effect: words.TaintEffect


class TemplateMetadata(Body, title="cloud.kube.NodePoolTemplateMetadata"):
    """All three have to be there; Go clients write an empty one as `null`."""

    annotations: dict[Text, Text] | None
    finalizers: list[Text] | None
    labels: dict[Text, Text] | None


class TemplateSpec(Body, title="cloud.kube.NodePoolTemplateSpec"):
    taints: list[Taint] | None
    unschedulable: StrictBool


class Template(Body, title="cloud.kube.NodePoolTemplate"):
    metadata: TemplateMetadata
    spec: TemplateSpec

    def value(self) -> nodepools.Template:
        return nodepools.Template(
            labels=self.metadata.labels or {},
            annotations=self.metadata.annotations or {},
            finalizers=tuple(self.metadata.finalizers or ()),
            taints=tuple(
                nodepools.Taint(key=each.key, value=each.value, effect=each.effect) for each in self.spec.taints or ()
            ),
            unschedulable=self.spec.unschedulable,
        )


class Autoscaling(Body, title="cloud.ProjectKubeNodePoolAutoscalingParams"):
    scaleDownUnneededTimeSeconds: Int | None = None
    scaleDownUnreadyTimeSeconds: Int | None = None
    scaleDownUtilizationThreshold: Number | None = None

    def value(self) -> orders.AutoscalingOrder:
        return orders.AutoscalingOrder(
            scale_down_unneeded_seconds=self.scaleDownUnneededTimeSeconds,
            scale_down_unready_seconds=self.scaleDownUnreadyTimeSeconds,
            scale_down_utilization=self.scaleDownUtilizationThreshold,
        )


class FloatingIps(Body, title="cloud.ProjectKubeNodePoolAttachFloatingIpsParams"):
    enabled: StrictBool | None = None


class PoolCreation(Body, title="cloud.ProjectKubeNodePoolCreation"):
    flavorName: Text
    name: Text | None = None
    desiredNodes: Int | None = None
    minNodes: Int | None = None
    maxNodes: Int | None = None
    antiAffinity: StrictBool | None = None
    autoscale: StrictBool | None = None
    monthlyBilled: StrictBool | None = None
    autoscaling: Autoscaling | None = None
    availabilityZones: list[Text] | None = None
    attachFloatingIps: FloatingIps | None = None
    template: Template | None = None

    def value(self) -> orders.PoolOrder:
        return orders.PoolOrder(
            flavor=self.flavorName,
            name=self.name,
            desired=self.desiredNodes,
            minimum=self.minNodes,
            maximum=self.maxNodes,
            autoscale=self.autoscale,
            autoscaling=self.autoscaling.value() if self.autoscaling else None,
            anti_affinity=self.antiAffinity,
            monthly_billed=self.monthlyBilled,
            floating_ips=self.attachFloatingIps.enabled if self.attachFloatingIps else None,
            availability_zones=self.availabilityZones,
            template=self.template.value() if self.template else None,
        )


class CreationPool(PoolCreation, title="cloud.ProjectKubeCreationNodePool"):
    """The same inside a cluster's order."""


class PoolUpdate(Body, title="cloud.ProjectKubeNodePoolUpdate"):
    """What cannot be edited is ignored, as clients send it back anyway."""

    desiredNodes: Int | None = None
    minNodes: Int | None = None
    maxNodes: Int | None = None
    autoscale: StrictBool | None = None
    autoscaling: Autoscaling | None = None
    attachFloatingIps: FloatingIps | None = None
    template: Template | None = None
    nodesToRemove: Annotated[list[Text], Field(max_length=500)] | None = None

    def value(self) -> orders.PoolChange:
        return orders.PoolChange(
            desired=self.desiredNodes,
            minimum=self.minNodes,
            maximum=self.maxNodes,
            autoscale=self.autoscale,
            autoscaling=self.autoscaling.value() if self.autoscaling else None,
            floating_ips=self.attachFloatingIps.enabled if self.attachFloatingIps else None,
            template=self.template.value() if self.template else None,
            remove_first=tuple(self.nodesToRemove or ()),
        )


class AdmissionPlugins(Body):
    enabled: list[words.AdmissionPlugin] | None = None
    disabled: list[words.AdmissionPlugin] | None = None


class ApiServer(Body):
    admissionPlugins: AdmissionPlugins | None = None


class KubeProxyIptables(Body):
    minSyncPeriod: base.Duration | None = None
    syncPeriod: base.Duration | None = None


class KubeProxyIpvs(Body):
    minSyncPeriod: base.Duration | None = None
    syncPeriod: base.Duration | None = None
    scheduler: words.IpvsScheduler | None = None
    tcpFinTimeout: base.Duration | None = None
    tcpTimeout: base.Duration | None = None
    udpTimeout: base.Duration | None = None


class KubeProxy(Body):
    iptables: KubeProxyIptables | None = None
    ipvs: KubeProxyIpvs | None = None


class MeshApiServer(Body):
    serviceType: words.MeshServiceType | None = None
    nodePort: Int | None = None


class ClusterMesh(Body):
    enabled: StrictBool | None = None
    apiServer: MeshApiServer | None = None


class HubbleRelay(Body):
    enabled: StrictBool | None = None


class Resources(Body):
    cpu: Text | None = None
    memory: Text | None = None


class HubbleUiResources(Body):
    limits: Resources | None = None
    requests: Resources | None = None


class HubbleUi(Body):
    enabled: StrictBool | None = None
    backendResources: HubbleUiResources | None = None
    frontendResources: HubbleUiResources | None = None


class Hubble(Body):
    enabled: StrictBool | None = None
    relay: HubbleRelay | None = None
    ui: HubbleUi | None = None


class Cilium(Body):
    clusterId: Int | None = None
    clusterMesh: ClusterMesh | None = None
    hubble: Hubble | None = None


class Customization(Body, title="cloud.ProjectKubeCustomization"):
    apiServer: ApiServer | None = None
    kubeProxy: KubeProxy | None = None
    cilium: Cilium | None = None

    def value(self) -> Mapping[str, Any]:
        return self.model_dump(exclude_none=True)


class PrivateNetworkConfiguration(Body, title="cloud.kube.PrivateNetworkConfiguration"):
    defaultVrackGateway: Text | None = None
    privateNetworkRoutingAsDefault: StrictBool | None = None


class IpAllocationPolicy(Body, title="cloud.ProjectKubeIpAllocationPolicy"):
    podsIpv4Cidr: base.Ipv4Block | None = None
    servicesIpv4Cidr: base.Ipv4Block | None = None


class ClusterCreation(Body, title="cloud.ProjectKubeCreation"):
    region: Text
    name: Text | None = None
    version: words.Version | None = None
    plan: Text | None = None
    updatePolicy: words.UpdatePolicy | None = None
    kubeProxyMode: words.ProxyMode | None = None
    customization: Customization | None = None
    ipAllocationPolicy: IpAllocationPolicy | None = None
    privateNetworkId: Text | None = None
    nodesSubnetId: Text | None = None
    loadBalancersSubnetId: base.Uuid | None = None
    privateNetworkConfiguration: PrivateNetworkConfiguration | None = None
    nodepool: CreationPool | None = None
    nodepools: Annotated[list[CreationPool], Field(max_length=100)] | None = None

    def value(self) -> orders.ClusterOrder:
        policy, network = self.ipAllocationPolicy, self.privateNetworkConfiguration
        pools = [*(self.nodepools or ()), *([self.nodepool] if self.nodepool else ())]
        return orders.ClusterOrder(
            region=self.region,
            name=self.name,
            version=self.version,
            plan=self.plan,
            update_policy=self.updatePolicy,
            proxy_mode=self.kubeProxyMode,
            pods=policy.podsIpv4Cidr if policy else None,
            services=policy.servicesIpv4Cidr if policy else None,
            private_network_id=self.privateNetworkId,
            nodes_subnet_id=self.nodesSubnetId,
            load_balancers_subnet_id=self.loadBalancersSubnetId,
            private_network=network.model_dump(include=set(PrivateNetworkConfiguration.model_fields))
            if network
            else None,
            customization=self.customization.value() if self.customization else None,
            pools=[each.value() for each in pools],
        )


class ClusterUpdate(Body, title="cloud.ProjectKubeUpdate"):
    name: Text | None = None
    updatePolicy: words.UpdatePolicy | None = None


class UpdatePolicyUpdate(Body):
    """`cloud.ProjectKubeUpdatePolicyUpdate`."""

    updatePolicy: words.UpdatePolicy


class Restart(Body):
    """`cloud.ProjectKubeRestart`."""

    force: StrictBool | None = None


class OpenIdConnect(Body):
    """`cloud.ProjectKubeOpenIdConnectUpdate`."""

    issuerUrl: Text | None = None
    clientId: Text | None = None
    usernameClaim: Text | None = None
    usernamePrefix: Text | None = None
    groupsClaim: list[Text] | None = None
    groupsPrefix: Text | None = None
    requiredClaim: list[Text] | None = None
    signingAlgorithms: list[words.SigningAlgorithm] | None = None
    caContent: Text | None = None

    def value(self) -> openidconnects.Asked:
        return openidconnects.Asked(
            issuer_url=self.issuerUrl,
            client_id=self.clientId,
            username_claim=self.usernameClaim,
            username_prefix=self.usernamePrefix,
            groups_claim=self.groupsClaim,
            groups_prefix=self.groupsPrefix,
            required_claim=self.requiredClaim,
            signing_algorithms=self.signingAlgorithms,
            authority=self.caContent,
        )


class OpenIdConnectCreation(OpenIdConnect):
    """`cloud.ProjectKubeOpenIdConnectCreation`."""

    issuerUrl: Text
    clientId: Text


class ClusterUpdateCreation(Body, title="cloud.ProjectKubeUpdateCreation"):
    """`force` has no effect, at OVHcloud either."""

    strategy: words.UpdateStrategy | None = None
    force: StrictBool | None = None


class ClusterReset(Body, title="cloud.ProjectKubeResetCreation"):
    name: Text | None = None
    version: words.Version | None = None
    updatePolicy: words.UpdatePolicy | None = None
    kubeProxyMode: words.ProxyMode | None = None
    customization: Customization | None = None
    ipAllocationPolicy: IpAllocationPolicy | None = None
    privateNetworkId: Text | None = None
    nodesSubnetId: Text | None = None
    loadBalancersSubnetId: base.Uuid | None = None
    privateNetworkConfiguration: PrivateNetworkConfiguration | None = None
    workerNodesPolicy: words.WorkerNodesPolicy | None = None

    def value(self) -> orders.ResetOrder:
        policy, network = self.ipAllocationPolicy, self.privateNetworkConfiguration
        known = set(PrivateNetworkConfiguration.model_fields)
        return orders.ResetOrder(
            name=self.name,
            version=self.version,
            update_policy=self.updatePolicy,
            proxy_mode=self.kubeProxyMode,
            pods=policy.podsIpv4Cidr if policy else None,
            services=policy.servicesIpv4Cidr if policy else None,
            private_network_id=self.privateNetworkId,
            nodes_subnet_id=self.nodesSubnetId,
            load_balancers_subnet_id=self.loadBalancersSubnetId,
            private_network=network.model_dump(include=known) if network else None,
            customization=self.customization.value() if self.customization else None,
            workers=self.workerNodesPolicy,
        )


def flag(text: str | None) -> bool:
    """A query's boolean, as Go, Python and browsers write it."""
    return text in ("true", "True", "1")
