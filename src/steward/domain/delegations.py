"""R of a row, lent by the party that is accountable for it to the other one; A is never lent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from steward.domain import clusters, errors, projects

LONGEST = timedelta(days=365)
LONGEST_REASON = 500
MOST_AT_ONCE = 100  # that hold in one project


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """`operations` narrows it to some of the row's; empty is all of them. Standing ones are computed, not stored:
    their id begins with `standing:`."""

    id: str  # a UUID
    project_id: projects.ProjectId
    cluster_id: clusters.ClusterId | None = None  # None: every cluster of the project
    activity: str
    to_party: str
    operations: tuple[str, ...] = ()
    subject: str = ""  # as in `nodepool:<id>`; empty: all that is in reach
    bounds: tuple[int, int] | None = None  # least and greatest size that may be made; None: any
    automation_only: bool = False  # lent to programs, to no person
    contract: str = "1"  # the version of the matrix it was lent under
    reason: str
    granted_by: str
    granted_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    revoked_by: str = ""

    @property
    def standing(self) -> bool:
        return self.id.startswith("standing:")

    def holds(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def covers(self, activity: str, operation: str, cluster_id: clusters.ClusterId | None) -> bool:
        where = self.cluster_id is None or self.cluster_id == cluster_id
        return where and self.activity == activity and (not self.operations or operation in self.operations)

    def reaches(self, subject: str, size: int | None) -> bool:
        """Whether it is about that part of the cluster, and about that size of it."""
        if self.subject and self.subject != subject:
            return False
        return self.bounds is None or (size is not None and self.bounds[0] <= size <= self.bounds[1])


def checked_reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise errors.BadInput(f"[reason] say in 1 to {LONGEST_REASON} printable characters what it is lent for")
    return reason


def checked_expiry(expires_at: datetime, now: datetime) -> datetime:
    if expires_at.tzinfo is None:
        raise errors.BadInput("[expiresAt] needs a time zone, as in 2030-01-31T12:00:00Z")
    if expires_at <= now:
        raise errors.BadInput("[expiresAt] lies in the past; nothing would be lent")
    if expires_at > now + LONGEST:
        raise errors.BadInput(f"[expiresAt] at most {LONGEST.days} days ahead; what is lent is looked at again yearly")
    return expires_at
