"""One worker of a cluster, from its order to its history."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address
from typing import NewType

from steward.domain import clusters, versions
from steward.domain import conditions as conditions_

NodeId = NewType("NodeId", str)  # a UUID

LONGEST_POOL_IN_NAME = 30


class Status(StrEnum):
    """Values of `cloud.kube.NodeStatusEnum`."""

    DELETED = "DELETED"
    DELETING = "DELETING"
    ERROR = "ERROR"
    FLAVOR_OUT_OF_STOCK_ERROR = "FLAVOR_OUT_OF_STOCK_ERROR"
    INSTALLING = "INSTALLING"
    MAINTENANCE = "MAINTENANCE"
    READY = "READY"
    REDEPLOYING = "REDEPLOYING"
    REOPENING = "REOPENING"
    RESETTING = "RESETTING"
    SUSPENDED = "SUSPENDED"
    SUSPENDING = "SUSPENDING"
    UNKNOWN = "UNKNOWN"
    UPDATING = "UPDATING"
    USER_ERROR = "USER_ERROR"
    USER_NODE_NOT_FOUND_ERROR = "USER_NODE_NOT_FOUND_ERROR"
    USER_NODE_SUSPENDED_SERVICE = "USER_NODE_SUSPENDED_SERVICE"
    USER_QUOTA_ERROR = "USER_QUOTA_ERROR"
    USER_WEBHOOK_PREVENTING_OPERATIONS_ERROR = "USER_WEBHOOK_PREVENTING_OPERATIONS_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`number` is allotted within the cluster; address and pod range follow from it.

    `version` and `generation` are what it shall run with now; it gets the cluster's when it is its turn.
    `installed_version` is what its kubelet was last seen with, once all of it was as wanted.
    `instance_id` is None until the machine exists, `deployed_at` until it was first ready.
    """

    id: NodeId
    cluster_id: clusters.ClusterId
    nodepool_id: str
    name: str
    flavor: str
    version: versions.Version
    generation: int = 0
    installed_version: versions.Version | None = None
    number: int
    instance_id: str | None = None
    delete_asked_at: datetime | None = None
    drain_began_at: datetime | None = None
    conditions: conditions_.Conditions = ()
    created_at: datetime
    updated_at: datetime
    deployed_at: datetime | None = None
    deleted_at: datetime | None = None
    subnet_id: str | None = None  # of the private network that it has `private_address` on
    private_address: IPv4Address | None = None

    @property
    def deleting(self) -> bool:
        return self.delete_asked_at is not None


_BUSY = {
    conditions_.Reason.UPDATING: Status.UPDATING,
    conditions_.Reason.REDEPLOYING: Status.REDEPLOYING,
    conditions_.Reason.RESETTING: Status.RESETTING,
}


def status(node: Node) -> Status:
    """OVHcloud's word for the conditions."""
    if node.deleted_at is not None:
        return Status.DELETED
    if node.deleting:
        return Status.DELETING
    if conditions_.holds(node.conditions, conditions_.Kind.BLOCKED):
        return Status.ERROR
    busy = conditions_.asked_for(node.conditions)
    if busy is not None:
        return _BUSY[busy]
    if conditions_.holds(node.conditions, conditions_.Kind.READY):
        return Status.READY
    return Status.INSTALLING if node.deployed_at is None else Status.REDEPLOYING


def machine_id(node_id: NodeId, generation: int) -> str:
    """What the machine says in /etc/machine-id, and its kubelet to the cluster: another one once it is made anew."""
    made = node_id if generation == 0 else f"{node_id}/{generation}"
    return hashlib.sha256(made.encode()).hexdigest()[:32]


def name_of(pool_name: str, node_id: NodeId) -> str:
    """As OVHcloud names them: the pool's name cut at 30, `-node-`, 6 hex characters."""
    return f"{pool_name[:LONGEST_POOL_IN_NAME].rstrip('-')}-node-{node_id.replace('-', '')[:6]}"
