"""Outages as probes see them: when one began and ended, what its timeline shows, and to whose account it is put.

Called by `probes` in the transaction that counts. From the last good probe to the next one all time is bad; where
nobody looked in between, the outage ends with the last failed probe, and the rest is unknown.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from steward.domain import audits, availability, clusters, conditions, errors, events, incidents
from steward.operations import history
from steward.ports import records
from steward.reconcile.services import Services
from steward.responsibility import attribution

PROBE = "3.1.1-1"
SHOWN_BEFORE = timedelta(minutes=15)  # of events in the timeline
PAGE = 1000
MOST_MOMENTS = 200
_OWN = ("outage:", "incident:", "ticket:")  # told of it, and no cause of it


async def follow(
    services: Services,
    work: records.Work,
    cluster: clusters.Cluster,
    before: availability.Watch,
    after: availability.Watch,
) -> availability.Watch:
    sighting = after.last
    if sighting is None:
        return after
    if not sighting.good:
        return await _failing(services, work, cluster, before, after, sighting)
    if not after.outage_id:
        return after
    found = await work.outages.get(after.outage_id)
    if found is not None:
        ended = sighting.at if _adjoins(before, sighting) or before.last is None else before.last.at
        await close(services, work, cluster, found, ended)
    return replace(after, outage_id="")


async def close(
    services: Services, work: records.Work, cluster: clusters.Cluster, found: incidents.Outage, ended: datetime
) -> None:
    """With all that its timeline shows now."""
    over = await judged(work, cluster, replace(found, ended_at=max(ended, found.began_at)))
    await work.outages.put(over)
    seconds = over.seconds(over.began_at, over.ended_at or ended)
    told = (
        f"The API server answers again after {seconds:.0f} s. Put to the account of the {over.proposed_party} "
        f"({over.proposed_activity}): {over.grounds}"
    )
    facts = {
        "outage": over.id,
        "seconds": f"{seconds:.0f}",
        "accountable": over.proposed_party,
        "row": over.proposed_activity,
        "rule": over.rule,
    }
    await history.keep(work, services.event(cluster, f"outage:{over.id}", "outage:ended", told, PROBE, **facts))


async def _failing(
    services: Services,
    work: records.Work,
    cluster: clusters.Cluster,
    before: availability.Watch,
    after: availability.Watch,
    sighting: availability.Sighting,
) -> availability.Watch:
    if after.outage_id:
        return after
    last = before.last
    began = last.at if last is not None and last.good and _adjoins(before, sighting) else sighting.at
    opened = incidents.Outage(
        id=str(uuid.uuid4()),
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        began_at=began,
        failure=sighting.failure,
        proposed_activity=PROBE,
        proposed_party=errors.PROVIDER,
        grounds="",
    )
    await work.outages.put(await judged(work, cluster, opened))
    told = f"The API server does not answer as it should: {sighting.failure}"
    await history.keep(
        work, services.event(cluster, f"outage:{opened.id}", "outage:began", told, PROBE, outage=opened.id)
    )
    return replace(after, outage_id=opened.id)


def _adjoins(before: availability.Watch, sighting: availability.Sighting) -> bool:
    last = before.last
    return last is not None and (sighting.at - last.at).total_seconds() <= availability.LONGEST_GAP


async def judged(work: records.Work, cluster: clusters.Cluster, outage: incidents.Outage) -> incidents.Outage:
    """With its timeline and proposal as they are by now; what the parties said stays."""
    until = outage.ended_at or outage.began_at + timedelta(days=1)
    facts = await _facts(work, outage, until)
    proposal = attribution.proposed(facts, [outage.failure], outage.began_at, until)
    shown = [each for each in facts if each.at >= outage.began_at - SHOWN_BEFORE]
    moments = [incidents.Moment(at=each.at, party=each.party, text=each.text, activity=each.activity) for each in shown]
    moments += _observed(cluster, outage)
    moments.sort(key=lambda each: each.at)
    return replace(
        outage,
        proposed_activity=proposal.activity,
        proposed_party=proposal.party,
        rule=proposal.rule,
        grounds=proposal.grounds,
        timeline=tuple(moments[:MOST_MOMENTS]),
    )


async def _facts(work: records.Work, outage: incidents.Outage, until: datetime) -> list[attribution.Fact]:
    since = outage.began_at - max(SHOWN_BEFORE, attribution.longest_before())
    found: list[attribution.Fact] = []
    last = 0
    while page := await work.events.of_cluster(outage.cluster_id, after=last, limit=PAGE):
        last = page[-1].id
        found += [_of_event(each) for each in page if since <= each.at <= until and not each.type.startswith(_OWN)]
    acts = [
        *await work.findings.of(outage.cluster_id, latest=PAGE),
        *await work.findings.of(audits.acts_of(outage.cluster_id), latest=PAGE),
    ]
    found += [_of_finding(each) for each in acts if since <= each.at <= until and each.sort is not audits.Sort.GAP]
    return sorted(found, key=lambda each: each.at)


def _of_event(event: events.Event) -> attribution.Fact:
    return attribution.Fact(
        at=event.at,
        type=event.type,
        party=event.facts.get(history.PARTY, errors.PROVIDER),
        activity=event.activity,
        text=event.message,
    )


def _of_finding(finding: audits.Finding) -> attribution.Fact:
    return attribution.Fact(
        at=finding.at,
        type=f"audit:{finding.rule}",
        party=finding.party,
        activity=finding.activity,
        text=finding.text,
        resource=finding.resource,
    )


def _observed(cluster: clusters.Cluster, outage: incidents.Outage) -> list[incidents.Moment]:
    """What probes and conditions show."""

    def moment(at: datetime, text: str) -> incidents.Moment:
        return incidents.Moment(at=at, party=errors.PROVIDER, text=text, activity=PROBE)

    found = [moment(outage.began_at, f"From here on no probe succeeded; the first was told: {outage.failure}")]
    bad = [each for each in _bad(cluster.conditions) if each.since >= outage.began_at]
    found += [moment(each.since, f"Condition {each.kind}: {each.reason} {each.message}".strip()) for each in bad]
    if outage.ended_at is not None:
        found.append(moment(outage.ended_at, "It is over"))
    return found


def _bad(known: conditions.Conditions) -> Sequence[conditions.Condition]:
    good = {conditions.Kind.READY: True}
    return [each for each in known if each.holds is not good.get(each.kind, False)]
