"""The shapes of answers, named as on the wire.

Typed dictionaries, not objects: what the command line prints as JSON is exactly what the service said,
fields that this version does not know included.
"""

from typing import Literal, NotRequired, TypedDict


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


class Presence(TypedDict):
    """Of a private network in a region, where clusters know it by `openstackId`."""

    region: str
    status: str
    openstackId: str


class PrivateNetwork(TypedDict):
    id: str
    name: str
    vlanId: int
    status: str
    regions: list[Presence]


class Pool(TypedDict):
    """Of a subnet: the addresses that nodes are given."""

    region: str
    start: str
    end: str
    network: str
    dhcp: bool


class Subnet(TypedDict):
    id: str
    cidr: str
    dhcpEnabled: bool
    gatewayIp: str | None
    ipPools: list[Pool]


class Leg(TypedDict):
    """Of a gateway, on a subnet."""

    id: str
    ip: str
    subnetId: str
    networkId: str


class Gateway(TypedDict):
    id: str
    name: str
    region: str
    model: str
    status: str
    interfaces: list[Leg]


class Operation(TypedDict):
    id: str
    action: str
    status: str
    resourceId: str | None


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
    owner: NotRequired[dict[str, str]]  # with its invitation, where the account was handed over to one


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


class Access(TypedDict):
    """Break-glass. `calls` are what was done; None where that is not known."""

    id: str
    cluster: str
    activity: str
    scope: str
    reason: str
    ticket: str
    emergency: bool
    status: str
    minutes: int
    requestedBy: str
    requestedAt: str
    approvedBy: str
    approvedParty: str
    approvedAt: str | None
    expiresAt: str | None
    user: str
    fingerprint: str
    collectedAt: str | None
    endedAt: str | None
    endedBy: str
    refusedWith: str
    refusedAt: str | None
    calls: list[str] | None
    reviewDue: str | None
    reviewedBy: str
    reviewedAt: str | None
    verdict: str | None
    review: str


class Message(TypedDict):
    at: str
    party: str
    author: str
    text: str


class Ticket(TypedDict):
    id: str
    project: str
    cluster: str | None
    title: str
    severity: str
    status: str
    openedBy: str
    openedAt: str
    dueAt: str
    acknowledgedBy: str
    acknowledgedAt: str | None
    closedBy: str
    closedAt: str | None
    incident: str
    messages: list[Message]


class Moment(TypedDict):
    at: str
    party: str
    activity: str
    text: str
    cluster: str


class Incident(TypedDict):
    id: str
    title: str
    cause: str
    status: str
    affected: list[str]
    before: list[str]
    byProbes: bool
    openedBy: str
    openedAt: str
    resolvedBy: str
    resolvedAt: str | None
    closingNote: str
    timeline: list[Moment]


class Vote(TypedDict):
    party: str
    name: str
    against: str
    at: str


class Outage(TypedDict):
    id: str
    beganAt: str
    endedAt: str | None
    failure: str
    proposedActivity: str
    proposedParty: str
    rule: str
    grounds: str
    disputedBy: str
    disputedAt: str | None
    disputeReason: str
    votes: list[Vote]
    settledParty: str
    settledAt: str | None
    countsAgainst: str
    incident: str
    timeline: list[Moment]


class Figures(TypedDict):
    """Of one month; seconds, and shares of one."""

    month: str
    since: str
    until: str
    objective: float
    availability: float | None
    goodSeconds: float
    providerBadSeconds: float
    customerBadSeconds: float
    unknownSeconds: float
    mayBeBadSeconds: float
    missed: bool
    probes: int
    p50Ms: int | None
    p99Ms: int | None


class Hour(TypedDict):
    hour: str
    goodSeconds: float
    badSeconds: float
    probes: int
    p50Ms: int | None
    p99Ms: int | None


class Availability(TypedDict):
    figures: Figures | None
    hours: list[Hour]


class AttributionRule(TypedDict):
    rule: str
    activity: str
    party: str
    grounds: str
