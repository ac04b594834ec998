"""The API servers' availability (3.1.1-1), incidents (3.2.1-2) and tickets (3.2.1-1), as evidence.

From what probes counted, and from what was opened when. A month is proven while even all unknown time could not have
spent what may be bad in it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from steward.domain import availability, clusters, errors, incidents, tickets
from steward.domain.evidence import Outcome
from steward.operations import outages
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

SERVICE, NOTIFY, TICKETS = "3.1.1-1", "3.2.1-2", "3.2.1-1"
EVERY = 180.0
LOOKED_BACK = timedelta(days=30)


def jobs(services: Services) -> list[jobs_.Job]:
    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        now = services.clock.now()
        async with services.records.read() as work:
            figures = await outages.figures_of(work, cluster, now)
            watch = await work.watches.get(cluster.id)
            known = await work.outages.of(cluster.id)
            opened = {each.incident_id for each in known if each.incident_id}
            found = [await work.incidents.get(each) for each in sorted(opened)]
            told = await work.tickets.of(cluster.project_id)
        return [
            probed(figures, watch, now),
            noticed(watch, known, [each for each in found if each is not None], now),
            acknowledged([each for each in told if each.cluster_id in (None, cluster.id)], now),
        ]

    async def act() -> None:
        await looks.at_every_cluster(services, look)

    return [jobs_.Job(name="evidence-availability", activity=SERVICE, every=EVERY, act=act)]


def probed(figures: availability.Figures | None, watch: availability.Watch | None, now: datetime) -> Saw:
    """`facts` change with what was bad or unknown, not with every good second."""
    if figures is None or watch is None:
        return _saw(SERVICE, "probes", Outcome.UNKNOWN, "Nobody has probed the API server yet")
    facts = {
        "month": figures.month,
        "objective": figures.objective,
        "mayBeBadSeconds": round(figures.budget),
        "providerBadSeconds": round(figures.provider_bad),
        "customerBadSeconds": round(figures.customer_bad),
        "unknownSeconds": round(figures.unknown),
        "p50Ms": figures.p50_ms,
        "p99Ms": figures.p99_ms,
        "answers": watch.failed_in_row < availability.FAILURES_OF_AN_INCIDENT,
    }
    shown = f"{figures.objective:.1%} in {figures.month}"
    bad = f"{figures.provider_bad:.0f} s of {figures.budget:.0f} s that may be bad"
    if figures.missed:
        return _saw(SERVICE, "probes", Outcome.BREACHED, f"The API server missed {shown}: {bad}", facts)
    if availability.looked_away(watch, now):
        return _saw(
            SERVICE, "probes", Outcome.UNKNOWN, "Nobody has probed the API server for more than a minute", facts
        )
    if not facts["answers"]:
        said = f"{watch.failed_in_row} probes in a row failed: the API server does not answer now; {bad}"
        return _saw(SERVICE, "probes", Outcome.BREACHED, said, facts)
    if not figures.certain:
        said = f"For {figures.unknown:.0f} s of the month nobody looked, which is more than is left of {shown}"
        return _saw(SERVICE, "probes", Outcome.UNKNOWN, said, facts)
    return _saw(SERVICE, "probes", Outcome.PROVEN, f"The API server keeps {shown}: {bad}", facts)


def noticed(
    watch: availability.Watch | None,
    known: Sequence[incidents.Outage],
    opened: Sequence[incidents.Incident],
    now: datetime,
) -> Saw:
    """Every outage that lasted had its incident, and in time."""
    if watch is None or availability.looked_away(watch, now):
        return _saw(NOTIFY, "incidents", Outcome.UNKNOWN, "Nobody probes, so that no incident would be noticed")
    late = [each.id for each in known if _recent(each, now) and _unnoticed(each, opened, now)]
    facts = {
        "incidents": sorted(each.id for each in opened if each.opened_at >= now - LOOKED_BACK),
        "outages": sum(1 for each in known if _recent(each, now)),
        "unnoticed": sorted(late),
        "withinSeconds": round(incidents.DETECTED_WITHIN.total_seconds()),
    }
    if late:
        said = f"{len(late)} outages had no incident within {incidents.DETECTED_WITHIN.total_seconds():.0f} s"
        return _saw(NOTIFY, "incidents", Outcome.BREACHED, said, facts)
    if not facts["incidents"]:
        said = f"No outage of the last {LOOKED_BACK.days} days lasted long enough for an incident"
        return _saw(NOTIFY, "incidents", Outcome.NOT_APPLICABLE, said, facts)
    return _saw(NOTIFY, "incidents", Outcome.PROVEN, "Every outage that lasted had its incident in time", facts)


def _recent(outage: incidents.Outage, now: datetime) -> bool:
    return (outage.ended_at or now) >= now - LOOKED_BACK


def _unnoticed(outage: incidents.Outage, opened: Sequence[incidents.Incident], now: datetime) -> bool:
    """It lasted, and its incident came too late or never."""
    if outage.seconds(outage.began_at, now) <= incidents.DETECTED_WITHIN.total_seconds():
        return False
    incident = next((each for each in opened if each.id == outage.incident_id), None)
    return incident is None or incident.opened_at > outage.began_at + incidents.DETECTED_WITHIN


def acknowledged(found: Sequence[tickets.Ticket], now: datetime) -> Saw:
    """Opened by the customer, and heard by the provider in the time that the severity gives."""
    recent = [each for each in found if (each.closed_at or now) >= now - LOOKED_BACK]
    late = [each.id for each in recent if each.late(now)]
    waiting = [each for each in recent if each.status is tickets.Status.OPEN]
    foreign = [each.id for each in recent if each.messages[0].party != errors.CUSTOMER]
    facts = {
        "tickets": sorted(f"{each.id} {each.severity} {each.status}" for each in recent),
        "late": sorted(late),
        "notTheCustomers": sorted(foreign),
    }
    if foreign:
        said = f"{len(foreign)} tickets were opened by the provider in the customer's name"
        return _saw(TICKETS, "tickets", Outcome.BREACHED, said, facts)
    if late:
        said = f"{len(late)} of {len(recent)} tickets were not acknowledged in time"
        return _saw(TICKETS, "tickets", Outcome.BREACHED, said, facts)
    if not recent:
        said = f"The customer opened no ticket in the last {LOOKED_BACK.days} days"
        return _saw(TICKETS, "tickets", Outcome.NOT_APPLICABLE, said, facts)
    if len(waiting) == len(recent):
        return _saw(TICKETS, "tickets", Outcome.UNKNOWN, f"{len(waiting)} tickets still have time to be heard", facts)
    return _saw(TICKETS, "tickets", Outcome.PROVEN, f"{len(recent)} tickets were acknowledged in time", facts)


def _saw(activity: str, collector: str, outcome: Outcome, said: str, facts: Mapping[str, object] | None = None) -> Saw:
    return Saw(activity=activity, collector=collector, outcome=outcome, summary=said, facts=facts or {})
