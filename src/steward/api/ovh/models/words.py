"""OVHcloud's enumerations, by their names there. Where the domain knows the words, they are the domain's."""

from typing import Annotated

from pydantic import StrictStr

from steward.api.ovh.models.base import one_of
from steward.catalogue import loading
from steward.domain import clusters, credentials, nodepools, nodes, projects

ClusterStatus = Annotated[StrictStr, one_of("cloud.kube.ClusterStatusEnum", clusters.Status)]
PoolStatus = Annotated[StrictStr, one_of("cloud.kube.NodePoolStatusEnum", nodepools.Status)]
PoolSizeStatus = Annotated[StrictStr, one_of("cloud.kube.NodePoolSizeStatusEnum", nodepools.SizeStatus)]
NodeStatus = Annotated[StrictStr, one_of("cloud.kube.NodeStatusEnum", nodes.Status)]
UpdatePolicy = Annotated[StrictStr, one_of("cloud.kube.UpdatePolicyEnum", clusters.UpdatePolicy)]
UpdateStrategy = Annotated[StrictStr, one_of("cloud.kube.UpdateStrategyEnum", ("LATEST_PATCH", "NEXT_MINOR"))]
Version = Annotated[
    StrictStr,
    one_of("cloud.kube.VersionEnum", {each.rpartition(".")[0] for each in loading.kubernetes_versions().offered}),
]
ProxyMode = Annotated[StrictStr, one_of("cloud.kube.KubeProxyModeEnum", clusters.ProxyMode)]
IpvsScheduler = Annotated[
    StrictStr, one_of("cloud.kube.KubeProxyIpvsSchedulerEnum", ("dh", "lc", "nq", "rr", "sed", "sh"))
]
WorkerNodesPolicy = Annotated[StrictStr, one_of("cloud.kube.ResetWorkerNodesPolicyEnum", ("delete", "reinstall"))]
TaintEffect = Annotated[
    StrictStr, one_of("cloud.kube.TaintEffectEnum", ("NoExecute", "NoSchedule", "PreferNoSchedule"))
]
FlavorCategory = Annotated[StrictStr, one_of("cloud.kube.FlavorCategoryEnum", "abcdghilrt")]
FlavorState = Annotated[StrictStr, one_of("cloud.kube.FlavorStateEnum", ("available", "unavailable"))]
SigningAlgorithm = Annotated[
    StrictStr,
    one_of(
        "cloud.kube.OpenIdConnectSigningAlgorithmsEnum",
        (f"{family}{size}" for family in ("ES", "PS", "RS") for size in (256, 384, 512)),
    ),
]
AdmissionPlugin = Annotated[
    StrictStr,
    one_of("cloud.ProjectKubeCustomizationAPIServerAdmissionPluginsEnum", ("AlwaysPullImages", "NodeRestriction")),
]
MeshServiceType = Annotated[
    StrictStr,
    one_of("cloud.ProjectKubeCustomizationCiliumClusterMeshApiServerServiceTypeEnum", ("LoadBalancer", "NodePort")),
]
ProjectStatus = Annotated[StrictStr, one_of("cloud.project.ProjectStatusEnum", projects.Status)]
ProjectAccess = Annotated[StrictStr, one_of("cloud.AccessTypeEnum", ("full", "restricted"))]
ResourceState = Annotated[StrictStr, one_of("iam.ResourceStateEnum", ("EXPIRED", "IN_CREATION", "OK", "SUSPENDED"))]
RegionType = Annotated[StrictStr, one_of("cloud.RegionTypeEnum", ("localzone", "region", "region-3-az"))]
RegionStatus = Annotated[StrictStr, one_of("cloud.RegionStatusEnum", ("DOWN", "MAINTENANCE", "UP"))]
Continent = Annotated[StrictStr, one_of("cloud.RegionContinentEnum", ("AF", "ASIA", "EU", "NA", "US"))]
ServiceStatus = Annotated[StrictStr, one_of("cloud.ServiceStatusEnum", ("DOWN", "UP"))]
FlavorCapability = Annotated[
    StrictStr, one_of("cloud.flavor.CapabilityEnum", ("failoverip", "resize", "snapshot", "volume"))
]
NetworkType = Annotated[StrictStr, one_of("cloud.network.TypeEnum", ("private", "public"))]
NetworkStatus = Annotated[StrictStr, one_of("cloud.network.StatusEnum", ("ACTIVE", "BUILDING", "DELETING", "ERROR"))]
NetworkRegionStatus = Annotated[StrictStr, one_of("cloud.network.RegionStatusEnum", ("ACTIVE", "BUILDING"))]
GatewayModel = Annotated[StrictStr, one_of("cloud.GatewayModelEnum", ("s", "m", "l", "xl", "2xl", "3xl"))]
GatewayStatus = Annotated[StrictStr, one_of("cloud.GatewayStatusEnum", ("active", "building", "down", "error"))]
OperationStatus = Annotated[
    StrictStr,
    one_of("cloud.OperationStatusEnum", ("canceled", "completed", "created", "in-error", "in-progress", "unknown")),
]
CredentialState = Annotated[StrictStr, one_of("auth.CredentialStateEnum", credentials.Status)]
LogOperationState = Annotated[
    StrictStr,
    one_of(
        "dbaas.logs.OperationStateEnum",
        ("FAILURE", "PENDING", "RECEIVED", "RETRY", "REVOKED", "RUNNING", "STARTED", "SUCCESS"),
    ),
]
