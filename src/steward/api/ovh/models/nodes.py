"""Nodes."""

from steward.api.ovh.models import words
from steward.api.ovh.models.base import Model, Moment


class Node(Model, title="cloud.kube.Node"):
    id: str
    name: str
    nodePoolId: str
    projectId: str
    flavor: str
    version: str
    instanceId: str | None
    isUpToDate: bool
    status: words.NodeStatus
    createdAt: Moment
    updatedAt: Moment
    deployedAt: Moment | None
    deletedAt: Moment | None
