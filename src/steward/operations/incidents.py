"""Incidents as people see and handle them: operators open, update and resolve; customers read what concerns them.

Failing probes open incidents by themselves (`reconcile/incidents.py`). Of one that hits several customers each sees its
own clusters alone.
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from steward.domain import actors, clusters, errors, events, incidents
from steward.operations import access, history, registry, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LATEST = 200
NOTIFY, INTERVENE = "3.2.1-2", "3.2.1-3"  # telling of it, and working on it
NONE = "This incident does not exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    title: str
    cause: str = ""
    cluster_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What is empty stays as it is."""

    text: str
    cause: str = ""


@operation("incident.open")
async def open_(context: context_.Context, actor: actors.Actor, *, opening: Opening) -> incidents.Incident:
    now = context.clock.now()
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        affected = await _clusters(work, opening.cluster_ids)
        title = incidents.checked_title(opening.title)
        made = incidents.Incident(
            id=str(uuid.uuid4()),
            title=title,
            cause=opening.cause[: incidents.LONGEST_TEXT],
            affected=tuple(each.id for each in affected),
            opened_at=now,
            opened_by=actor.name,
            timeline=(_moment(context, actor, NOTIFY, f"{actor.name} opened the incident: {title}"),),
        )
        await work.incidents.put(made)
        await tell(
            work, made, "incident:opened", f"An incident affects the cluster: {title}", affected, _by(context, actor)
        )
    return made


@operation("incident.update")
async def update(
    context: context_.Context, actor: actors.Actor, *, incident_id: str, change: Update
) -> incidents.Incident:
    """A line of what is being done about it, and perhaps the cause."""
    async with context.records.begin() as work:
        found = await _decided(work, actor, incident_id)
        incidents.check_open(found)
        text = incidents.checked_text(change.text)
        told = incidents.noted(found, _moment(context, actor, INTERVENE, text))
        told = replace(told, cause=change.cause[: incidents.LONGEST_TEXT] or told.cause)
        await work.incidents.put(told)
        affected = await standing(work, told.affected)
        await tell(
            work, told, "incident:updated", f"{told.title}: {text}", affected, _by(context, actor, "incident.update")
        )
    return told


@operation("incident.resolve")
async def resolve(context: context_.Context, actor: actors.Actor, *, incident_id: str, note: str) -> incidents.Incident:
    async with context.records.begin() as work:
        found = await _decided(work, actor, incident_id)
        text = incidents.checked_text(note)
        affected = await standing(work, found.concerned)
        moment = _moment(context, actor, NOTIFY, f"{actor.name} resolved it: {text}")
        told = incidents.resolved(found, actor.name, text, context.clock.now(), moment)
        await work.incidents.put(told)
        said = f"The incident is over: {told.title}. {text}"
        await tell(work, told, "incident:resolved", said, affected, _by(context, actor, "incident.resolve"))
    return told


async def all_of(
    context: context_.Context, actor: actors.Actor, *, resolved: bool = False
) -> Sequence[incidents.Incident]:
    """Of every customer: the provider's alone."""
    if not actor.of_provider:
        raise errors.NotFound(NONE)
    async with context.records.read() as work:
        found = list(await work.incidents.of(incidents.Status.OPEN))
        if resolved:
            found = [*await work.incidents.of(incidents.Status.RESOLVED, latest=LATEST), *found]
        return found


async def of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str
) -> Sequence[incidents.Incident]:
    """Those that concern its clusters, open and lately resolved, as its customer may see them."""
    async with context.records.read() as work:
        owner = await access.project(work, actor, project_id)
        own = {each.id for each in await work.clusters.of_project(owner.id)}
        found = [
            *await work.incidents.of(incidents.Status.RESOLVED, latest=LATEST),
            *await work.incidents.of(incidents.Status.OPEN),
        ]
    return [shown(each, own) for each in found if own & set(each.concerned)]


async def get(context: context_.Context, actor: actors.Actor, *, incident_id: str) -> incidents.Incident:
    """A customer by its projects, see `of_project`; here the provider."""
    if not actor.of_provider:
        raise errors.NotFound(NONE)
    async with context.records.read() as work:
        return await _of(work, incident_id)


def shown(incident: incidents.Incident, own: set[clusters.ClusterId]) -> incidents.Incident:
    """Without the clusters of others, and without what names them."""
    return replace(
        incident,
        affected=tuple(each for each in incident.affected if each in own),
        before=tuple(each for each in incident.before if each in own),
        timeline=tuple(each for each in incident.timeline if not each.cluster_id or each.cluster_id in own),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who tells, when, and under which row."""

    at: datetime
    actor: str
    party: str
    activity: str


async def tell(
    work: records.Work,
    incident: incidents.Incident,
    type_: str,
    told: str,
    to: Sequence[clusters.Cluster],
    by: By,
) -> None:
    """An event in each cluster's history, from which its people are notified."""
    for cluster in to:
        await history.keep(
            work,
            events.Event(
                at=by.at,
                project_id=cluster.project_id,
                cluster_id=cluster.id,
                subject="incident",
                subject_id=incident.id,
                type=type_,
                message=told,
                actor=by.actor,
                activity=by.activity,
                facts={"incident": incident.id, history.PARTY: by.party},
            ),
        )


async def standing(work: records.Work, cluster_ids: Sequence[clusters.ClusterId]) -> list[clusters.Cluster]:
    found = [await work.clusters.get(each) for each in cluster_ids]
    return [each for each in found if each is not None]


async def _clusters(work: records.Work, cluster_ids: Sequence[str]) -> list[clusters.Cluster]:
    wanted = list(dict.fromkeys(cluster_ids))
    found = await standing(work, [clusters.ClusterId(each) for each in wanted if _ID.fullmatch(each)])
    if not wanted or len(found) != len(wanted):
        raise errors.BadInput(
            "[clusters] An incident names the clusters that it affects, by ids of clusters that stand"
        )
    return found


async def _decided(work: records.Work, actor: actors.Actor, incident_id: str) -> incidents.Incident:
    await rights.decided(work, actor)
    return await _of(work, incident_id)


async def _of(work: records.Work, incident_id: str) -> incidents.Incident:
    found = await work.incidents.get(incident_id) if _ID.fullmatch(incident_id) else None
    if found is None:
        raise errors.NotFound(NONE)
    return found


def _by(context: context_.Context, actor: actors.Actor, name: str = "incident.open") -> By:
    return By(at=context.clock.now(), actor=actor.name, party=actor.party, activity=registry.activity_of(name))


def _moment(context: context_.Context, actor: actors.Actor, activity: str, text: str) -> incidents.Moment:
    return incidents.Moment(at=context.clock.now(), party=actor.party, text=text, activity=activity)
