"""`/native/incidents`: what the provider works on; `/native/projects/{id}/incidents`: what of it hits a customer."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import incidents as incidents_
from steward.operations import incidents

router = APIRouter(prefix="/native/incidents", tags=["native"], route_class=calls.EitherRoute)
of_project = APIRouter(prefix="/native/projects/{project_id}/incidents", tags=["native"], route_class=calls.EitherRoute)


class IncidentOpening(requests.Body):
    title: StrictStr
    cause: StrictStr = ""
    clusters: Annotated[list[StrictStr], Field(max_length=2000)]


class IncidentUpdate(requests.Body):
    text: StrictStr
    cause: StrictStr = ""


class IncidentEnd(requests.Body):
    note: StrictStr


@of_project.get("")
async def concerning(call: calls.Caller, project_id: str) -> Response:
    found = await incidents.of_project(call.context, call.actor, project_id=project_id)
    return answers.ok([incident(each) for each in found])


@router.get("")
async def every(call: calls.Caller, resolved: bool = False) -> Response:
    found = await incidents.all_of(call.context, call.actor, resolved=resolved)
    return answers.ok([incident(each) for each in found])


@router.get("/{incident_id}")
async def one(call: calls.Caller, incident_id: str) -> Response:
    return answers.ok(incident(await incidents.get(call.context, call.actor, incident_id=incident_id)))


@router.post("", openapi_extra=calls.changes("incident.open"))
async def open_(call: calls.Caller, body: IncidentOpening) -> Response:
    opening = incidents.Opening(title=body.title, cause=body.cause, cluster_ids=tuple(body.clusters))
    return answers.ok(incident(await incidents.open_(call.context, call.actor, opening=opening)))


@router.post("/{incident_id}/updates", openapi_extra=calls.changes("incident.update"))
async def update(call: calls.Caller, incident_id: str, body: IncidentUpdate) -> Response:
    change = incidents.Update(text=body.text, cause=body.cause)
    told = await incidents.update(call.context, call.actor, incident_id=incident_id, change=change)
    return answers.ok(incident(told))


@router.post("/{incident_id}/resolve", openapi_extra=calls.changes("incident.resolve"))
async def resolve(call: calls.Caller, incident_id: str, body: IncidentEnd) -> Response:
    told = await incidents.resolve(call.context, call.actor, incident_id=incident_id, note=body.note)
    return answers.ok(incident(told))


def incident(found: incidents_.Incident) -> shapes.Shape:
    return {
        "id": found.id,
        "title": found.title,
        "cause": found.cause,
        "status": found.status.value,
        "affected": list(found.affected),
        "before": list(found.before),
        "byProbes": found.by_probes,
        "openedBy": found.opened_by,
        "openedAt": shapes.moment(found.opened_at),
        "resolvedBy": found.resolved_by,
        "resolvedAt": shapes.moment(found.resolved_at),
        "closingNote": found.closing_note,
        "timeline": [line(each) for each in found.timeline],
    }


def line(found: incidents_.Moment) -> shapes.Shape:
    return {
        "at": shapes.moment(found.at),
        "party": found.party,
        "activity": found.activity,
        "text": found.text,
        "cluster": found.cluster_id,
    }
