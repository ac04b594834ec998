"""Logs: kinds, subscriptions, links that end, operations."""

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Model, Moment, Uuid


class Kind(Model, title="dbaas.logs.LogKind"):
    kindId: Uuid
    name: str
    displayName: str
    additionalReturnedFields: list[str]
    createdAt: Moment
    updatedAt: Moment


class Resource(Model, title="dbaas.logs.LogSubscriptionResource"):
    name: str
    type: str


class Subscription(Model, title="dbaas.logs.LogSubscription"):
    subscriptionId: Uuid
    kind: str
    streamId: Uuid
    serviceName: str
    resource: Resource
    createdAt: Moment
    updatedAt: Moment


class SubscriptionResponse(Model, title="dbaas.logs.LogSubscriptionResponse"):
    operationId: Uuid
    serviceName: str


class TemporaryLink(Model, title="dbaas.logs.TemporaryLogsLink"):
    url: str
    expirationDate: Moment


class Operation(Model, title="dbaas.logs.Operation"):
    operationId: Uuid
    state: words.LogOperationState
    createdAt: Moment
    updatedAt: Moment
    subscriptionId: Uuid | None
    streamId: Uuid | None
    aliasId: Uuid | None
    dashboardId: Uuid | None
    encryptionKeyId: Uuid | None
    indexId: Uuid | None
    inputId: Uuid | None
    kibanaId: Uuid | None
    osdId: Uuid | None
    roleId: Uuid | None
    tokenId: Uuid | None
