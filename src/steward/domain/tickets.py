"""What a customer reports to the provider (3.2.1-1), and how soon the provider has to say that it was heard."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from steward.domain import clusters, errors, projects

LONGEST_TITLE = 200
LONGEST_TEXT = 10_000
MOST_MESSAGES = 500


class Status(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Severity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


ACKNOWLEDGED_WITHIN = {
    Severity.CRITICAL: timedelta(minutes=15),
    Severity.HIGH: timedelta(hours=1),
    Severity.NORMAL: timedelta(hours=8),
    Severity.LOW: timedelta(hours=24),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    at: datetime
    party: str
    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    id: str  # a UUID
    project_id: projects.ProjectId
    cluster_id: clusters.ClusterId | None = None
    title: str
    severity: str  # low, normal, high, critical
    status: Status = Status.OPEN
    messages: tuple[Message, ...]
    opened_by: str
    opened_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    incident_id: str = ""

    @property
    def due_at(self) -> datetime:
        """By then the provider has said that it was heard."""
        return self.opened_at + ACKNOWLEDGED_WITHIN[Severity(self.severity)]

    def late(self, now: datetime) -> bool:
        """It was acknowledged too late, or should have been by now; one that its customer closed first is neither."""
        heard = self.acknowledged_at or self.closed_at or now
        return heard > self.due_at


def acknowledged(ticket: Ticket, by: str, now: datetime) -> Ticket:
    _check_not_closed(ticket)
    if ticket.acknowledged_at is not None:
        return ticket
    return replace(ticket, status=Status.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by)


def answered(ticket: Ticket, message: Message) -> Ticket:
    _check_not_closed(ticket)
    if len(ticket.messages) >= MOST_MESSAGES:
        raise errors.Conflict(f"The ticket has {MOST_MESSAGES} messages, and no room for more; open another one")
    told = replace(ticket, messages=(*ticket.messages, message))
    if message.party != errors.PROVIDER or told.acknowledged_at is not None:
        return told
    return acknowledged(told, message.author, message.at)  # an answer says that it was heard


def closed(ticket: Ticket, by: str, now: datetime) -> Ticket:
    _check_not_closed(ticket)
    return replace(ticket, status=Status.CLOSED, closed_at=now, closed_by=by)


def linked(ticket: Ticket, incident_id: str) -> Ticket:
    _check_not_closed(ticket)
    return replace(ticket, incident_id=incident_id)


def checked_title(text: str) -> str:
    stripped = " ".join(text.split())
    if not stripped or len(stripped) > LONGEST_TITLE:
        raise errors.BadInput(f"A ticket's title has from 1 to {LONGEST_TITLE} characters")
    return stripped


def checked_text(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_TEXT:
        raise errors.BadInput(f"A message has from 1 to {LONGEST_TEXT} characters")
    return stripped


def checked_severity(text: str) -> Severity:
    try:
        return Severity(text)
    except ValueError:
        raise errors.BadInput(f"A severity is one of {', '.join(Severity)}, not {text[:40]!r}") from None


def _check_not_closed(ticket: Ticket) -> None:
    if ticket.status is Status.CLOSED:
        raise errors.Conflict("The ticket is closed; open another one")
