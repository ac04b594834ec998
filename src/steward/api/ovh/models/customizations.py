"""The tree of customizations: every branch may be missing, and is then as by default."""

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Duration, Model

_NAME = "cloud.ProjectKubeCustomization"


class AdmissionPlugins(Model, title=f"{_NAME}APIServerAdmissionPlugins"):
    enabled: list[words.AdmissionPlugin] | None = None
    disabled: list[words.AdmissionPlugin] | None = None


class ApiServer(Model, title=f"{_NAME}APIServer"):
    admissionPlugins: AdmissionPlugins | None = None


class Iptables(Model, title=f"{_NAME}KubeProxyIptables"):
    minSyncPeriod: Duration | None = None
    syncPeriod: Duration | None = None


class Ipvs(Model, title=f"{_NAME}KubeProxyIpvs"):
    minSyncPeriod: Duration | None = None
    syncPeriod: Duration | None = None
    scheduler: words.IpvsScheduler | None = None
    tcpFinTimeout: Duration | None = None
    tcpTimeout: Duration | None = None
    udpTimeout: Duration | None = None


class KubeProxy(Model, title=f"{_NAME}KubeProxy"):
    iptables: Iptables | None = None
    ipvs: Ipvs | None = None


class MeshApiServer(Model, title=f"{_NAME}CiliumClusterMeshApiServer"):
    serviceType: words.MeshServiceType | None = None
    nodePort: int | None = None


class ClusterMesh(Model, title=f"{_NAME}CiliumClusterMesh"):
    enabled: bool | None = None
    apiServer: MeshApiServer | None = None


class HubbleRelay(Model, title=f"{_NAME}CiliumHubbleRelay"):
    enabled: bool | None = None


class Resources(Model, title="cloud.ProjectKubeResources"):
    cpu: str | None = None
    memory: str | None = None


class HubbleUiResources(Model, title=f"{_NAME}CiliumHubbleUIResources"):
    limits: Resources | None = None
    requests: Resources | None = None


class HubbleUi(Model, title=f"{_NAME}CiliumHubbleUI"):
    enabled: bool | None = None
    backendResources: HubbleUiResources | None = None
    frontendResources: HubbleUiResources | None = None


class Hubble(Model, title=f"{_NAME}CiliumHubble"):
    enabled: bool | None = None
    relay: HubbleRelay | None = None
    ui: HubbleUi | None = None


class Cilium(Model, title=f"{_NAME}Cilium"):
    clusterMesh: ClusterMesh | None = None
    hubble: Hubble | None = None
    clusterId: int | None = None


class Customization(Model, title=_NAME):
    apiServer: ApiServer | None = None
    kubeProxy: KubeProxy | None = None
    cilium: Cilium | None = None
