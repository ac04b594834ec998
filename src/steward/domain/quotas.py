"""What a project may have at most, and how it gets more: a request of the customer's, a decision of the provider's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from steward.domain import errors, projects

MOST = 1_000_000  # of anything that can be asked for
LONGEST_REASON = 2000
DECIDED_WITHIN = timedelta(days=3)


class Resource(StrEnum):
    CLUSTERS = "clusters"  # of each plan
    INSTANCES = "instances"
    VCPUS = "vcpus"
    RAM = "ram"  # GB


class Status(StrEnum):
    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What was granted to one project beyond the catalogue's; `request_id` is the grant that it stands on."""

    project_id: projects.ProjectId
    granted: Mapping[Resource, int]
    request_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`wanted` are the new totals. `decision` is what the provider said with it."""

    id: str  # a UUID
    project_id: projects.ProjectId
    wanted: Mapping[Resource, int]
    reason: str
    status: Status = Status.OPEN
    requested_by: str
    party: str  # of who asked
    delegation: str = ""  # what it stands on, where it was not the customer itself
    requested_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    decision: str = ""

    @property
    def due_at(self) -> datetime:
        return self.requested_at + DECIDED_WITHIN

    def late(self, now: datetime) -> bool:
        return (self.decided_at or now) > self.due_at


def decided(request: Request, status: Status, by: str, now: datetime, said: str = "") -> Request:
    if request.status is not Status.OPEN:
        raise errors.Conflict(f"This request is {request.status.value} already")
    return replace(request, status=status, decided_by=by, decided_at=now, decision=checked_text(said))


def checked_wish(asked: Mapping[str, int], limits: Mapping[Resource, int]) -> dict[Resource, int]:
    """More than there is now, of something that there is a quota of."""
    wanted: dict[Resource, int] = {}
    for name, total in asked.items():
        resource = _resource(name)
        if total > MOST:
            raise errors.BadInput(f"[wanted.{name}] {total} is more than {MOST}, which nobody is given")
        if total <= limits[resource]:
            raise errors.BadInput(f"[wanted.{name}] {total} is not more than the quota of {limits[resource]}")
        wanted[resource] = total
    if not wanted:
        raise errors.BadInput(f"[wanted] names nothing; one or more of {', '.join(Resource)}")
    return wanted


def _resource(name: str) -> Resource:
    try:
        return Resource(name)
    except ValueError:
        raise errors.BadInput(f"[wanted] {name[:40]!r} is not one of {', '.join(Resource)}") from None


def checked_reason(text: str) -> str:
    stripped = checked_text(text)
    if not stripped:
        raise errors.BadInput("[reason] says why more is needed")
    return stripped


def checked_text(text: str) -> str:
    stripped = text.strip()
    if len(stripped) > LONGEST_REASON:
        raise errors.BadInput(f"A reason has at most {LONGEST_REASON} characters")
    return stripped
