"""Pools of equal nodes: bounds, template, and which nodes come and go."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from steward.domain import clusters, errors, nodes
from steward.domain import conditions as conditions_

NodePoolId = NewType("NodePoolId", str)  # a UUID

MOST_NODES = 100  # of a pool that was ordered without a bound
MOST_ANTI_AFFINITY_NODES = 5
LONGEST_NAME = 63
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")


class Status(StrEnum):
    """Values of `cloud.kube.NodePoolStatusEnum`."""

    DELETED = "DELETED"
    DELETING = "DELETING"
    DOWNSCALING = "DOWNSCALING"
    ERROR = "ERROR"
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
    UPSCALING = "UPSCALING"
    USER_ERROR = "USER_ERROR"
    USER_NODE_NOT_FOUND_ERROR = "USER_NODE_NOT_FOUND_ERROR"
    USER_NODE_SUSPENDED_SERVICE = "USER_NODE_SUSPENDED_SERVICE"
    USER_QUOTA_ERROR = "USER_QUOTA_ERROR"
    USER_WEBHOOK_PREVENTING_OPERATIONS_ERROR = "USER_WEBHOOK_PREVENTING_OPERATIONS_ERROR"


class SizeStatus(StrEnum):
    CAPACITY_OK = "CAPACITY_OK"
    OVER_CAPACITY = "OVER_CAPACITY"
    UNDER_CAPACITY = "UNDER_CAPACITY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    key: str
    value: str
    effect: str  # NoExecute, NoSchedule, PreferNoSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What every node of the pool carries, those that stand already and those to come."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaling:
    """Kept until an autoscaler stands (decisions/0004)."""

    scale_down_unneeded_seconds: int = 600
    scale_down_unready_seconds: int = 1200
    scale_down_utilization: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePool:
    id: NodePoolId
    cluster_id: clusters.ClusterId
    name: str
    flavor: str
    desired: int = 1
    minimum: int = 0
    maximum: int = MOST_NODES
    autoscale: bool = False
    autoscaling: Autoscaling = Autoscaling()
    anti_affinity: bool = False
    monthly_billed: bool = False
    availability_zones: tuple[str, ...] = ()
    template: Template = Template()
    remove_first: tuple[str, ...] = ()  # ids of nodes that the customer named for the next downsizing
    kept: Mapping[str, Any] = field(default_factory=dict)
    delete_asked_at: datetime | None = None
    conditions: conditions_.Conditions = ()
    created_at: datetime
    updated_at: datetime

    @property
    def deleting(self) -> bool:
        return self.delete_asked_at is not None


_BUSY = {
    conditions_.Reason.INSTALLING: Status.INSTALLING,
    conditions_.Reason.UPSCALING: Status.UPSCALING,
    conditions_.Reason.DOWNSCALING: Status.DOWNSCALING,
    conditions_.Reason.RESTORING: Status.REDEPLOYING,
    conditions_.Reason.UPDATING: Status.UPDATING,
    conditions_.Reason.REDEPLOYING: Status.REDEPLOYING,
    conditions_.Reason.RESETTING: Status.RESETTING,
}


def status(pool: NodePool) -> Status:
    """OVHcloud's word for the conditions."""
    if pool.deleting:
        return Status.DELETING
    if conditions_.holds(pool.conditions, conditions_.Kind.BLOCKED):
        return Status.ERROR
    progressing = conditions_.find(pool.conditions, conditions_.Kind.PROGRESSING)
    if progressing is not None and progressing.holds:
        return _BUSY.get(progressing.reason, Status.UPDATING)
    if conditions_.holds(pool.conditions, conditions_.Kind.READY):
        return Status.READY
    return Status.UNKNOWN


def size_status(pool: NodePool, available: int) -> SizeStatus:
    if available < pool.desired:
        return SizeStatus.UNDER_CAPACITY
    return SizeStatus.OVER_CAPACITY if available > pool.desired else SizeStatus.CAPACITY_OK


def to_remove(pool: NodePool, present: Sequence[nodes.Node]) -> list[nodes.Node]:
    """The nodes that have to go: those named by the customer first, then the last created."""
    surplus = len(present) - (0 if pool.deleting else pool.desired)
    if surplus <= 0:
        return []
    leaving = [each for each in present if each.deleting]
    staying = [each for each in present if not each.deleting]
    named = [each for each in staying if each.id in pool.remove_first]
    newest = sorted(
        (each for each in staying if each.id not in pool.remove_first),
        key=lambda node: (node.created_at, node.number),
        reverse=True,
    )
    return [*leaving, *named, *newest][:surplus]


def missing(pool: NodePool, present: Sequence[nodes.Node]) -> int:
    """How many nodes have to come; a node on its way out does not count."""
    if pool.deleting:
        return 0
    return max(0, pool.desired - sum(1 for each in present if not each.deleting))


def checked_name(text: str) -> str:
    if len(text) > LONGEST_NAME or not _NAME.fullmatch(text):
        raise errors.BadInput(
            f"Node pool name {text} is invalid, only lowercase characters, digits and '-' are accepted "
            f"(regex: '{_NAME.pattern}')",
            name="InvalidDataError",
        )
    return text


def check_bounds(pool: NodePool, most: int) -> None:
    """`0 <= min <= desired <= max`, and the pool's own ceilings; `most` is what its cluster can have."""
    ceiling = MOST_ANTI_AFFINITY_NODES if pool.anti_affinity else most
    if not 0 <= pool.minimum <= pool.maximum <= ceiling:
        raise errors.BadInput(
            f"Node pool bounds are invalid: 0 <= minNodes ({pool.minimum}) <= maxNodes ({pool.maximum}) <= {ceiling} "
            + ("for a pool with antiAffinity" if pool.anti_affinity else "must hold"),
            name="InvalidDataError",
        )
    if not pool.minimum <= pool.desired <= pool.maximum:
        raise errors.BadInput(
            f"desiredNodes ({pool.desired}) must be between minNodes ({pool.minimum}) and maxNodes ({pool.maximum})",
            name="InvalidDataError",
        )
