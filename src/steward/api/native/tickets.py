"""`/native/projects/{id}/tickets`: what a customer reports; `/native/tickets`: all of them, for the provider."""

from fastapi import APIRouter
from pydantic import StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import tickets as tickets_
from steward.operations import tickets

router = APIRouter(prefix="/native/projects/{project_id}/tickets", tags=["native"], route_class=calls.EitherRoute)
all_of_them = APIRouter(prefix="/native/tickets", tags=["native"], route_class=calls.EitherRoute)


class TicketOpening(requests.Body):
    title: StrictStr
    text: StrictStr
    severity: StrictStr = tickets_.Severity.NORMAL.value
    cluster: StrictStr = ""


class Message(requests.Body):
    text: StrictStr


class Link(requests.Body):
    incident: StrictStr


@all_of_them.get("")
async def of_everybody(call: calls.Caller, unanswered: bool = False) -> Response:
    found = await tickets.all_of(call.context, call.actor, unanswered=unanswered)
    return answers.ok([ticket(each) for each in found])


@router.post("", openapi_extra=calls.changes("ticket.open"))
async def open_(call: calls.Caller, project_id: str, body: TicketOpening) -> Response:
    report = tickets.Report(title=body.title, text=body.text, severity=body.severity, cluster_id=body.cluster)
    return answers.ok(ticket(await tickets.open_(call.context, call.actor, project_id=project_id, report=report)))


@router.get("")
async def every(call: calls.Caller, project_id: str, cluster: str = "") -> Response:
    found = await tickets.of_project(call.context, call.actor, project_id=project_id, cluster_id=cluster)
    return answers.ok([ticket(each) for each in found])


@router.get("/{ticket_id}")
async def one(call: calls.Caller, project_id: str, ticket_id: str) -> Response:
    return answers.ok(ticket(await tickets.get(call.context, call.actor, project_id=project_id, ticket_id=ticket_id)))


@router.post("/{ticket_id}/messages", openapi_extra=calls.changes("ticket.add", "ticket.answer"))
async def answer(call: calls.Caller, project_id: str, ticket_id: str, body: Message) -> Response:
    told = await tickets.answer(call.context, call.actor, project_id=project_id, ticket_id=ticket_id, text=body.text)
    return answers.ok(ticket(told))


@router.post("/{ticket_id}/acknowledge", openapi_extra=calls.changes("ticket.acknowledge"))
async def acknowledge(call: calls.Caller, project_id: str, ticket_id: str) -> Response:
    told = await tickets.acknowledge(call.context, call.actor, project_id=project_id, ticket_id=ticket_id)
    return answers.ok(ticket(told))


@router.post("/{ticket_id}/close", openapi_extra=calls.changes("ticket.close", "ticket.conclude"))
async def close(call: calls.Caller, project_id: str, ticket_id: str) -> Response:
    return answers.ok(ticket(await tickets.close(call.context, call.actor, project_id=project_id, ticket_id=ticket_id)))


@router.post("/{ticket_id}/incident", openapi_extra=calls.changes("ticket.link"))
async def link(call: calls.Caller, project_id: str, ticket_id: str, body: Link) -> Response:
    told = await tickets.link(
        call.context, call.actor, project_id=project_id, ticket_id=ticket_id, incident_id=body.incident
    )
    return answers.ok(ticket(told))


def ticket(found: tickets_.Ticket) -> shapes.Shape:
    return {
        "id": found.id,
        "project": found.project_id,
        "cluster": found.cluster_id,
        "title": found.title,
        "severity": found.severity,
        "status": found.status.value,
        "openedBy": found.opened_by,
        "openedAt": shapes.moment(found.opened_at),
        "dueAt": shapes.moment(found.due_at),
        "acknowledgedBy": found.acknowledged_by,
        "acknowledgedAt": shapes.moment(found.acknowledged_at),
        "closedBy": found.closed_by,
        "closedAt": shapes.moment(found.closed_at),
        "incident": found.incident_id,
        "messages": [
            {"at": shapes.moment(each.at), "party": each.party, "author": each.author, "text": each.text}
            for each in found.messages
        ],
    }
