"""What was observed about an activity, and for how long that counts.

A collector writes one piece per activity and subject whenever it looked; the latest counts. A person's word is a
piece of its own kind, never an automation's.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from steward.domain import clusters, errors, projects

FLEET = "fleet"  # the subject of what concerns all clusters
LONGEST_STATEMENT = 2000
LONGEST_WORD = timedelta(days=366)  # that a person's statement may hold


def of_cluster(cluster_id: clusters.ClusterId) -> str:
    """The subject of what concerns one cluster."""
    return f"cluster:{cluster_id}"


def of_project(project_id: projects.ProjectId) -> str:
    return f"project:{project_id}"


def checked_statement(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_STATEMENT:
        raise errors.BadInput(f"[statement] has from 1 to {LONGEST_STATEMENT} characters; the other party may read it")
    return stripped


def checked_word_end(expires_at: datetime, now: datetime) -> datetime:
    """A person's word always ends."""
    if expires_at.tzinfo is None:
        raise errors.BadInput("[until] needs a time zone, as in 2030-01-31T12:00:00Z")
    if not now < expires_at <= now + LONGEST_WORD:
        raise errors.BadInput(f"[until] lies ahead, at most {LONGEST_WORD.days} days")
    return expires_at


class Outcome(StrEnum):
    PROVEN = "proven"
    BREACHED = "breached"
    ATTESTED = "attested"
    UNKNOWN = "unknown"  # it was looked, and could not be told
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`subject` is `cluster:<id>`, `project:<id>` or `fleet`; `facts` are JSON, and `digest` is theirs."""

    activity: str
    subject: str
    collector: str  # which rule or job looked
    observed_at: datetime
    valid_until: datetime
    outcome: Outcome
    summary: str  # one sentence, with no content of the customer's
    facts: Mapping[str, Any] = field(default_factory=dict)
    attested_by: str = ""  # a person, where the outcome is ATTESTED
    ledger_index: int | None = None  # of the entry that holds it
    ledger_at: datetime | None = None  # when that entry was appended

    @property
    def id(self) -> str:
        """One per activity, subject and collector: a later one takes its place."""
        return f"{self.activity}/{self.subject}/{self.collector}"

    @property
    def digest(self) -> str:
        return digest(self.facts)

    def fresh(self, now: datetime) -> bool:
        return now < self.valid_until


def digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON, hex."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A named person's word for a row that no machine can prove."""

    id: str  # a UUID
    activity: str
    subject: str  # as in Evidence
    party: str
    person: str  # the person's address
    statement: str
    review: str = ""  # the name of the review that it is, empty for a plain attestation
    document_digest: str = ""  # SHA-256 of what was looked at, hex
    made_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.withdrawn_at is None and now < self.expires_at


class Treatment(StrEnum):
    AVOID = "avoid"
    REDUCE = "reduce"
    TRANSFER = "transfer"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One entry of the provider's register (3.1.6-2); accepted ones are signed and expire."""

    id: str  # a UUID
    title: str
    description: str = ""
    owner: str
    treatment: Treatment
    review_by: datetime
    vulnerability: str = ""  # the id of the published vulnerability that it is about
    accepted_by: str = ""
    accepted_until: datetime | None = None
    created_at: datetime
    closed_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether its acceptance is signed and has not expired."""
        return bool(self.accepted_by) and self.accepted_until is not None and now < self.accepted_until
