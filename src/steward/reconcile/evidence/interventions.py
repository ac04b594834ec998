"""Whether the provider intervened in incidents as it has to (3.2.1-3): ended in time, and the cause written down."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from steward.domain import clusters, incidents
from steward.domain.evidence import Outcome
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

INTERVENE = "3.2.1-3"
EVERY = 120.0
PROMISED = timedelta(hours=4)  # from an incident's opening to its end
EXPLAINED_WITHIN = timedelta(days=5)  # after its end
LOOKED_BACK = timedelta(days=30)


def jobs(services: Services) -> list[jobs_.Job]:
    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        async with services.records.read() as work:
            opened = {each.incident_id for each in await work.outages.of(cluster.id) if each.incident_id}
            opened |= {
                each.id for each in await work.incidents.of(incidents.Status.OPEN) if cluster.id in each.affected
            }
            found = [await work.incidents.get(each) for each in sorted(opened)]
        return [intervened([each for each in found if each is not None], services.clock.now())]

    async def act() -> None:
        await looks.at_every_cluster(services, look)

    return [jobs_.Job(name="evidence-interventions", activity=INTERVENE, every=EVERY, act=act)]


def intervened(found: Sequence[incidents.Incident], now: datetime) -> Saw:
    recent = [each for each in found if (each.resolved_at or now) >= now - LOOKED_BACK]
    late = sorted(each.id for each in recent if (each.resolved_at or now) - each.opened_at > PROMISED)
    unexplained = sorted(
        each.id for each in recent if each.resolved_at and not each.cause and now - each.resolved_at > EXPLAINED_WITHIN
    )
    under_way = [each for each in recent if each.resolved_at is None or not each.cause]
    facts = {
        "incidents": [_times(each) for each in recent],
        "late": late,
        "unexplained": unexplained,
        "promisedSeconds": PROMISED.total_seconds(),
    }

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=INTERVENE, collector="interventions", outcome=outcome, summary=said, facts=facts)

    if late:
        hours = PROMISED.total_seconds() / 3600
        return saw(Outcome.BREACHED, f"{len(late)} incidents lasted longer than {hours:g} hours")
    if unexplained:
        return saw(Outcome.BREACHED, f"The cause of {len(unexplained)} incidents was not written down")
    if not recent:
        return saw(Outcome.NOT_APPLICABLE, f"No incident of the last {LOOKED_BACK.days} days hit this cluster")
    if under_way:
        return saw(Outcome.UNKNOWN, f"{len(under_way)} incidents are being worked on, or wait for their cause")
    return saw(Outcome.PROVEN, f"{len(recent)} incidents were ended in time, and their causes are written down")


def _times(incident: incidents.Incident) -> dict[str, str]:
    ended = incident.resolved_at.isoformat() if incident.resolved_at else ""
    return {"incident": incident.id, "openedAt": incident.opened_at.isoformat(), "resolvedAt": ended}
