"""What the clusters' own audit logs say: who holds which credential, what was done with it, where nothing is known."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from steward.domain import clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """One client certificate, in the ledger of issued credentials before it can be used."""

    fingerprint: str  # SHA-256 of the DER certificate, hex
    cluster_id: clusters.ClusterId
    user: str  # the certificate's common name
    party: str  # who holds it
    activity: str
    purpose: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a cluster's audit log was read: which file, by inode, and how many bytes of it."""

    cluster_id: clusters.ClusterId
    inode: int
    offset: int
    last_event_at: datetime | None = None
    whole_since: datetime | None = None  # beginning of the gap-free window that is still open
    canary_at: datetime | None = None  # the last canary event that was seen
    head: str = ""  # a digest of the file's first line
    writer: str = ""  # the run of the API server that wrote it
    first_at: datetime | None = None  # the log's first event, if it was read from there on without a gap


class Sort(StrEnum):
    BREACH = "breach"
    GAP = "gap"
    CUSTOMER_ACT = "customer act"
    PROVIDER_ACT = "provider act"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the audit log shows and a row turns on. `id` is the audit id with the rule's name."""

    id: str
    cluster_id: clusters.ClusterId
    activity: str
    sort: Sort
    rule: str
    at: datetime
    user: str
    party: str
    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    fingerprint: str = ""
    text: str


def acts_of(cluster_id: clusters.ClusterId) -> str:
    """Who owns what its customer did: apart from breaches and gaps, which it would push out, and the customer's own."""
    return f"{cluster_id}/acts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of one cluster, row and day, so that a zero can be told from a log that nobody read."""

    id: str  # cluster/activity/day
    cluster_id: clusters.ClusterId
    activity: str
    day: str  # as in 2026-11-23
    by_customer: int = 0
    by_provider: int = 0
    breaches: int = 0
    reads_by_customer: int = 0
