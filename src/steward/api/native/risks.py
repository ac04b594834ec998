"""`/native/risks`: the provider's register of risks."""

from fastapi import APIRouter
from pydantic import StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import evidence
from steward.operations import risks

router = APIRouter(prefix="/native/risks", tags=["native"], route_class=calls.EitherRoute)


class Risk(requests.Body):
    """Of a change, what is not there stays as it is."""

    title: StrictStr | None = None
    description: StrictStr | None = None
    owner: StrictStr | None = None
    treatment: StrictStr | None = None
    reviewBy: StrictStr | None = None
    vulnerability: StrictStr | None = None


class Acceptance(requests.Body):
    until: StrictStr


@router.post("", openapi_extra=calls.changes("risk.add"))
async def add(call: calls.Caller, body: Risk) -> Response:
    return answers.ok(_shape(await risks.add(call.context, call.actor, wish=_wish(body))))


@router.get("")
async def every(call: calls.Caller, closed: bool = False) -> Response:
    return answers.ok([_shape(each) for each in await risks.all_of(call.context, call.actor, closed=closed)])


@router.put("/{risk_id}", openapi_extra=calls.changes("risk.change"))
async def change(call: calls.Caller, risk_id: str, body: Risk) -> Response:
    return answers.ok(_shape(await risks.change(call.context, call.actor, risk_id=risk_id, wish=_wish(body))))


@router.post("/{risk_id}/accept", openapi_extra=calls.changes("risk.accept"))
async def accept(call: calls.Caller, risk_id: str, body: Acceptance) -> Response:
    until = requests.moment(body.until, "until")
    return answers.ok(_shape(await risks.accept(call.context, call.actor, risk_id=risk_id, until=until)))


@router.delete("/{risk_id}", openapi_extra=calls.changes("risk.close"))
async def close(call: calls.Caller, risk_id: str) -> Response:
    """It stays in the register, as closed."""
    await risks.close(call.context, call.actor, risk_id=risk_id)
    return answers.void()


def _wish(body: Risk) -> risks.Wish:
    return risks.Wish(
        title=body.title,
        description=body.description,
        owner=body.owner,
        treatment=body.treatment,
        review_by=None if body.reviewBy is None else requests.moment(body.reviewBy, "reviewBy"),
        vulnerability=body.vulnerability,
    )


def _shape(found: evidence.Risk) -> shapes.Shape:
    return {
        "id": found.id,
        "title": found.title,
        "description": found.description,
        "owner": found.owner,
        "treatment": found.treatment.value,
        "reviewBy": shapes.moment(found.review_by),
        "vulnerability": found.vulnerability,
        "acceptedBy": found.accepted_by,
        "acceptedUntil": shapes.moment(found.accepted_until),
        "createdAt": shapes.moment(found.created_at),
        "closedAt": shapes.moment(found.closed_at),
    }
