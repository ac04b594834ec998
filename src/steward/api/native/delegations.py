"""A project's delegations: R of a row lent to the other party, listed, taken back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests
from steward.domain import delegations as delegations_
from steward.domain import errors
from steward.kit import times
from steward.operations import delegations

router = APIRouter(prefix="/native/projects/{project_id}/delegations", tags=["native"], route_class=calls.EitherRoute)


class Grant(requests.Body):
    """`cluster` empty: every cluster of the project. `operations` empty: all of the row's."""

    activity: StrictStr
    reason: StrictStr
    expiresAt: StrictStr
    cluster: StrictStr = ""
    operations: Annotated[list[StrictStr], Field(max_length=50, default_factory=list)]


@router.post("", openapi_extra=calls.changes("delegation.grant"))
async def grant(call: calls.Caller, project_id: str, body: Grant) -> Response:
    """To the other party; there are two."""
    wish = delegations.Wish(
        activity=body.activity,
        reason=body.reason,
        expires_at=_moment(body.expiresAt),
        cluster_id=body.cluster,
        operations=body.operations,
    )
    return answers.ok(shape(await delegations.grant(call.context, call.actor, project_id=project_id, wish=wish)))


@router.get("")
async def every(call: calls.Caller, project_id: str, ended: bool = False) -> Response:
    found = await delegations.all_of_project(call.context, call.actor, project_id=project_id, ended=ended)
    return answers.ok([shape(each) for each in found])


@router.delete("/{delegation_id}", openapi_extra=calls.changes("delegation.revoke"))
async def revoke(call: calls.Caller, project_id: str, delegation_id: str) -> Response:
    await delegations.revoke(call.context, call.actor, project_id=project_id, delegation_id=delegation_id)
    return answers.void()


def _moment(text: str) -> datetime:
    try:
        return times.parsed(text)
    except ValueError:
        raise errors.BadInput(f"[expiresAt] {text[:64]!r} is not a moment such as 2030-01-31T12:00:00Z") from None


def shape(found: delegations_.Delegation) -> dict[str, Any]:
    return {
        "id": found.id,
        "standing": found.standing,
        "activity": found.activity,
        "toParty": found.to_party,
        "cluster": found.cluster_id,
        "operations": list(found.operations),
        "subject": found.subject,
        "bounds": None if found.bounds is None else list(found.bounds),
        "automationOnly": found.automation_only,
        "reason": found.reason,
        "grantedBy": found.granted_by,
        "grantedAt": times.rfc3339(found.granted_at),
        "expiresAt": None if found.expires_at is None else times.rfc3339(found.expires_at),
        "revokedAt": None if found.revoked_at is None else times.rfc3339(found.revoked_at),
        "revokedBy": found.revoked_by,
    }
