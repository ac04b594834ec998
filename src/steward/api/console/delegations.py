"""What one party lent to the other: listed, and taken back by whoever lent it."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import calls
from steward.api.console import doors, projects
from steward.domain import delegations as delegations_
from steward.operations import contracts, delegations

router = APIRouter(prefix="/console/delegations", include_in_schema=False, route_class=doors.SessionRoute)


@router.get("")
async def every(visit: doors.Visitor) -> Response:
    choice, found, names = await projects.choice(visit), [], {}
    if choice.chosen is not None:
        named = {"project_id": choice.chosen.id}
        found = await delegations.all_of_project(visit.context, visit.actor, ended=True, **named)
        view = await contracts.show(visit.context, visit.actor, **named)
        names = {each.id: each.name for each in view.clusters}
    now = visit.context.clock.now()
    return visit.page(
        "delegations.html",
        choice=choice,
        held=[each for each in found if each.holds(now)],
        over=_latest([each for each in found if not each.holds(now)]),
        names=names,
    )


@router.post("/{project_id}/{delegation_id}/revoke", openapi_extra=calls.changes("delegation.revoke"))
async def revoke(visit: doors.Visitor, project_id: str, delegation_id: str) -> Response:
    await delegations.revoke(visit.context, visit.actor, project_id=project_id, delegation_id=delegation_id)
    return doors.to(f"/console/delegations?project={project_id}", done="revoked")


def _latest(found: list[delegations_.Delegation]) -> list[delegations_.Delegation]:
    return list(reversed(found))[:50]
