"""Outages of a cluster, to whose account each is put, and what its availability is in the end.

The proposal comes with the outage (`reconcile/incidents.py`); here either party disputes it, and both settle.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from steward.domain import actors, availability, clusters, errors, events, incidents
from steward.operations import access, history, registry, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records
from steward.responsibility import attribution

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@operation("outage.dispute", "outage.contest")
async def dispute(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, outage_id: str, reason: str
) -> incidents.Outage:
    """With a reason. While it is undecided it counts against the provider, whoever disputes."""
    name = _of_party(actor, "outage.dispute", "outage.contest")
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, cluster_id, outage_id)
        text = incidents.checked_text(reason)
        told = incidents.disputed(found, actor.party, text, context.clock.now())
        await work.outages.put(told)
        said = f"{actor.name} disputes that the outage of {_when(found)} is the {found.proposed_party}'s: {text}"
        await _write(work, history.Deed(operation=name, type="outage:disputed", message=said), context, actor, told)
    return told


@operation("outage.settle", "outage.concede")
async def settle(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, outage_id: str, against: str
) -> incidents.Outage:
    """One party's word for whose account it is put to; settled once both say the same."""
    name = _of_party(actor, "outage.settle", "outage.concede")
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, cluster_id, outage_id)
        if found.ended_at is None:
            raise errors.Conflict("The outage is not over yet; it is settled afterwards")
        vote = incidents.Vote(party=actor.party, name=actor.name, against=against, at=context.clock.now())
        told = incidents.voted(found, vote)
        await work.outages.put(told)
        both = "; both parties say so, and it is settled" if told.settled_party else ""
        said = f"{actor.name} puts the outage of {_when(found)} to the {against}'s account{both}"
        type_ = "outage:settled" if told.settled_party else "outage:judged"
        await _write(work, history.Deed(operation=name, type=type_, message=said), context, actor, told)
    return told


async def of_cluster(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> Sequence[incidents.Outage]:
    """Oldest first."""
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return await work.outages.of(cluster.id)


async def get(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, outage_id: str
) -> incidents.Outage:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return await _of(work, cluster, outage_id)


def rules(actor: actors.Actor) -> Sequence[attribution.Rule]:
    """By which outages are put to an account; whoever is known may read them."""
    return attribution.rules() if actor.role is not None else ()


async def availability_of(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, month: str = ""
) -> availability.Figures | None:
    """Of a calendar month, this one where none is named; None where nobody has looked yet."""
    if month and not _MONTH.fullmatch(month):
        raise errors.BadInput("[month] A month is written as in 2030-01")
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return await figures_of(work, cluster, context.clock.now(), month)


async def hours_of(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> Sequence[availability.Period]:
    """The hours that are kept, oldest first, with the one that runs."""
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        watch = await work.watches.get(cluster.id)
        found = [each for each in await work.periods.of(cluster.id) if each.hourly]
        return found if watch is None else [*found, watch.hour]


async def figures_of(
    work: records.Work, cluster: clusters.Cluster, now: datetime, month: str = ""
) -> availability.Figures | None:
    watch = await work.watches.get(cluster.id)
    if watch is None or watch.last is None:
        return None
    month = month or availability.month_of(now)
    period = watch.month if watch.month.name == month else await work.periods.get(f"{cluster.id}/{month}")
    if period is None:
        period = availability.unseen(watch, month, now)
    if period is None:
        return None
    outages = await work.outages.of(cluster.id)
    until = now if availability.looked_away(watch, now) else watch.last.at
    return availability.figures(period, cluster.plan, outages, until)


async def _found(
    work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str, outage_id: str
) -> incidents.Outage:
    owner, cluster = await access.seen_cluster(work, actor, project_id, cluster_id)
    found = await _of(work, cluster, outage_id)
    await rights.decided(work, actor, project=owner, cluster=cluster)
    return found


async def _of(work: records.Work, cluster: clusters.Cluster, outage_id: str) -> incidents.Outage:
    found = await work.outages.get(outage_id) if _ID.fullmatch(outage_id) else None
    if found is None or found.cluster_id != cluster.id:
        raise errors.NotFound("This outage does not exist")
    return found


async def _write(
    work: records.Work, deed: history.Deed, context: context_.Context, actor: actors.Actor, outage: incidents.Outage
) -> None:
    await history.keep(
        work,
        events.Event(
            at=context.clock.now(),
            project_id=outage.project_id,
            cluster_id=outage.cluster_id,
            subject="outage",
            subject_id=outage.id,
            type=deed.type,
            message=deed.message,
            actor=actor.name,
            activity=registry.activity_of(deed.operation),
            facts={
                "operation": deed.operation,
                "proposed": outage.proposed_party,
                "counts": outage.counts_against,
                history.PARTY: actor.party,
            },
        ),
    )


def _when(outage: incidents.Outage) -> str:
    return f"{outage.began_at:%Y-%m-%d %H:%M:%S} UTC"


def _of_party(actor: actors.Actor, customers: str, providers: str) -> str:
    name = providers if actor.of_provider else customers
    registry.narrow(name)
    return name
