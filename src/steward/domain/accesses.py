"""Break-glass: a person of the provider enters a customer's cluster, with consent, for a while, and is seen.

It waits for the customer's consent or, in an emergency, for a second person of the provider; then a review is owed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from steward.domain import actors, clusters, errors, projects

LONGEST_MINUTES = 240
LONGEST_REASON = 2000
REVIEW_WITHIN = timedelta(days=5)
LAPSES_AFTER = timedelta(hours=24)  # a request that nobody answered
MOST_CALLS = 2000  # of a session that are kept; how many there were is said all the same


class Status(StrEnum):
    REQUESTED = "requested"
    DENIED = "denied"
    APPROVED = "approved"  # the credential is being made
    ACTIVE = "active"
    ENDING = "ending"  # over; the credential is being taken back, and that is tried
    ENDED = "ended"


class Scope(StrEnum):
    VIEW = "view"  # reads, without Secrets and pod logs
    OPERATE = "operate"  # nodes, and what the provider owns
    ADMIN = "admin"  # everything


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    DISPUTED = "disputed"


CAN_BE_ENDED = (Status.REQUESTED, Status.APPROVED, Status.ACTIVE)
OPEN = (*CAN_BE_ENDED, Status.ENDING)
NEVER_MADE = "no credential was ever made"
CLUSTER_GONE = "the cluster and its authority are gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`refused_with` is what a call with the credential was answered after its end: the proof that it is void."""

    id: str  # a UUID
    project_id: projects.ProjectId
    cluster_id: clusters.ClusterId
    activity: str
    scope: Scope
    reason: str
    ticket_id: str = ""
    emergency: bool = False
    status: Status = Status.REQUESTED
    minutes: int
    requested_by: str
    requester_id: str = ""  # the person's
    requested_at: datetime
    approved_by: str = ""
    approved_party: str = ""
    approved_at: datetime | None = None
    expires_at: datetime | None = None
    user: str = ""  # as the cluster's audit log shows it
    fingerprint: str = ""
    collected_at: datetime | None = None  # the requester took the kubeconfig, which is shown once
    ended_at: datetime | None = None
    ended_by: str = ""  # a name, or why it ended by itself
    refused_with: str = ""
    refused_at: datetime | None = None
    calls: tuple[str, ...] | None = None  # `verb resource namespace/name code`, in order; None: not known
    review_due: datetime | None = None
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    verdict: Verdict | None = None
    review: str = ""

    @property
    def open(self) -> bool:
        return self.status in OPEN


def review_owed(access: Access) -> bool:
    return access.status is Status.ENDED and access.review_due is not None and access.reviewed_at is None


def user_of(access: Access) -> str:
    return f"steward:{access.activity}:breakglass-{access.id[:8]}"


def checked_minutes(minutes: int) -> int:
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise errors.BadInput(f"An access lasts from 1 to {LONGEST_MINUTES} minutes, not {minutes}")
    return minutes


def checked_reason(text: str, what: str = "reason") -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_REASON:
        raise errors.BadInput(f"The {what} has from 1 to {LONGEST_REASON} characters; the other party reads it")
    return stripped


def check_named(actor: actors.Actor) -> None:
    """Break-glass is a matter of people: a shared token or automation is nobody who could answer for it."""
    if actor.kind is not actors.Kind.PERSON or actor.person_id is None:
        raise errors.Forbidden(
            f"Access is asked for, given and used by named people of the provider; {actor.name} is none. "
            "Sign in as yourself",
            code="NO_PERSON",
            details={"whoMay": "A named person of the provider", "howToAsk": "Sign in as yourself"},
        )


def approved(access: Access, actor: actors.Actor, now: datetime) -> Access:
    """By the customer or, in an emergency, by a second person of the provider; the window begins now."""
    _check_status(access, Status.REQUESTED)
    if now >= access.requested_at + LAPSES_AFTER:
        raise errors.Conflict("The request has lapsed: nobody answered it within a day; it is to be made again")
    if actor.of_provider:
        check_named(actor)
        if not access.emergency:
            raise errors.Forbidden(
                "Only an emergency is approved by the provider itself; this request waits for the customer",
                code="NO_EMERGENCY",
                details={"whoMay": "The customer", "howToAsk": "Ask the customer: steward access approve"},
            )
        if actor.person_id == access.requester_id or actor.name == access.requested_by:
            raise errors.Forbidden(
                f"{actor.name} asked for this access; a second person of the provider approves it",
                code="SAME_PERSON",
                details={"whoMay": "A second person of the provider", "howToAsk": "Ask a colleague to approve it"},
            )
    return replace(
        access,
        status=Status.APPROVED,
        approved_by=actor.name,
        approved_party=actor.party,
        approved_at=now,
        expires_at=now + timedelta(minutes=access.minutes),
        user=user_of(access),
    )


def denied(access: Access, by: str, now: datetime) -> Access:
    _check_status(access, Status.REQUESTED)
    return replace(access, status=Status.DENIED, ended_at=now, ended_by=by)


def ending(access: Access, by: str, now: datetime) -> Access:
    """It is over from now on; that the credential is void is still to be proved."""
    _check_status(access, Status.APPROVED, Status.ACTIVE)
    return replace(access, status=Status.ENDING, ended_at=now, ended_by=by)


def collected(access: Access, now: datetime) -> Access:
    """The credential is shown once."""
    if access.collected_at is not None:
        raise errors.Conflict("The credential was shown already, which is done once; ask for another access")
    _check_status(access, Status.APPROVED, Status.ACTIVE)
    return replace(access, collected_at=now)


def ended(access: Access, refused_with: str, now: datetime, calls: tuple[str, ...] | None) -> Access:
    _check_status(access, Status.ENDING)
    return replace(
        access,
        status=Status.ENDED,
        refused_with=refused_with,
        refused_at=now,
        calls=calls,
        review_due=(access.ended_at or now) + REVIEW_WITHIN,
    )


def reviewed(access: Access, by: str, verdict: Verdict, text: str, now: datetime) -> Access:
    _check_status(access, Status.ENDED)
    if access.reviewed_at is not None:
        raise errors.Conflict(f"The access was reviewed already, by {access.reviewed_by}")
    return replace(access, reviewed_by=by, reviewed_at=now, verdict=verdict, review=text)


def _check_status(access: Access, *wanted: Status) -> None:
    if access.status not in wanted:
        raise errors.Conflict(f"The access is {access.status}; for this it has to be {' or '.join(wanted)}")
