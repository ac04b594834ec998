"""A customer's Kubernetes cluster: what is wanted, what is seen, and its status word.

Operations write the wanted part, reconcilers the seen part. The status word of OVHcloud's API is
computed here from the conditions; it is stored nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any, NewType

from steward.domain import conditions as conditions_
from steward.domain import customizations, errors, openidconnects, private_networks, projects, versions

ClusterId = NewType("ClusterId", str)  # a UUID

LONGEST_NAME = 255


class Status(StrEnum):
    """Values of `cloud.kube.ClusterStatusEnum`."""

    DELETED = "DELETED"
    DELETING = "DELETING"
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
    USER_ERROR = "USER_ERROR"
    USER_QUOTA_ERROR = "USER_QUOTA_ERROR"
    USER_WEBHOOK_PREVENTING_OPERATIONS_ERROR = "USER_WEBHOOK_PREVENTING_OPERATIONS_ERROR"


class UpdatePolicy(StrEnum):
    ALWAYS_UPDATE = "ALWAYS_UPDATE"
    MINIMAL_DOWNTIME = "MINIMAL_DOWNTIME"
    NEVER_UPDATE = "NEVER_UPDATE"


class ProxyMode(StrEnum):
    IPTABLES = "iptables"
    IPVS = "ipvs"


class Plan(StrEnum):
    FREE = "free"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """`slot` is the cluster's number on this host, allotted at the order and given back at its end.

    `node_generation` counts how often its keys, and with them its nodes, were ordered to be made anew.
    """

    id: ClusterId
    project_id: projects.ProjectId
    name: str
    region: str
    version: versions.Version
    plan: Plan = Plan.FREE
    update_policy: UpdatePolicy = UpdatePolicy.ALWAYS_UPDATE
    proxy_mode: ProxyMode = ProxyMode.IPTABLES
    pods: IPv4Network
    services: IPv4Network
    slot: int
    node_generation: int = 0
    # What is kept for functions to come (decisions/0004): OVHcloud's field name to its validated value.
    kept: Mapping[str, Any] = field(default_factory=dict)
    restrictions: tuple[str, ...] = ()  # sources that may reach its API; none: everybody
    customization: customizations.Customization = customizations.DEFAULT
    openid: openidconnects.OpenIdConnect | None = None
    generation: int = 0  # how many changes of what stands were asked for; each replaces the API server
    at_once: bool = False  # the latest of them may end what serves before its successor does
    reset_asked_at: datetime | None = None  # until all that it served is wiped; then it is installed anew
    delete_asked_at: datetime | None = None
    conditions: conditions_.Conditions = ()
    installed_version: versions.Version | None = None  # observed of the API server; None before it answered
    installed_at: datetime | None = None  # first time that all of it worked
    network: private_networks.Membership | None = None  # None: the public one
    contract: str = "1"  # the version of the responsibility matrix that was accepted when it was ordered
    created_at: datetime
    updated_at: datetime

    @property
    def deleting(self) -> bool:
        return self.delete_asked_at is not None

    @property
    def logs_subscribed(self) -> bool:
        """Whether a subscription to its log exists that is not being ended."""
        found = conditions_.find(self.conditions, conditions_.Kind.LOGS_FORWARDED)
        return found is not None and found.reason is not conditions_.Reason.UNSUBSCRIBING


_BUSY = {
    conditions_.Reason.INSTALLING: Status.INSTALLING,
    conditions_.Reason.RESTORING: Status.REDEPLOYING,
    conditions_.Reason.UPDATING: Status.UPDATING,
    conditions_.Reason.RESTRICTING: Status.REDEPLOYING,
    # The one word that the waiters for every other change accept as well: nothing of the cluster is under way.
    conditions_.Reason.SUBSCRIBING: Status.REDEPLOYING,
    conditions_.Reason.UNSUBSCRIBING: Status.REDEPLOYING,
    conditions_.Reason.REDEPLOYING: Status.REDEPLOYING,
    conditions_.Reason.RESETTING: Status.RESETTING,
}


def status(cluster: Cluster) -> Status:
    """OVHcloud's word for the conditions."""
    word = standing(cluster)
    forwarded = conditions_.find(cluster.conditions, conditions_.Kind.LOGS_FORWARDED)
    if word in (Status.READY, Status.UNKNOWN) and forwarded is not None and forwarded.reason in _BUSY:
        return _BUSY[forwarded.reason]
    return word


def standing(cluster: Cluster) -> Status:
    """The word without logs that are being handed over, which keep nobody from changing the cluster."""
    if cluster.deleting:
        return Status.DELETING
    if conditions_.holds(cluster.conditions, conditions_.Kind.BLOCKED):
        blocked = conditions_.find(cluster.conditions, conditions_.Kind.BLOCKED)
        customers = blocked is not None and blocked.whose_turn == errors.CUSTOMER
        return Status.USER_ERROR if customers else Status.ERROR
    progressing = conditions_.find(cluster.conditions, conditions_.Kind.PROGRESSING)
    if progressing is not None and progressing.holds:
        return _BUSY.get(progressing.reason, Status.UPDATING)
    if conditions_.holds(cluster.conditions, conditions_.Kind.READY):
        return Status.READY
    return Status.UNKNOWN


def checked_name(text: str) -> str:
    """Free text, as at OVHcloud; what cannot be printed in a line would deceive whoever reads it in a list."""
    if len(text) > LONGEST_NAME or not text.isprintable() or not text.strip():
        raise errors.BadInput(
            f"Cluster name {text[:LONGEST_NAME]!r} is invalid: it has 1 to {LONGEST_NAME} characters, all of which can "
            "be printed in a line",
            name="InvalidDataError",
        )
    return text
