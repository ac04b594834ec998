"""How much of the time a cluster's API answered: what probes saw, kept as seconds, and what it means for the plan.

Time is good or bad only where two probes stand close enough together; all other time is unknown, never good.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from steward.domain import clusters, errors, incidents

PERIOD = 30.0  # seconds from one probe of a cluster to the next
LONGEST_GAP = 75.0  # seconds between two probes beyond which nobody knows what was in between
FAILURES_OF_AN_INCIDENT = 3  # failed probes in a row
# Upper edges in milliseconds; a latency falls into the first that is not below it.
EDGES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 2000, 5000, 10_000)
OBJECTIVES = {clusters.Plan.FREE: 0.995, clusters.Plan.STANDARD: 0.999}  # of a calendar month; one zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one probe saw. `failure` is empty where all of it was well."""

    at: datetime
    failure: str = ""
    connected_ms: float = 0.0  # TCP and TLS
    answered_ms: float = 0.0  # the authenticated list

    @property
    def good(self) -> bool:
        return not self.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """An hour (`2030-01-31T05`) or a month (`2030-01`) of one cluster. What is neither good nor bad is unknown."""

    cluster_id: clusters.ClusterId
    name: str
    since: datetime  # its beginning, or the cluster's where that is later
    good: float = 0.0  # seconds
    bad: float = 0.0
    probes: int = 0
    latencies: tuple[int, ...] = ()  # how many fell below each of EDGES, and the slower ones

    @property
    def id(self) -> str:
        return f"{self.cluster_id}/{self.name}"

    @property
    def hourly(self) -> bool:
        return "T" in self.name

    @property
    def forgotten_at(self) -> datetime:
        """Hours are kept for two months, months for two years."""
        return self.since + timedelta(days=62 if self.hourly else 731)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is known of one cluster now: its last probe, and the counters of the hour and month that run."""

    cluster_id: clusters.ClusterId
    began_at: datetime  # since when it counts: it worked for the first time
    last: Sighting | None = None
    last_good_at: datetime | None = None
    counted_until: datetime | None = None  # a clock that was set back counts nothing twice
    failed_in_row: int = 0
    outage_id: str = ""
    incident_id: str = ""
    hour: Period
    month: Period
    finished: tuple[Period, ...] = ()  # since the last time it was kept; kept as rows of their own


def begun(cluster_id: clusters.ClusterId, worked_since: datetime, first: Sighting) -> Watch:
    """It counts from the first probe on; from earlier, as unknown, where that came late."""
    late = (first.at - worked_since).total_seconds() > LONGEST_GAP
    since = worked_since if late else first.at
    return Watch(
        cluster_id=cluster_id,
        began_at=since,
        hour=Period(cluster_id=cluster_id, name=_hour(since), since=since),
        month=Period(cluster_id=cluster_id, name=month_of(since), since=since),
    )


def seen(watch: Watch, sighting: Sighting) -> Watch:
    """With the time since the last probe counted: bad where either was, unknown where it was too long ago."""
    before = watch.last
    if before is not None and (sighting.at - before.at).total_seconds() <= LONGEST_GAP:
        since = max(before.at, watch.counted_until or before.at)
        watch = _counted(watch, since, sighting.at, good=before.good and sighting.good)
    watch = _turned(watch, sighting.at)
    return replace(
        watch,
        last=sighting,
        counted_until=max(sighting.at, watch.counted_until or sighting.at),
        last_good_at=sighting.at if sighting.good else watch.last_good_at,
        failed_in_row=0 if sighting.good else watch.failed_in_row + 1,
        hour=_probed(watch.hour, sighting),
        month=_probed(watch.month, sighting),
    )


def unseen(watch: Watch, month: str, now: datetime) -> Period | None:
    """A month in which nobody looked at all; None where it lies before the cluster or has not begun."""
    since = datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=UTC)
    if since >= now or month_ends(since) <= watch.began_at:
        return None
    return Period(cluster_id=watch.cluster_id, name=month, since=max(since, watch.began_at))


def looked_away(watch: Watch, now: datetime) -> bool:
    """Nobody has looked for longer than probes may lie apart."""
    return watch.last is None or (now - watch.last.at).total_seconds() > LONGEST_GAP


def _counted(watch: Watch, since: datetime, until: datetime, *, good: bool) -> Watch:
    """Cut at every full hour, so that each period gets its own."""
    while since < until:
        watch = _turned(watch, since)
        cut = min(until, _next_hour(since))
        seconds = (cut - since).total_seconds()
        watch = replace(watch, hour=_added(watch.hour, seconds, good), month=_added(watch.month, seconds, good))
        since = cut
    return watch


def _turned(watch: Watch, now: datetime) -> Watch:
    if watch.hour.name >= _hour(now):
        return watch
    done = [watch.hour]
    hour = Period(cluster_id=watch.cluster_id, name=_hour(now), since=now.replace(minute=0, second=0, microsecond=0))
    month = watch.month
    if month.name != month_of(now):
        done.append(month)
        month = Period(cluster_id=watch.cluster_id, name=month_of(now), since=month_begins(now))
    return replace(watch, hour=hour, month=month, finished=(*watch.finished, *done))


def _added(period: Period, seconds: float, good: bool) -> Period:
    if good:
        return replace(period, good=period.good + seconds)
    return replace(period, bad=period.bad + seconds)


def _probed(period: Period, sighting: Sighting) -> Period:
    counts = list(period.latencies or (0,) * (len(EDGES) + 1))
    if sighting.good:
        counts[next((n for n, edge in enumerate(EDGES) if sighting.answered_ms <= edge), len(EDGES))] += 1
    return replace(period, probes=period.probes + 1, latencies=tuple(counts))


def quantile(latencies: Sequence[int], share: float) -> int | None:
    """Milliseconds that this share of the good probes stayed within; None without any, or beyond the last edge."""
    total = sum(latencies)
    below = 0
    for count, edge in zip(latencies, EDGES, strict=False):
        below += count
        if total and below >= share * total:
            return edge
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One month of one cluster against its plan, in seconds."""

    month: str
    objective: float
    since: datetime
    until: datetime
    good: float
    provider_bad: float
    customer_bad: float
    unknown: float
    budget: float  # what may be bad, of the whole month
    p50_ms: int | None
    p99_ms: int | None
    probes: int

    @property
    def availability(self) -> float | None:
        """Of what is known, without what was the customer's own doing; None where nothing is known."""
        known = self.good + self.provider_bad
        return self.good / known if known else None

    @property
    def missed(self) -> bool:
        """The month cannot be what the plan says any more."""
        return self.provider_bad > self.budget

    @property
    def certain(self) -> bool:
        """Even if all that is unknown was bad, the plan is kept."""
        return self.provider_bad + self.unknown <= self.budget


def figures(period: Period, plan: clusters.Plan, outages: Sequence[incidents.Outage], until: datetime) -> Figures:
    """`until` is the last probe while somebody looks, and else now: what nobody saw is unknown."""
    ends = max(period.since, min(until, month_ends(period.since)))
    own = [each for each in outages if each.counts_against == errors.CUSTOMER]
    customer = min(period.bad, sum(each.seconds(period.since, ends) for each in own))
    objective = OBJECTIVES[plan]
    return Figures(
        month=period.name,
        objective=objective,
        since=period.since,
        until=ends,
        good=period.good,
        provider_bad=period.bad - customer,
        customer_bad=customer,
        unknown=max(0.0, (ends - period.since).total_seconds() - period.good - period.bad),
        budget=(1 - objective) * (month_ends(period.since) - period.since).total_seconds(),
        p50_ms=quantile(period.latencies, 0.5),
        p99_ms=quantile(period.latencies, 0.99),
        probes=period.probes,
    )


def month_of(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m}"


def month_begins(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_ends(moment: datetime) -> datetime:
    return month_begins(month_begins(moment) + timedelta(days=32))


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H}"


def _next_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
