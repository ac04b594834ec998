"""The contract: what holds, its whole text, what a newer version changes, and accepting it."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import calls
from steward.api.console import doors, projects
from steward.domain import people
from steward.operations import contracts
from steward.responsibility import differences, matrix, model

router = APIRouter(prefix="/console/contract", include_in_schema=False, route_class=doors.SessionRoute)


@router.get("")
async def show(visit: doors.Visitor) -> Response:
    choice = await projects.choice(visit)
    view = None
    if choice.chosen is not None:
        view = await contracts.show(visit.context, visit.actor, project_id=choice.chosen.id)
    read = contracts.edition(visit.asked("version")) if visit.asked("version") else _to_read(view)
    return visit.page(
        "contract.html",
        choice=choice,
        view=view,
        read=read,
        versions=list(matrix.versions()),
        changes=_changes(view),
        acceptable=view is not None and acceptable(view),
        owner=visit.actor.role is people.Role.OWNER,
        newer_for=_newer_for(view),
    )


@router.post("/{project_id}/accept", openapi_extra=calls.changes("contract.accept"))
async def accept(visit: doors.Visitor, project_id: str) -> Response:
    made = await contracts.accept(
        visit.context,
        visit.actor,
        project_id=project_id,
        version=visit.text("version"),
        digest=visit.text("digest"),
    )
    return doors.to(f"/console/contract?project={made.project_id}", done="accepted")


@router.post("/{project_id}/clusters/{cluster_id}/accept", openapi_extra=calls.changes("contract.accept_for_cluster"))
async def accept_for_cluster(visit: doors.Visitor, project_id: str, cluster_id: str) -> Response:
    made = await contracts.accept_for_cluster(
        visit.context,
        visit.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        version=visit.text("version"),
        digest=visit.text("digest"),
    )
    return doors.to(f"/console/contract?project={made.project_id}", done="accepted")


def _to_read(view: contracts.View | None) -> model.Matrix:
    """What is to be accepted, else what holds."""
    if view is None or view.offered is not None or view.accepted is None:
        return matrix.newest()
    return contracts.edition(view.accepted.version)


def _changes(view: contracts.View | None) -> list[differences.Difference]:
    if view is None or view.accepted is None or view.offered is None:
        return []
    return differences.diff(contracts.edition(view.accepted.version), view.offered)


def acceptable(view: contracts.View) -> bool:
    """Something new is offered: a version, other defaults, or the person's own word where an order was the first."""
    accepted = view.accepted
    return (
        accepted is None
        or view.offered is not None
        or accepted.by_ordering
        or (dict(accepted.defaults) != dict(view.defaults))
    )


def _newer_for(view: contracts.View | None) -> list[str]:
    """Clusters that stand under an older version than the newest."""
    if view is None:
        return []
    return [
        each.id for each in view.clusters if not each.deleting and matrix.is_newer(view.newest.version, each.contract)
    ]
