"""Where a cluster's logs go: streams of a customer's, subscriptions to them, and links under which one is read a while.

A stream is an account's, a subscription one cluster's. What a subscription does shows in one condition of its cluster,
computed here from all of them.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from steward.domain import clusters, errors, pauses, projects
from steward.domain.conditions import Condition, Kind, Reason

ACTIVITY = "3.1.3-5"
AUDIT = "audit"
KINDS = (AUDIT,)
KIND_ID = "5f0f54a1-7f6c-5d0e-9a55-6a6f3f6f9c11"  # of the kind `audit`; the same in every service
KIND_SINCE = datetime(2026, 11, 26, tzinfo=UTC)

MOST_STREAMS = 100  # of one account
MOST_SUBSCRIPTIONS = 10  # of one cluster
MOST_LINKS = 20  # of one cluster; a further one ends the oldest
LINK_LIFE = timedelta(minutes=30)
OPERATION_KEPT = timedelta(days=30)
FIRST_PAUSE = 1.0  # seconds after the first attempt that failed; doubled with each further one
LONGEST_PAUSE = 300.0
TOLD_AFTER = 3  # failures in a row, after which the customer is told
LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 1000
LONGEST_ERROR = 300
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Without a `url` it leads nowhere yet. Its token is sealed under `secret_owner`; only whether there is one is
    said."""

    id: str  # a UUID
    account: projects.AccountId
    title: str
    description: str = ""
    url: str = ""
    authority: str = ""  # PEM: the one authority that the receiver's certificate may be from; empty: the public ones
    header: str = ""  # of HTTP, that holds the token
    has_token: bool = False
    created_at: datetime
    updated_at: datetime

    @property
    def secret_owner(self) -> str:
        return f"log-stream:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`inode`, `head` and `offset` say how far the cluster's log was handed over."""

    id: str  # a UUID
    cluster_id: clusters.ClusterId
    account: projects.AccountId
    stream_id: str
    kind: str
    operation_id: str  # of its beginning; of its end once that was asked for
    created_at: datetime
    updated_at: datetime
    taken_up_at: datetime | None = None
    ending: bool = False
    inode: int = 0
    head: str = ""
    offset: int = 0
    handed_over: int = 0  # lines
    last_at: datetime | None = None  # when the last of them was
    failing_since: datetime | None = None
    last_error: str = ""

    @property
    def key(self) -> str:
        """One cluster's log of one kind goes to one stream once."""
        return f"{self.cluster_id}/{self.kind}/{self.stream_id}"

    @property
    def waits(self) -> bool:
        """For the forwarder, to take it up or to let it go."""
        return self.ending or self.taken_up_at is None


class State(StrEnum):
    """Words of `dbaas.logs.Operation` that are answered here."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    id: str  # a UUID
    account: projects.AccountId
    state: State
    subscription_id: str | None = None
    stream_id: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def forgotten_at(self) -> datetime:
        return self.created_at + OPERATION_KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whoever has its token may read, until it ends. Kept is the token's hash alone."""

    id: str  # a UUID
    cluster_id: clusters.ClusterId
    kind: str
    hash: str
    created_at: datetime
    expires_at: datetime

    def holds(self, now: datetime) -> bool:
        return now < self.expires_at


def made_token() -> str:
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Empty for what was never a token."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else ""


def service_name(account: projects.AccountId) -> str:
    """Of the account's own log service, in OVHcloud's form; there is one from the beginning."""
    letters = "".join(each for each in account.lower() if each.isascii() and each.isalpha())[:2].ljust(2, "x")
    number = int(hashlib.sha256(account.encode()).hexdigest(), 16) % 90_000 + 10_000
    return f"ldp-{letters}-{number}"


def pause_after(failures: int, subscription_id: str) -> timedelta:
    """Doubling, and spread so that what failed together does not come back together."""
    full = pauses.doubled(FIRST_PAUSE, LONGEST_PAUSE, failures)
    drawn = hashlib.sha256(f"{subscription_id}/{failures}".encode()).digest()
    return timedelta(seconds=full * (0.75 + drawn[0] / 510))


def forwarding(found: Sequence[Subscription], now: datetime) -> Condition | None:
    """The condition of a cluster that these are the subscriptions of; None where there are none."""
    staying = [each for each in found if not each.ending]
    broken = [each for each in staying if each.failing_since is not None]
    if not found:
        return None
    if not staying:
        return _condition(False, Reason.UNSUBSCRIBING, "The forwarding of the log ends", now)
    if any(each.waits for each in found):
        return _condition(False, Reason.SUBSCRIBING, "The forwarding of the log is being set up", now)
    if broken:
        said = f"The audit log does not reach stream {broken[0].stream_id}: {broken[0].last_error}. It is tried again"
        return Condition(
            kind=Kind.LOGS_FORWARDED,
            holds=False,
            reason=Reason.NOT_DELIVERED,
            message=said,
            whose_turn=errors.CUSTOMER,
            activity=ACTIVITY,
            since=now,
        )
    return _condition(True, Reason.AS_WANTED, f"The audit log is handed over to {len(staying)} stream(s)", now)


def _condition(holds: bool, reason: Reason, message: str, now: datetime) -> Condition:
    return Condition(kind=Kind.LOGS_FORWARDED, holds=holds, reason=reason, message=message, since=now)


def checked_kind(kind: str) -> str:
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise errors.BadInput(f"Body parameter kind isn't formated correctly: {kind[:64]!r} is not one of {known}")
    return kind


def checked_title(title: str) -> str:
    flat = title.strip()
    if not flat or len(flat) > LONGEST_TITLE or not flat.isprintable():
        raise errors.BadInput(f"[title] has from 1 to {LONGEST_TITLE} printable characters")
    return flat


def checked_description(text: str) -> str:
    if len(text) > LONGEST_DESCRIPTION or "\0" in text or any(0xD800 <= ord(each) <= 0xDFFF for each in text):
        raise errors.BadInput(f"[description] has at most {LONGEST_DESCRIPTION} characters that are text")
    return text
