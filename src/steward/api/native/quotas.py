"""`/native/projects/{id}/quota`: what a project may have, asking for more; `/native/quota/requests`: all that wait."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StrictInt, StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import quotas as quotas_
from steward.domain.nodepools import MOST_ANTI_AFFINITY_NODES
from steward.operations import capacity, quotas

router = APIRouter(prefix="/native/projects/{project_id}/quota", tags=["native"], route_class=calls.EitherRoute)
all_of_them = APIRouter(prefix="/native/quota/requests", tags=["native"], route_class=calls.EitherRoute)


class Wish(requests.Body):
    """`wanted` are new totals, such as `{"instances": 800}`."""

    wanted: Annotated[dict[StrictStr, StrictInt], Field(max_length=20)]
    reason: StrictStr


class Decision(requests.Body):
    said: StrictStr = ""


class Refusal(requests.Body):
    said: StrictStr


@router.get("")
async def quota(call: calls.Caller, project_id: str) -> Response:
    view = await quotas.get(call.context, call.actor, project_id=project_id)
    amounts = {
        resource.value: {"limit": most, "used": view.used[resource], "default": view.defaults[resource]}
        for resource, most in view.limits.items()
    }
    nodes = {plan.value: most for plan, most in capacity.MOST_NODES_OF_PLAN.items()}
    return answers.ok(
        {"quotas": amounts, "nodesOfACluster": nodes, "nodesOfAnAntiAffinityPool": MOST_ANTI_AFFINITY_NODES}
    )


@router.get("/requests")
async def every(call: calls.Caller, project_id: str) -> Response:
    found = await quotas.requests(call.context, call.actor, project_id=project_id)
    return answers.ok([request(each) for each in found])


@router.post("/requests", openapi_extra=calls.changes("quota.request"))
async def ask(call: calls.Caller, project_id: str, body: Wish) -> Response:
    wish = quotas.Wish(wanted=body.wanted, reason=body.reason)
    return answers.ok(request(await quotas.request(call.context, call.actor, project_id=project_id, wish=wish)))


@router.get("/requests/{request_id}")
async def one(call: calls.Caller, project_id: str, request_id: str) -> Response:
    found = await quotas.get_request(call.context, call.actor, project_id=project_id, request_id=request_id)
    return answers.ok(request(found))


@router.post("/requests/{request_id}/withdraw", openapi_extra=calls.changes("quota.withdraw"))
async def withdraw(call: calls.Caller, project_id: str, request_id: str) -> Response:
    told = await quotas.withdraw(call.context, call.actor, project_id=project_id, request_id=request_id)
    return answers.ok(request(told))


@router.post("/requests/{request_id}/grant", openapi_extra=calls.changes("quota.grant"))
async def grant(call: calls.Caller, project_id: str, request_id: str, body: Decision) -> Response:
    told = await quotas.grant(call.context, call.actor, project_id=project_id, request_id=request_id, said=body.said)
    return answers.ok(request(told))


@router.post("/requests/{request_id}/refuse", openapi_extra=calls.changes("quota.refuse"))
async def refuse(call: calls.Caller, project_id: str, request_id: str, body: Refusal) -> Response:
    told = await quotas.refuse(call.context, call.actor, project_id=project_id, request_id=request_id, said=body.said)
    return answers.ok(request(told))


@all_of_them.get("")
async def of_everybody(call: calls.Caller) -> Response:
    return answers.ok([request(each) for each in await quotas.open_requests(call.context, call.actor)])


def request(found: quotas_.Request) -> shapes.Shape:
    return {
        "id": found.id,
        "project": found.project_id,
        "wanted": {resource.value: amount for resource, amount in found.wanted.items()},
        "reason": found.reason,
        "status": found.status.value,
        "requestedBy": found.requested_by,
        "requestedAt": shapes.moment(found.requested_at),
        "dueAt": shapes.moment(found.due_at),
        "decidedBy": found.decided_by,
        "decidedAt": shapes.moment(found.decided_at),
        "decision": found.decision,
    }
