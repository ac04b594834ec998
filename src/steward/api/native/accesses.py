"""`/native/projects/{id}/accesses`: break-glass, from the request to its review; both parties read all of it."""

from fastapi import APIRouter
from pydantic import StrictBool, StrictInt, StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import accesses as accesses_
from steward.domain import errors
from steward.operations import accesses

router = APIRouter(prefix="/native/projects/{project_id}/accesses", tags=["native"], route_class=calls.EitherRoute)
of_cluster = APIRouter(
    prefix="/native/projects/{project_id}/kube/{cluster_id}/accesses", tags=["native"], route_class=calls.EitherRoute
)


class AccessRequest(requests.Body):
    activity: StrictStr = "3.2.1-3"
    scope: StrictStr = accesses_.Scope.VIEW.value
    reason: StrictStr
    minutes: StrictInt = 60
    ticket: StrictStr = ""
    emergency: StrictBool = False

    def wanted(self) -> accesses.Request:
        if self.scope not in list(accesses_.Scope):
            raise errors.BadInput(f"[scope] is one of {', '.join(accesses_.Scope)}, not {self.scope[:40]!r}")
        return accesses.Request(
            activity=self.activity,
            scope=accesses_.Scope(self.scope),
            reason=self.reason,
            minutes=self.minutes,
            ticket_id=self.ticket,
            emergency=self.emergency,
        )


class Review(requests.Body):
    verdict: StrictStr
    text: StrictStr = ""


@of_cluster.post("", openapi_extra=calls.changes("access.request", "access.request_under"))
async def request(call: calls.Caller, project_id: str, cluster_id: str, body: AccessRequest) -> Response:
    made = await accesses.request(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, wanted=body.wanted()
    )
    return answers.ok(access(made))


@router.get("")
async def every(call: calls.Caller, project_id: str, cluster: str = "") -> Response:
    found = await accesses.of_project(call.context, call.actor, project_id=project_id, cluster_id=cluster)
    return answers.ok([access(each) for each in found])


@router.get("/{access_id}")
async def one(call: calls.Caller, project_id: str, access_id: str) -> Response:
    return answers.ok(access(await accesses.get(call.context, call.actor, project_id=project_id, access_id=access_id)))


@router.post("/{access_id}/approve", openapi_extra=calls.changes("access.approve", "access.approve_emergency"))
async def approve(call: calls.Caller, project_id: str, access_id: str) -> Response:
    """The customer's consent; of the provider, the second person's in an emergency."""
    act = accesses.approve_emergency if call.actor.of_provider else accesses.approve
    return answers.ok(access(await act(call.context, call.actor, project_id=project_id, access_id=access_id)))


@router.post("/{access_id}/deny", openapi_extra=calls.changes("access.deny"))
async def deny(call: calls.Caller, project_id: str, access_id: str) -> Response:
    return answers.ok(access(await accesses.deny(call.context, call.actor, project_id=project_id, access_id=access_id)))


@router.post("/{access_id}/end", openapi_extra=calls.changes("access.end", "access.give_back"))
async def end(call: calls.Caller, project_id: str, access_id: str) -> Response:
    return answers.ok(access(await accesses.end(call.context, call.actor, project_id=project_id, access_id=access_id)))


@router.post("/{access_id}/review", openapi_extra=calls.changes("access.review"))
async def review(call: calls.Caller, project_id: str, access_id: str, body: Review) -> Response:
    reviewed = await accesses.review(
        call.context,
        call.actor,
        project_id=project_id,
        access_id=access_id,
        verdict=body.verdict,
        text=body.text,
    )
    return answers.ok(access(reviewed))


@router.post("/{access_id}/kubeconfig", openapi_extra=calls.changes("access.collect"))
async def kubeconfig(call: calls.Caller, project_id: str, access_id: str) -> Response:
    """Once, to who asked for the access."""
    content = await accesses.collect(call.context, call.actor, project_id=project_id, access_id=access_id)
    return answers.ok({"content": content})


def access(found: accesses_.Access) -> shapes.Shape:
    return {
        "id": found.id,
        "cluster": found.cluster_id,
        "activity": found.activity,
        "scope": found.scope.value,
        "reason": found.reason,
        "ticket": found.ticket_id,
        "emergency": found.emergency,
        "status": found.status.value,
        "minutes": found.minutes,
        "requestedBy": found.requested_by,
        "requestedAt": shapes.moment(found.requested_at),
        "approvedBy": found.approved_by,
        "approvedParty": found.approved_party,
        "approvedAt": shapes.moment(found.approved_at),
        "expiresAt": shapes.moment(found.expires_at),
        "user": found.user,
        "fingerprint": found.fingerprint,
        "collectedAt": shapes.moment(found.collected_at),
        "endedAt": shapes.moment(found.ended_at),
        "endedBy": found.ended_by,
        "refusedWith": found.refused_with,
        "refusedAt": shapes.moment(found.refused_at),
        "calls": None if found.calls is None else list(found.calls),
        "reviewDue": shapes.moment(found.review_due),
        "reviewedBy": found.reviewed_by,
        "reviewedAt": shapes.moment(found.reviewed_at),
        "verdict": None if found.verdict is None else found.verdict.value,
        "review": found.review,
    }
