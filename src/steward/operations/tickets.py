"""Tickets: a customer reports what is wrong (3.2.1-1), the provider says that it heard, and both talk.

Nobody of the provider opens one in the customer's name. What the provider does about one is its intervening (3.2.1-3).
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from steward.domain import actors, clusters, errors, events, projects, tickets
from steward.operations import access, history, registry, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    title: str
    text: str
    severity: str = tickets.Severity.NORMAL
    cluster_id: str = ""


@operation("ticket.open")
async def open_(context: context_.Context, actor: actors.Actor, *, project_id: str, report: Report) -> tickets.Ticket:
    now = context.clock.now()
    async with context.records.begin() as work:
        if report.cluster_id:
            cluster = await access.cluster(work, actor, project_id, report.cluster_id)
            owner, about = cluster.project_id, cluster.id
        else:
            owner, about = (await access.project(work, actor, project_id)).id, None
        text = tickets.checked_text(report.text)
        made = tickets.Ticket(
            id=str(uuid.uuid4()),
            project_id=owner,
            cluster_id=about,
            title=tickets.checked_title(report.title),
            severity=tickets.checked_severity(report.severity),
            messages=(tickets.Message(at=now, party=actor.party, author=actor.name, text=text),),
            opened_by=actor.name,
            opened_at=now,
        )
        await work.tickets.put(made)
        told = f"{actor.name} opened a ticket ({made.severity}): {made.title}"
        await _write(work, _Step("ticket.open", "ticket:opened", told), context, actor, made)
    return made


@operation("ticket.add", "ticket.answer")
async def answer(
    context: context_.Context, actor: actors.Actor, *, project_id: str, ticket_id: str, text: str
) -> tickets.Ticket:
    """A message of either party; the provider's first one says that the ticket was heard."""
    name = _of_party(actor, "ticket.add", "ticket.answer")
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, ticket_id)
        now = context.clock.now()
        message = tickets.Message(at=now, party=actor.party, author=actor.name, text=tickets.checked_text(text))
        told = tickets.answered(found, message)
        await work.tickets.put(told)
        type_ = "ticket:answered" if actor.of_provider else "ticket:added"
        await _write(work, _Step(name, type_, f"{actor.name} wrote to ticket {told.title}"), context, actor, told)
    return told


@operation("ticket.acknowledge")
async def acknowledge(
    context: context_.Context, actor: actors.Actor, *, project_id: str, ticket_id: str
) -> tickets.Ticket:
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, ticket_id)
        told = tickets.acknowledged(found, actor.name, context.clock.now())
        if told == found:
            return found
        await work.tickets.put(told)
        said = f"{actor.name} has seen ticket {told.title}"
        await _write(work, _Step("ticket.acknowledge", "ticket:acknowledged", said), context, actor, told)
    return told


@operation("ticket.close", "ticket.conclude")
async def close(context: context_.Context, actor: actors.Actor, *, project_id: str, ticket_id: str) -> tickets.Ticket:
    name = _of_party(actor, "ticket.close", "ticket.conclude")
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, ticket_id)
        told = tickets.closed(found, actor.name, context.clock.now())
        await work.tickets.put(told)
        said = f"{actor.name} closed ticket {told.title}"
        await _write(work, _Step(name, "ticket:closed", said), context, actor, told)
    return told


@operation("ticket.link")
async def link(
    context: context_.Context, actor: actors.Actor, *, project_id: str, ticket_id: str, incident_id: str
) -> tickets.Ticket:
    """To an incident that hits, or hit, a cluster of the ticket's project: of any other its customer learns nothing."""
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, ticket_id)
        incident = await work.incidents.get(incident_id) if _ID.fullmatch(incident_id) else None
        own = {each.id for each in await work.clusters.of_project(found.project_id)}
        if incident is None or not own & set(incident.concerned):
            raise errors.NotFound("No such incident concerns a cluster of this project")
        told = tickets.linked(found, incident.id)
        await work.tickets.put(told)
        said = f"{actor.name} put ticket {told.title} to the incident: {incident.title}"
        await _write(work, _Step("ticket.link", "ticket:linked", said), context, actor, told)
    return told


async def of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str = ""
) -> Sequence[tickets.Ticket]:
    async with context.records.read() as work:
        owner = await access.project(work, actor, project_id)
        found = await work.tickets.of(owner.id)
        return [each for each in found if not cluster_id or each.cluster_id == cluster_id]


async def all_of(
    context: context_.Context, actor: actors.Actor, *, unanswered: bool = False
) -> Sequence[tickets.Ticket]:
    """Of every customer: the provider's alone. `unanswered` are those that nobody has acknowledged yet."""
    _check_provider(actor)
    async with context.records.read() as work:
        found = await work.tickets.all()
    return [each for each in found if not unanswered or each.status is tickets.Status.OPEN]


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str, ticket_id: str) -> tickets.Ticket:
    async with context.records.read() as work:
        return await _of(work, await access.project(work, actor, project_id), ticket_id)


@dataclass(frozen=True, slots=True)
class _Step:
    operation: str
    type: str
    told: str


async def _write(
    work: records.Work, step: _Step, context: context_.Context, actor: actors.Actor, ticket: tickets.Ticket
) -> None:
    """In the project's history, and in the cluster's where it names one."""
    await history.keep(
        work,
        events.Event(
            at=context.clock.now(),
            project_id=ticket.project_id,
            cluster_id=ticket.cluster_id or clusters.ClusterId(""),
            subject="ticket",
            subject_id=ticket.id,
            type=step.type,
            message=step.told,
            actor=actor.name,
            activity=registry.activity_of(step.operation),
            facts={"operation": step.operation, "severity": ticket.severity, history.PARTY: actor.party},
        ),
    )


async def _found(work: records.Work, actor: actors.Actor, project_id: str, ticket_id: str) -> tickets.Ticket:
    owner = await access.seen(work, actor, project_id)
    found = await _of(work, owner, ticket_id)
    cluster = None if found.cluster_id is None else await work.clusters.get(found.cluster_id)
    await rights.decided(work, actor, project=owner, cluster=cluster)
    return found


async def _of(work: records.Work, owner: projects.Project, ticket_id: str) -> tickets.Ticket:
    found = await work.tickets.get(ticket_id) if _ID.fullmatch(ticket_id) else None
    if found is None or found.project_id != owner.id:
        raise errors.NotFound("This ticket does not exist")
    return found


def _check_provider(actor: actors.Actor) -> None:
    if not actor.of_provider:
        raise errors.NotFound(access.NO_SERVICE)


def _of_party(actor: actors.Actor, customers: str, providers: str) -> str:
    name = providers if actor.of_provider else customers
    registry.narrow(name)
    return name
