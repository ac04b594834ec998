"""Incidents that failing probes open, and that end once all is well: who is affected is computed, and told (3.2.1-2).

Called by `probes` in the transaction that counts. Clusters that begin to fail within ten minutes of each other are one
incident; it grows, shrinks, and is resolved with the last of them.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from steward.domain import availability, clusters, errors, incidents
from steward.operations import incidents as incidents_
from steward.ports import records
from steward.reconcile import outages
from steward.reconcile.services import Services

NOTIFY, INTERVENE = "3.2.1-2", "3.2.1-3"
NAME = f"steward:{NOTIFY}:probes"
Watched = tuple[clusters.Cluster, availability.Watch]


async def follow(
    services: Services, work: records.Work, watched: Sequence[Watched], gone: Sequence[availability.Watch]
) -> None:
    """`gone` are watches of clusters that are deleted, or being so."""
    for each in gone:
        await _let_go(services, work, each)
    failing = [each for each in watched if await _is_new(work, each[1])]
    if failing:
        await _opened(services, work, failing)
    green = [each for each in watched if each[1].incident_id and each[1].failed_in_row == 0]
    for incident_id in dict.fromkeys(watch.incident_id for _, watch in green):
        await _recovered(services, work, incident_id, [each for each in green if each[1].incident_id == incident_id])


async def _is_new(work: records.Work, watch: availability.Watch) -> bool:
    """It fails for long enough, and no open incident has it."""
    if watch.failed_in_row < availability.FAILURES_OF_AN_INCIDENT:
        return False
    known = await work.incidents.get(watch.incident_id) if watch.incident_id else None
    return known is None or known.status is not incidents.Status.OPEN


async def _opened(services: Services, work: records.Work, failing: Sequence[Watched]) -> None:
    now = services.clock.now()
    ids = tuple(cluster.id for cluster, _ in failing)
    moments = [
        incidents.Moment(at=now, party=errors.PROVIDER, text=_failed(watch), activity=NOTIFY, cluster_id=cluster.id)
        for cluster, watch in failing
    ]
    open_ = await work.incidents.of(incidents.Status.OPEN)
    joined = next((each for each in open_ if each.takes(now)), None)
    found = joined or incidents.Incident(
        id=str(uuid.uuid4()),
        title="API servers do not answer",
        affected=(),
        opened_at=now,
        opened_by=NAME,
        by_probes=True,
    )
    found = incidents.grown(found, ids, *moments)
    await work.incidents.put(found)
    for _, watch in failing:
        await work.watches.put(replace(watch, incident_id=found.id))
        outage = await work.outages.get(watch.outage_id) if watch.outage_id else None
        if outage is not None:
            await work.outages.put(replace(outage, incident_id=found.id))
    told = "An incident affects the cluster: its API server does not answer probes. The provider works on it"
    await incidents_.tell(work, found, "incident:opened", told, [cluster for cluster, _ in failing], _by(services))


def _failed(watch: availability.Watch) -> str:
    failure = watch.last.failure if watch.last is not None else ""
    return f"{watch.failed_in_row} probes in a row failed; the last was told: {failure}"


async def _recovered(services: Services, work: records.Work, incident_id: str, green: Sequence[Watched]) -> None:
    now = services.clock.now()
    for _, watch in green:
        await work.watches.put(replace(watch, incident_id=""))
    found = await work.incidents.get(incident_id)
    if found is None or found.status is not incidents.Status.OPEN:
        return
    moments = [
        incidents.Moment(
            at=now, party=errors.PROVIDER, text="Probes succeed again", activity=INTERVENE, cluster_id=cluster.id
        )
        for cluster, _ in green
    ]
    found = incidents.shrunk(found, tuple(cluster.id for cluster, _ in green), *moments)
    restored = [cluster for cluster, _ in green]
    if found.affected or not found.by_probes:
        await work.incidents.put(found)
        told = "The API server answers probes again; the incident goes on for others"
        await incidents_.tell(work, found, "incident:restored", told, restored, _by(services))
        return
    await _resolved(services, work, found, "All affected API servers answer probes again")


async def _resolved(services: Services, work: records.Work, found: incidents.Incident, note: str) -> None:
    """The cause, where it is known, is what the outages were put down to."""
    now = services.clock.now()
    concerned = await incidents_.standing(work, found.concerned)
    lasted = (now - found.opened_at).total_seconds()
    said = f"{note}, {lasted:.0f} s after it was noticed"
    moment = incidents.Moment(at=now, party=errors.PROVIDER, text=said, activity=NOTIFY)
    over = incidents.resolved(found, NAME, said, now, moment)
    await work.incidents.put(replace(over, cause=over.cause or await _cause(work, found)))
    told = f"The incident is over: {said}"
    await incidents_.tell(work, over, "incident:resolved", told, concerned, _by(services))


async def _cause(work: records.Work, found: incidents.Incident) -> str:
    """Of the rules alone, not of the grounds: those name what one customer's cluster shows."""
    rules = []
    for cluster_id in found.concerned:
        known = await work.outages.of(cluster_id, latest=20)
        rules += [each.rule for each in known if each.incident_id == found.id and each.rule]
    return ", ".join(dict.fromkeys(rules))


async def _let_go(services: Services, work: records.Work, watch: availability.Watch) -> None:
    """Its customer deletes the cluster: nobody looks any more, and nothing is said of the rest."""
    outage = await work.outages.get(watch.outage_id) if watch.outage_id else None
    cluster = await work.clusters.get(watch.cluster_id)
    seen_until = watch.last.at if watch.last is not None else services.clock.now()
    if outage is not None and cluster is not None:
        await outages.close(services, work, cluster, outage, seen_until)
    elif outage is not None:
        await work.outages.put(replace(outage, ended_at=max(seen_until, outage.began_at)))
    found = await work.incidents.get(watch.incident_id) if watch.incident_id else None
    if found is not None and found.status is incidents.Status.OPEN:
        moment = incidents.Moment(
            at=services.clock.now(),
            party=errors.PROVIDER,
            text="Its customer deletes the cluster",
            cluster_id=watch.cluster_id,
        )
        found = incidents.shrunk(found, (watch.cluster_id,), moment)
        await work.incidents.put(found)
        if found.by_probes and not found.affected:
            await _resolved(services, work, found, "The affected clusters work, or are deleted")
    for period in (watch.hour, watch.month):
        await work.periods.put(period)
    await work.watches.remove(watch.cluster_id)


def _by(services: Services) -> incidents_.By:
    return incidents_.By(at=services.clock.now(), actor=NAME, party=errors.PROVIDER, activity=NOTIFY)
