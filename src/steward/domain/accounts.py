"""The customer: an account holds projects, people and credentials, and has a life of its own."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from steward.domain import projects


class Status(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"  # reads go on, changes are refused, clusters go on running
    CLOSED = "closed"  # for good: no credential of it works any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`handed_over_at` is when its first credentials were given to the customer, who manages all further ones."""

    id: projects.AccountId
    status: Status = Status.ACTIVE
    reason: str = ""  # of a suspension, as the customer reads it
    created_at: datetime
    handed_over_at: datetime | None = None
    changed_at: datetime
