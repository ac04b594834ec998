"""`/native/contracts` and a project's `contract`: every version row by row, what a new one changes, acceptance."""

from typing import Any

from fastapi import APIRouter
from pydantic import StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests
from steward.domain import contracts as contracts_
from steward.kit import times
from steward.operations import contracts
from steward.responsibility import differences, matrix, model, operations

router = APIRouter(prefix="/native/contracts", tags=["native"], route_class=calls.EitherRoute)
of_project = APIRouter(prefix="/native/projects/{project_id}", tags=["native"], route_class=calls.EitherRoute)

Shape = dict[str, Any]


class Acceptance(requests.Body):
    """`digest` is that of the text that was read: another text is not accepted by mistake."""

    version: StrictStr
    digest: StrictStr


@router.get("")
async def every(call: calls.Caller) -> Response:
    """Oldest first."""
    return answers.ok([_head(each) for each in matrix.versions().values()])


@router.get("/{version}")
async def one(call: calls.Caller, version: str) -> Response:
    return answers.ok(_whole(contracts.edition(version)))


@router.get("/{version}/diff")
async def diff(call: calls.Caller, version: str, since: str) -> Response:
    return answers.ok(_diff(contracts.edition(since), contracts.edition(version)))


@of_project.get("/contract")
async def show(call: calls.Caller, project_id: str) -> Response:
    view = await contracts.show(call.context, call.actor, project_id=project_id)
    accepted = view.accepted
    offered = None
    if view.offered is not None:
        old = contracts.edition(accepted.version) if accepted else view.offered
        offered = _diff(old, view.offered)
    shape = {
        "accepted": None if accepted is None else acceptance(accepted),
        "newest": _head(view.newest),
        "offered": offered,
        "defaults": dict(view.defaults),
        "clusters": [
            {"id": each.id, "name": each.name, "version": each.contract, "newest": view.newest.version}
            for each in view.clusters
        ],
    }
    return answers.ok(shape)


@of_project.post("/contract", openapi_extra=calls.changes("contract.accept"))
async def accept(call: calls.Caller, project_id: str, body: Acceptance) -> Response:
    made = await contracts.accept(
        call.context, call.actor, project_id=project_id, version=body.version, digest=body.digest
    )
    return answers.ok(acceptance(made))


@of_project.post("/kube/{cluster_id}/contract", openapi_extra=calls.changes("contract.accept_for_cluster"))
async def accept_for_cluster(call: calls.Caller, project_id: str, cluster_id: str, body: Acceptance) -> Response:
    made = await contracts.accept_for_cluster(
        call.context,
        call.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        version=body.version,
        digest=body.digest,
    )
    return answers.ok(acceptance(made))


def acceptance(found: contracts_.Acceptance) -> Shape:
    return {
        "id": found.id,
        "projectId": found.project_id,
        "clusterId": found.cluster_id,
        "version": found.version,
        "digest": found.digest,
        "defaults": dict(found.defaults),
        "byOrdering": found.by_ordering,
        "acceptedBy": found.accepted_by,
        "acceptedAt": times.rfc3339(found.accepted_at),
    }


def _head(found: model.Matrix) -> Shape:
    return {"version": found.version, "digest": found.digest, "activities": len(found.activities)}


def _whole(found: model.Matrix) -> Shape:
    by_row: dict[str, list[str]] = {}
    for name, row in operations.ACTIVITY_OF.items():
        by_row.setdefault(row, []).append(name)
    rows = [{**_row(each), "operations": by_row.get(each.id, [])} for each in found.activities.values()]
    return {**_head(found), "parties": list(found.parties), "rows": rows}


def _row(found: model.Activity) -> Shape:
    """`disputed` is the other reading of the row, where the editions of its source disagree."""
    return {
        "activity": found.id,
        "text": found.text,
        "letters": model.letters(found),
        "disputed": model.other_reading(found) or None,
    }


def _diff(old: model.Matrix, new: model.Matrix) -> Shape:
    changes = [
        {
            "activity": each.activity,
            "change": each.change.value,
            "what": list(each.what),
            "old": None if each.old is None else _row(each.old),
            "new": None if each.new is None else _row(each.new),
        }
        for each in differences.diff(old, new)
    ]
    return {"since": _head(old), **_head(new), "changes": changes}
