"""Typed facts about an object's state.

Reconcilers write them, the edge computes OVHcloud's status words from them. A condition that is not
good says what is wrong, since when, and whose turn it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """The same meanings on clusters, pools and nodes."""

    READY = "Ready"  # does what it was ordered for, observed now
    PROGRESSING = "Progressing"  # work towards the wanted state is under way
    DELETING = "Deleting"  # will be gone
    BLOCKED = "Blocked"  # cannot go on without the party named in whose_turn
    REDUCED_REDUNDANCY = "ReducedRedundancy"  # serves, with fewer replicas than the plan says
    VIRTUAL_DOMAINS = "VirtualFailureDomains"  # zones and anti-affinity that share one host
    PROXY_FALLBACK = "ProxyFallback"  # Services are forwarded in another way than was asked for
    LOGS_FORWARDED = "LogsForwarded"  # its audit log is subscribed; whether it reaches the streams


class Reason(StrEnum):
    """Constants that programs may compare; people read the message."""

    INSTALLING = "Installing"
    RESTORING = "Restoring"
    UPDATING = "Updating"
    RESTRICTING = "Restricting"
    REDEPLOYING = "Redeploying"
    RESETTING = "Resetting"
    UPSCALING = "Upscaling"
    DOWNSCALING = "Downscaling"
    DELETING = "Deleting"
    AS_WANTED = "AsWanted"
    NOT_ANSWERING = "NotAnswering"
    NODE_NOT_READY = "NodeNotReady"
    NO_CAPACITY = "NoCapacity"
    STEP_FAILED = "StepFailed"
    SINGLE_REPLICA = "SingleReplica"
    NO_IPVS = "NoIPVS"
    ONE_HOST = "OneHost"
    SUBSCRIBING = "Subscribing"
    UNSUBSCRIBING = "Unsubscribing"
    NOT_DELIVERED = "NotDelivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    kind: Kind
    holds: bool
    reason: Reason
    message: str = ""
    whose_turn: str = ""  # a party, or empty where nothing is owed
    activity: str = ""  # the row of the matrix that this party's turn falls under
    since: datetime


Conditions = tuple[Condition, ...]

# Work on what stands that somebody asked for; it keeps its name until it is done, whatever happens in between.
ASKED_FOR = frozenset({Reason.UPDATING, Reason.REDEPLOYING, Reason.RESETTING})


def find(conditions: Conditions, kind: Kind) -> Condition | None:
    return next((each for each in conditions if each.kind == kind), None)


def holds(conditions: Conditions, kind: Kind) -> bool:
    found = find(conditions, kind)
    return found is not None and found.holds


def asked_for(conditions: Conditions) -> Reason | None:
    """Which work on what stands is under way, where there is any."""
    found = find(conditions, Kind.PROGRESSING)
    return found.reason if found is not None and found.holds and found.reason in ASKED_FOR else None


def merge(conditions: Conditions, *changes: Condition) -> Conditions:
    """Put the changes in; `since` moves only where `holds` or `reason` did."""
    merged = {each.kind: each for each in conditions}
    for change in changes:
        old = merged.get(change.kind)
        same = old is not None and (old.holds, old.reason) == (change.holds, change.reason)
        merged[change.kind] = _kept_since(change, old) if same and old else change
    return tuple(merged.values())


def without(conditions: Conditions, kinds: Iterable[Kind]) -> Conditions:
    gone = set(kinds)
    return tuple(each for each in conditions if each.kind not in gone)


def _kept_since(change: Condition, old: Condition) -> Condition:
    return Condition(
        kind=change.kind,
        holds=change.holds,
        reason=change.reason,
        message=change.message,
        whose_turn=change.whose_turn,
        activity=change.activity,
        since=old.since,
    )
