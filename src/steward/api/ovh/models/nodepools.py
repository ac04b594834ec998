"""Node pools and their templates."""

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Model, Moment


class Autoscaling(Model, title="cloud.kube.NodePoolAutoscaling"):
    scaleDownUnneededTimeSeconds: int
    scaleDownUnreadyTimeSeconds: int
    scaleDownUtilizationThreshold: float


class Taint(Model, title="cloud.kube.Taint"):
    effect: words.TaintEffect
    key: str
    value: str


class TemplateMetadata(Model, title="cloud.kube.NodePoolTemplateMetadata"):
    annotations: dict[str, str]
    finalizers: list[str]
    labels: dict[str, str]


class TemplateSpec(Model, title="cloud.kube.NodePoolTemplateSpec"):
    taints: list[Taint]
    unschedulable: bool


class Template(Model, title="cloud.kube.NodePoolTemplate"):
    metadata: TemplateMetadata
    spec: TemplateSpec


class AttachFloatingIps(Model, title="cloud.kube.NodePoolAttachFloatingIps"):
    enabled: bool


class NodePool(Model, title="cloud.kube.NodePool"):
    id: str
    projectId: str
    name: str
    flavor: str
    status: words.PoolStatus
    sizeStatus: words.PoolSizeStatus
    autoscale: bool
    monthlyBilled: bool
    antiAffinity: bool
    desiredNodes: int
    minNodes: int
    maxNodes: int
    currentNodes: int
    availableNodes: int
    upToDateNodes: int
    autoscaling: Autoscaling
    template: Template
    availabilityZones: list[str] | None
    attachFloatingIps: AttachFloatingIps | None
    createdAt: Moment
    updatedAt: Moment
