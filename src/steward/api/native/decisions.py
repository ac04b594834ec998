"""`/native/decisions`: why something was refused or allowed, and what would be decided for either party."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from steward.api import answers, calls
from steward.domain import decisions as decisions_
from steward.domain import errors
from steward.kit import times
from steward.operations import decisions

router = APIRouter(prefix="/native/decisions", tags=["native"], route_class=calls.EitherRoute)

Text = Annotated[str, Field(max_length=100)]


class Wanted(BaseModel):
    """`activity` is of operations that fall under the row they are about; `pool` and `size` of what automation does."""

    operation: Text = ""
    project: Text = ""
    cluster: Text = ""
    pool: Text = ""
    size: Annotated[int | None, Field(ge=0, le=1000)] = None
    activity: Text = ""
    party: Text = ""


@router.get("")
async def would(call: calls.Caller, wanted: Annotated[Wanted, Query()]) -> Response:
    """With an operation what would be decided now; without one, what was refused in the project so far."""
    if not wanted.operation:
        if not wanted.project:
            raise errors.BadInput("Name an operation, or a project whose refusals are wanted")
        found = await decisions.latest(call.context, call.actor, project_id=wanted.project)
        return answers.ok([kept(each) for each in found])
    asked = decisions.Asked(
        operation=wanted.operation,
        project_id=wanted.project,
        cluster_id=wanted.cluster,
        pool_id=wanted.pool,
        size=wanted.size,
        row=wanted.activity,
        party=wanted.party,
    )
    return answers.ok(shape(await decisions.would(call.context, call.actor, asked=asked)))


@router.get("/{decision_id}")
async def one(call: calls.Caller, decision_id: str) -> Response:
    """By the id that a refusal gives, or by the number of an event: why what it says was allowed."""
    return answers.ok(kept(await decisions.get(call.context, call.actor, decision_id=decision_id)))


def kept(found: decisions_.Kept) -> dict[str, Any]:
    return {
        "id": found.id,
        "at": times.rfc3339(found.at),
        "project": found.project_id,
        "cluster": found.cluster_id,
        **shape(found.decision),
    }


def shape(found: decisions_.Decision) -> dict[str, Any]:
    return {
        "allowed": found.allowed,
        "operation": found.operation,
        "activity": found.activity,
        "activityText": found.activity_text,
        "letters": dict(found.letters),
        "matrixVersion": found.matrix_version,
        "party": found.party,
        "actor": found.actor,
        "role": found.role,
        "reason": found.reason,
        "whoMay": found.who_may,
        "howToAsk": found.how_to_ask,
        "delegation": found.delegation_id or None,
        "facts": dict(found.facts),
    }
