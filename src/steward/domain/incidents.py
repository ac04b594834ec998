"""What failed on the provider's side and whom it hits (3.2.1-2, 3.2.1-3), and whose account an outage is put to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from steward.domain import clusters, errors, projects

DETECTED_WITHIN = timedelta(seconds=120)  # an outage that is older has an incident
JOINED_WITHIN = timedelta(minutes=10)  # clusters that fail within this of each other are one incident
LONGEST_TITLE = 200
LONGEST_TEXT = 4000
MOST_MOMENTS = 1000


class Status(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of an incident's or an outage's timeline."""

    at: datetime
    party: str  # of who acted; the provider for what was observed
    text: str
    activity: str = ""
    cluster_id: str = ""  # whom it concerns alone; other customers are not shown it


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Opened by failing probes or by a person. `affected` grows and shrinks; who was affected stays in `before`."""

    id: str  # a UUID
    title: str
    cause: str = ""
    affected: tuple[clusters.ClusterId, ...]
    before: tuple[clusters.ClusterId, ...] = ()  # work again
    status: Status = Status.OPEN
    opened_at: datetime
    opened_by: str
    by_probes: bool = False
    resolved_at: datetime | None = None
    resolved_by: str = ""
    closing_note: str = ""
    timeline: tuple[Moment, ...] = ()

    @property
    def concerned(self) -> tuple[clusters.ClusterId, ...]:
        """All that are or were affected."""
        return (*self.affected, *self.before)

    def takes(self, now: datetime) -> bool:
        """Whether a cluster that fails now belongs to it."""
        return self.status is Status.OPEN and self.by_probes and now < self.opened_at + JOINED_WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """To whose account one party puts an outage."""

    party: str
    name: str
    against: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which a cluster's API did not answer. `proposed` is the row it is put to; undecided counts
    against the provider."""

    id: str  # a UUID
    project_id: projects.ProjectId
    cluster_id: clusters.ClusterId
    began_at: datetime
    ended_at: datetime | None = None
    failure: str = ""  # what the first failed probe was told
    proposed_activity: str
    proposed_party: str
    rule: str = ""  # of the published ones
    grounds: str
    timeline: tuple[Moment, ...] = ()
    disputed_by: str = ""  # the party
    disputed_at: datetime | None = None
    dispute_reason: str = ""
    votes: tuple[Vote, ...] = ()  # the latest of each party
    settled_party: str = ""  # once both agree
    settled_at: datetime | None = None
    settled_by: tuple[str, ...] = ()  # names, one of each party
    incident_id: str = ""

    @property
    def counts_against(self) -> str:
        """The party whose outage it is in the figures."""
        if self.settled_party:
            return self.settled_party
        return errors.PROVIDER if self.disputed_by else self.proposed_party

    def seconds(self, since: datetime, until: datetime) -> float:
        """How much of it lies between the two."""
        ends = min(until, self.ended_at or until)
        return max(0.0, (ends - max(since, self.began_at)).total_seconds())


def grown(incident: Incident, cluster_ids: tuple[clusters.ClusterId, ...], *moments: Moment) -> Incident:
    new = tuple(each for each in cluster_ids if each not in incident.affected)
    return noted(
        replace(
            incident,
            affected=(*incident.affected, *new),
            before=tuple(each for each in incident.before if each not in new),
        ),
        *moments,
    )


def shrunk(incident: Incident, cluster_ids: tuple[clusters.ClusterId, ...], *moments: Moment) -> Incident:
    gone = tuple(each for each in incident.affected if each in cluster_ids)
    return noted(
        replace(
            incident,
            affected=tuple(each for each in incident.affected if each not in gone),
            before=(*incident.before, *gone),
        ),
        *moments,
    )


def noted(incident: Incident, *moments: Moment) -> Incident:
    """The newest are dropped once it is full: how it began stays."""
    return replace(incident, timeline=(*incident.timeline, *moments)[:MOST_MOMENTS])


def resolved(incident: Incident, by: str, note: str, now: datetime, *moments: Moment) -> Incident:
    check_open(incident)
    return replace(
        noted(incident, *moments),
        status=Status.RESOLVED,
        resolved_at=now,
        resolved_by=by,
        closing_note=note,
        before=incident.concerned,
        affected=(),
    )


def checked_title(text: str) -> str:
    stripped = " ".join(text.split())
    if not stripped or len(stripped) > LONGEST_TITLE:
        raise errors.BadInput(f"An incident's title has from 1 to {LONGEST_TITLE} characters")
    return stripped


def checked_text(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_TEXT:
        raise errors.BadInput(f"It takes a sentence, of at most {LONGEST_TEXT} characters; the other party reads it")
    return stripped


def check_open(incident: Incident) -> None:
    if incident.status is not Status.OPEN:
        raise errors.Conflict("The incident is resolved; open another one")


def disputed(outage: Outage, party: str, reason: str, now: datetime) -> Outage:
    _check_unsettled(outage)
    if outage.disputed_by:
        raise errors.Conflict(
            f"The {outage.disputed_by} has disputed it already; it counts against the provider until both settle"
        )
    return replace(outage, disputed_by=party, dispute_reason=reason, disputed_at=now)


def voted(outage: Outage, vote: Vote) -> Outage:
    """Settled as soon as both parties say the same."""
    _check_unsettled(outage)
    if vote.against not in (errors.CUSTOMER, errors.PROVIDER):
        raise errors.BadInput("An outage is put to the customer's account or to the provider's: customer or provider")
    votes = (*(each for each in outage.votes if each.party != vote.party), vote)
    told = replace(outage, votes=votes)
    if len(votes) < 2 or len({each.against for each in votes}) > 1:
        return told
    return replace(told, settled_party=vote.against, settled_at=vote.at, settled_by=tuple(each.name for each in votes))


def _check_unsettled(outage: Outage) -> None:
    if outage.settled_party:
        raise errors.Conflict(f"Both parties settled it: it is the {outage.settled_party}'s")
