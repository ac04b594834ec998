"""The shapes of answers, named as on the wire.

Typed dictionaries, not objects: what the command line prints as JSON is exactly what the service said,
fields that this version does not know included.
"""

from typing import Literal, TypedDict


class Cluster(TypedDict):
    id: str
    name: str
    region: str
    version: str
    plan: str
    status: str
    updatePolicy: str
    kubeProxyMode: str
    url: str
    nodesUrl: str
    nextUpgradeVersions: list[str] | None
    isUpToDate: bool
    createdAt: str
    updatedAt: str


class Taint(TypedDict):
    key: str
    value: str
    effect: str


class TemplateMetadata(TypedDict):
    annotations: dict[str, str]
    finalizers: list[str]
    labels: dict[str, str]


class TemplateSpec(TypedDict):
    taints: list[Taint]
    unschedulable: bool


class Template(TypedDict):
    metadata: TemplateMetadata
    spec: TemplateSpec


class NodePool(TypedDict):
    id: str
    name: str
    flavor: str
    status: str
    sizeStatus: str
    autoscale: bool
    antiAffinity: bool
    desiredNodes: int
    minNodes: int
    maxNodes: int
    currentNodes: int
    availableNodes: int
    upToDateNodes: int
    template: Template | None
    createdAt: str
    updatedAt: str


class Node(TypedDict):
    id: str
    name: str
    nodePoolId: str
    flavor: str
    version: str
    status: str
    instanceId: str | None
    isUpToDate: bool
    createdAt: str
    updatedAt: str
    deployedAt: str | None
    deletedAt: str | None


class Kubeconfig(TypedDict):
    content: str


class Flavor(TypedDict):
    name: str
    category: str
    state: str
    vCPUs: int
    gpus: int
    ram: int


class CloudProject(TypedDict):
    """A project as its customer sees it, through OVHcloud's routes."""

    project_id: str
    projectName: str | None
    description: str | None
    status: str
    creationDate: str


class Project(TypedDict):
    """A project as the provider sees it."""

    id: str
    account: str
    description: str
    status: str
    createdAt: str


class Credential(TypedDict):
    credentialId: int
    status: str
    applicationKey: str
    account: str | None
    description: str
    createdAt: str
    expiresAt: str | None
    lastUse: str | None


class NewCredential(Credential):
    """The only answer that carries the secrets."""

    applicationSecret: str
    consumerKey: str


class Event(TypedDict):
    id: int
    at: str
    subject: str
    subjectId: str
    type: str
    message: str
    actor: str
    activity: str
    facts: dict[str, str]


class Step(TypedDict):
    name: str
    activity: str
    state: Literal["waiting", "running", "done", "blocked"]
    message: str
    startedAt: str | None
    endedAt: str | None


class Progress(TypedDict):
    subject: str
    flow: str
    fraction: float
    startedAt: str
    endedAt: str | None
    steps: list[Step]
