"""Tickets: the customer reports what is wrong, the provider answers, both read the same."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import calls
from steward.api.console import doors, pages, projects
from steward.domain import errors, people
from steward.domain import tickets as tickets_
from steward.operations import contracts, tickets
from steward.operations import projects as projects_

router = APIRouter(prefix="/console/tickets", include_in_schema=False, route_class=doors.SessionRoute)

MOST = 100


@dataclass(frozen=True, slots=True)
class _Draft:
    """What was typed, shown again where it cannot be taken."""

    title: str = ""
    text: str = ""
    severity: str = tickets_.Severity.NORMAL
    cluster: str = ""


@router.get("")
async def every(visit: doors.Visitor) -> Response:
    """Those that wait first, most urgent first; the provider's list is of all customers."""
    known = {each.id: each for each in await projects_.all_of(visit.context, visit.actor)}
    if visit.actor.of_provider:
        found = list(await tickets.all_of(visit.context, visit.actor))
    else:
        found = [
            each
            for project_id in known
            for each in await tickets.of_project(visit.context, visit.actor, project_id=project_id)
        ]
    found.sort(key=lambda each: each.opened_at, reverse=True)
    return visit.page(
        "tickets.html",
        waiting=sorted((each for each in found if each.status is tickets_.Status.OPEN), key=lambda each: each.due_at),
        under_way=[each for each in found if each.status is tickets_.Status.ACKNOWLEDGED],
        closed=[each for each in found if each.status is tickets_.Status.CLOSED][:MOST],
        projects=known,
        may_open=_may_open(visit),
        now=visit.context.clock.now(),
    )


@router.get("/new")
async def draft(visit: doors.Visitor) -> Response:
    return await _form(visit, _Draft(cluster=visit.asked("cluster")))


@router.post("/new", openapi_extra=calls.changes("ticket.open"))
async def open_(visit: doors.Visitor) -> Response:
    written = _Draft(visit.text("title"), visit.text("text"), visit.text("severity"), visit.text("cluster"))
    project_id, _, cluster_id = written.cluster.partition("/")
    report = tickets.Report(title=written.title, text=written.text, severity=written.severity, cluster_id=cluster_id)
    try:
        made = await tickets.open_(visit.context, visit.actor, project_id=project_id, report=report)
    except errors.BadInput as refusal:
        return await _form(visit, written, refusal)
    return doors.to(f"/console/tickets/{made.project_id}/{made.id}", done="opened")


@router.get("/{project_id}/{ticket_id}")
async def one(visit: doors.Visitor, project_id: str, ticket_id: str) -> Response:
    return await _one(visit, project_id, ticket_id)


@router.post("/{project_id}/{ticket_id}/answer", openapi_extra=calls.changes("ticket.add", "ticket.answer"))
async def answer(visit: doors.Visitor, project_id: str, ticket_id: str) -> Response:
    text = visit.text("text")
    try:
        await tickets.answer(visit.context, visit.actor, project_id=project_id, ticket_id=ticket_id, text=text)
    except errors.BadInput as refusal:
        return await _one(visit, project_id, ticket_id, refusal, text=text)
    return _back(project_id, ticket_id, "sent")


@router.post("/{project_id}/{ticket_id}/acknowledge", openapi_extra=calls.changes("ticket.acknowledge"))
async def acknowledge(visit: doors.Visitor, project_id: str, ticket_id: str) -> Response:
    await tickets.acknowledge(visit.context, visit.actor, project_id=project_id, ticket_id=ticket_id)
    return _back(project_id, ticket_id, "acknowledged")


@router.post("/{project_id}/{ticket_id}/close", openapi_extra=calls.changes("ticket.close", "ticket.conclude"))
async def close(visit: doors.Visitor, project_id: str, ticket_id: str) -> Response:
    await tickets.close(visit.context, visit.actor, project_id=project_id, ticket_id=ticket_id)
    return _back(project_id, ticket_id, "closed")


async def _form(visit: doors.Visit, written: _Draft, refusal: errors.Refusal | None = None) -> Response:
    page = await projects.page(visit)
    clusters = {
        each.id: (await contracts.show(visit.context, visit.actor, project_id=each.id)).clusters for each in page.shown
    }
    return pages.page(
        visit.request,
        "ticket_new.html",
        status=200 if refusal is None else refusal.status,
        said="" if refusal is None else pages.spoken(refusal.message),
        written=written,
        projects=page.shown,
        clusters=clusters,
        severities=[(each.value, tickets_.ACKNOWLEDGED_WITHIN[each]) for each in tickets_.Severity],
        longest=tickets_.LONGEST_TITLE,
        may_open=_may_open(visit),
    )


async def _one(
    visit: doors.Visit, project_id: str, ticket_id: str, refusal: errors.Refusal | None = None, text: str = ""
) -> Response:
    found = await tickets.get(visit.context, visit.actor, project_id=project_id, ticket_id=ticket_id)
    return pages.page(
        visit.request,
        "ticket.html",
        status=200 if refusal is None else refusal.status,
        said="" if refusal is None else pages.spoken(refusal.message),
        text=text,
        ticket=found,
        project=await projects_.get(visit.context, visit.actor, project_id=project_id),
        may=people.reaches(visit.actor.role, people.Role.SUPPORT if visit.actor.of_provider else people.Role.ADMIN),
        now=visit.context.clock.now(),
    )


def _may_open(visit: doors.Visit) -> bool:
    return people.reaches(visit.actor.role, people.Role.ADMIN)


def _back(project_id: str, ticket_id: str, done: str) -> Response:
    return doors.to(f"/console/tickets/{project_id}/{ticket_id}", done=done)
