"""Telling the other party: what was to be told, to whom, by which way, and whether it arrived."""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from steward.domain import clusters, errors, evidence, pauses, people, projects

FIRST_PAUSE = 10.0  # seconds after the first attempt that failed; doubled with each further one
LONGEST_PAUSE = 3600.0
MOST_ATTEMPTS = 100
PATIENCE = timedelta(days=3)  # after the deadline, in which it is still tried
WINDOW = timedelta(minutes=10)  # of the protection against floods
MOST_IN_WINDOW = 10  # of one type on one way, one by one; the others are gathered
HOLD_URGENT = timedelta(minutes=1)  # that urgent ones of a flood are gathered at most
DIGEST_EVERY = timedelta(hours=1)
MOST_GATHERED = 500  # notices in one message
MOST_WEBHOOKS = 10  # of one project
OVERLAP = timedelta(hours=24)  # in which the secret before the last still signs as well
TEST = "webhook:test"
GIVEN_UP = "notice:given-up"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    URGENT = "urgent"  # never held back for a digest

    def reaches(self, least: "Severity") -> bool:
        order = list(Severity)
        return order.index(self) >= order.index(least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """To one party, of one activity's result; each of its people gets it by the ways that they prefer.

    `seen` is who saw it in the inbox: a person's id, or the name of a key that belongs to no person.
    """

    id: str  # a UUID
    activity: str
    party: str
    project_id: projects.ProjectId | None  # None: of the provider's own
    cluster_id: clusters.ClusterId | None = None
    subject: str  # what it is about: `cluster:<id>`, `incident:<id>`, `project:<id>`
    type: str  # the event's, as in `cluster:installed`
    title: str
    text: str
    severity: Severity = Severity.INFO
    facts: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime
    due_at: datetime  # by then somebody of the party should have it
    seen: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def proves(self) -> str:
        """The subject of the evidence that its receipt is."""
        if self.cluster_id is not None:
            return evidence.of_cluster(self.cluster_id)
        return evidence.FLEET if self.project_id is None else evidence.of_project(self.project_id)


class Channel(StrEnum):
    INBOX = "inbox"  # the console's; its receipt is that it was seen
    MAIL = "mail"
    WEBHOOK = "webhook"


class State(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"  # with a receipt
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on one way to one recipient. `receipt` is what the other side said: 250, 2xx, or that it was seen.

    Its id is the message's, the same in every attempt. It holds one notice, and `more` where several are gathered;
    others join it by its `key` until it is tried for the first time.
    """

    id: str  # a UUID
    notice_id: str
    more: tuple[str, ...] = ()
    key: str | None = None
    preference_id: str = ""  # empty: the party's inbox
    party: str
    project_id: projects.ProjectId | None = None
    person_id: people.PersonId | None = None  # None: the account's own webhook, or the party's inbox
    channel: Channel
    address: str  # a mailbox, a URL, or empty
    state: State = State.PENDING
    attempts: int = 0
    next_at: datetime
    due_at: datetime
    last_error: str = ""
    receipt: str = ""
    delivered_at: datetime | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        return (self.notice_id, *self.more)

    @property
    def given_up_at(self) -> datetime:
        return self.due_at + PATIENCE

    def joinable(self, now: datetime) -> bool:
        """A message that was perhaps sent already takes in nothing more."""
        waits = self.state is State.PENDING and self.attempts == 0 and now < self.next_at
        return waits and len(self.notices) < MOST_GATHERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That a party was told: owed from the notice on, had when the first way arrived. Its id is the notice's."""

    id: str
    activity: str
    subject: str  # as in Evidence
    party: str
    type: str
    project_id: projects.ProjectId | None = None
    created_at: datetime
    due_at: datetime
    received_at: datetime | None = None
    channel: Channel | None = None
    digest: str = ""  # SHA-256 of what the other side said, hex
    missed: bool = False  # it was noted that the deadline passed without one

    @property
    def row(self) -> str:
        return row(self.activity, self.subject, self.party)


def row(activity: str, subject: str, party: str) -> str:
    """What receipts are looked for by."""
    return f"{activity}/{subject}/{party}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many notices of one type one way got in the window that runs: the protection against floods."""

    id: str  # preference and type
    preference_id: str
    began_at: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """How one person, or one account's webhook, wants to be told. A webhook's secret lies sealed under its id."""

    id: str  # a UUID; of a person's mail the person's id
    party: str
    project_id: projects.ProjectId | None = None
    person_id: people.PersonId | None = None
    channel: Channel
    address: str = ""  # a webhook's; mail goes to the address that the person signs in with
    least: Severity = Severity.INFO
    digest: bool = False  # gathered, once in a while, instead of one by one
    checkpoints: bool = False  # a webhook that gets the ledger's checkpoints too
    created_at: datetime
    rotated_at: datetime | None = None


def pause_after(attempts: int, delivery_id: str) -> timedelta:
    """Doubling, and spread by the delivery's id so that what failed together does not come back together."""
    full = pauses.doubled(FIRST_PAUSE, LONGEST_PAUSE, attempts)
    drawn = hashlib.sha256(f"{delivery_id}/{attempts}".encode()).digest()
    return timedelta(seconds=full * (0.5 + drawn[0] / 510))


def made_secret() -> str:
    """In the form of Standard Webhooks: 32 random bytes."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def digest_end(now: datetime) -> datetime:
    """The next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + DIGEST_EVERY


def checked_severity(text: str) -> Severity:
    known = [each.value for each in Severity]
    if text not in known:
        raise errors.BadInput(f"[least] {text[:32]!r} is not one of {', '.join(known)}")
    return Severity(text)
