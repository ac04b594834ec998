"""Break-glass: who of the provider wants to enter a cluster; the customer consents, denies, ends and reviews."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import calls
from steward.api.console import doors
from steward.domain import accesses as accesses_
from steward.domain import people
from steward.operations import accesses, contracts
from steward.operations import projects as projects_

router = APIRouter(prefix="/console/accesses", include_in_schema=False, route_class=doors.SessionRoute)

MOST = 100
SCOPES = {
    accesses_.Scope.VIEW: "reads, without Secrets and pod logs",
    accesses_.Scope.OPERATE: "changes nodes and what the provider owns",
    accesses_.Scope.ADMIN: "may read and change everything",
}
_WAITING = (accesses_.Status.REQUESTED,)
_UNDER_WAY = (accesses_.Status.APPROVED, accesses_.Status.ACTIVE, accesses_.Status.ENDING)


@router.get("")
async def every(visit: doors.Visitor) -> Response:
    """Latest first, of all projects; one that the address names is shown alone."""
    known = {each.id: each for each in await projects_.all_of(visit.context, visit.actor)}
    wanted = visit.asked("project")
    found = [
        each
        for each in reversed(await accesses.all_of(visit.context, visit.actor))
        if each.project_id in known and wanted in ("", each.project_id)
    ]
    owed = [each for each in found if accesses_.review_owed(each)]
    over = [each for each in found if not each.open and each not in owed][:MOST]
    waiting = [each for each in found if each.status in _WAITING]
    under_way = [each for each in found if each.status in _UNDER_WAY]
    return visit.page(
        "accesses.html",
        projects=known,
        names=await _names(visit, [*waiting, *under_way, *owed, *over]),
        waiting=waiting,
        under_way=under_way,
        owed=owed,
        over=over,
        scopes=SCOPES,
        may=_may(visit),
        now=visit.context.clock.now(),
    )


async def _names(visit: doors.Visit, shown: list[accesses_.Access]) -> dict[str, str]:
    """Of the clusters that are still there."""
    names: dict[str, str] = {}
    for project_id in {each.project_id for each in shown}:
        view = await contracts.show(visit.context, visit.actor, project_id=project_id)
        names |= {each.id: each.name for each in view.clusters}
    return names


@router.post("/{project_id}/{access_id}/approve", openapi_extra=calls.changes("access.approve"))
async def approve(visit: doors.Visitor, project_id: str, access_id: str) -> Response:
    await accesses.approve(visit.context, visit.actor, project_id=project_id, access_id=access_id)
    return _back("approved")


@router.post("/{project_id}/{access_id}/approve-emergency", openapi_extra=calls.changes("access.approve_emergency"))
async def approve_emergency(visit: doors.Visitor, project_id: str, access_id: str) -> Response:
    await accesses.approve_emergency(visit.context, visit.actor, project_id=project_id, access_id=access_id)
    return _back("approved")


@router.post("/{project_id}/{access_id}/deny", openapi_extra=calls.changes("access.deny"))
async def deny(visit: doors.Visitor, project_id: str, access_id: str) -> Response:
    await accesses.deny(visit.context, visit.actor, project_id=project_id, access_id=access_id)
    return _back("denied")


@router.post("/{project_id}/{access_id}/end", openapi_extra=calls.changes("access.end", "access.give_back"))
async def end(visit: doors.Visitor, project_id: str, access_id: str) -> Response:
    await accesses.end(visit.context, visit.actor, project_id=project_id, access_id=access_id)
    return _back("ended")


@router.post("/{project_id}/{access_id}/review", openapi_extra=calls.changes("access.review"))
async def review(visit: doors.Visitor, project_id: str, access_id: str) -> Response:
    await accesses.review(
        visit.context,
        visit.actor,
        project_id=project_id,
        access_id=access_id,
        verdict=visit.text("verdict"),
        text=visit.text("text"),
    )
    return _back("reviewed")


def _may(visit: doors.Visit) -> bool:
    """Whether buttons are shown; whether they work is decided when they are used."""
    least = people.Role.SUPPORT if visit.actor.of_provider else people.Role.ADMIN
    return people.reaches(visit.actor.role, least)


def _back(done: str) -> Response:
    return doors.to("/console/accesses", done=done)
