"""`/native/projects/{id}/ledger`, and `/native/ledger` for the provider's own: entries, proofs, checkpoints, export.

Hashes are lower-case hex, proofs lists of them, notes the text that was signed.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from steward.api import answers, calls
from steward.api.native import shapes
from steward.domain import ledgers as ledgers_
from steward.kit import notes, times
from steward.operations import bundles, checkpoints, ledgers

router = APIRouter(prefix="/native/projects/{project_id}/ledger", tags=["native"], route_class=calls.EitherRoute)
own = APIRouter(prefix="/native/ledger", tags=["native"], route_class=calls.EitherRoute)

BUNDLE = "application/jsonl"
_BUNDLES: dict[int | str, dict[str, Any]] = {200: {"content": {BUNDLE: {}}}}
_LARGEST = 2**63 - 1


async def _project(request: Request) -> str | None:
    """None on the provider's own routes, which name no project."""
    found: str | None = request.path_params.get("project_id")
    return found


Project = Annotated[str | None, Depends(_project)]
Index = Annotated[int, Path(ge=0, le=_LARGEST)]
Size = Annotated[int | None, Query(ge=0, le=_LARGEST)]


@router.get("")
@own.get("")
async def state(call: calls.Caller, project_id: Project) -> Response:
    found = await ledgers.state(call.context, call.actor, project_id=project_id)
    return answers.ok(
        {
            "log": found.log,
            "size": found.size,
            "checkpoint": None if found.checkpoint is None else _checkpoint(found.checkpoint),
            "damage": None if found.damage is None else _damage(found.damage),
            "witnesses": [_witness(each) for each in found.witnesses],
        }
    )


@router.get("/entries")
@own.get("/entries")
async def entries(
    call: calls.Caller,
    project_id: Project,
    start: Annotated[int, Query(ge=0, le=_LARGEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=ledgers.MOST)] = 100,
) -> Response:
    found = await ledgers.entries(call.context, call.actor, project_id=project_id, start=start, limit=limit)
    return answers.ok([_entry(each) for each in found])


@router.get("/entries/{index}")
@own.get("/entries/{index}")
async def entry(call: calls.Caller, project_id: Project, index: Index) -> Response:
    return answers.ok(_entry(await ledgers.entry(call.context, call.actor, project_id=project_id, index=index)))


@router.get("/entries/{index}/inclusion")
@own.get("/entries/{index}/inclusion")
async def inclusion(call: calls.Caller, project_id: Project, index: Index, size: Size = None) -> Response:
    found = await ledgers.inclusion(call.context, call.actor, project_id=project_id, index=index, size=size)
    return answers.ok({"index": index, "hash": found.hash.hex(), **_proof(found)})


@router.get("/consistency")
@own.get("/consistency")
async def consistency(
    call: calls.Caller, project_id: Project, old: Annotated[int, Query(ge=0, le=_LARGEST)], size: Size = None
) -> Response:
    found = await ledgers.consistency(call.context, call.actor, project_id=project_id, old=old, size=size)
    return answers.ok({"old": old, **_proof(found)})


@router.get("/checkpoint")
@own.get("/checkpoint")
async def checkpoint(call: calls.Caller, project_id: Project) -> Response:
    return answers.ok(_checkpoint(await ledgers.checkpoint(call.context, call.actor, project_id=project_id)))


@router.get("/keys")
@own.get("/keys")
async def keys(call: calls.Caller, project_id: Project) -> Response:
    log = (await ledgers.state(call.context, call.actor, project_id=project_id)).log
    found = await ledgers.keys(call.context, call.actor, project_id=project_id)
    return answers.ok([_key(each, log) for each in found])


@router.get("/export", responses=_BUNDLES)
@own.get("/export", responses=_BUNDLES)
async def export(call: calls.Caller, project_id: Project) -> Response:
    lines = await bundles.export(call.context, call.actor, project_id=project_id)
    return StreamingResponse(lines, media_type=BUNDLE)


@router.post("/entries/{index}/erase", openapi_extra=calls.changes("ledger.erase", "ledger.erase_staff"))
async def erase(call: calls.Caller, project_id: str, index: Index) -> Response:
    if call.actor.of_provider:
        await ledgers.erase_staff(call.context, call.actor, project_id=project_id, index=index)
    else:
        await ledgers.erase(call.context, call.actor, project_id=project_id, index=index)
    return answers.void()


@own.post("/entries/{index}/erase", openapi_extra=calls.changes("ledger.erase_staff"))
async def erase_own(call: calls.Caller, index: Index) -> Response:
    await ledgers.erase_staff(call.context, call.actor, project_id=None, index=index)
    return answers.void()


@own.post("/keys", openapi_extra=calls.changes("ledger.rotate_key"))
async def rotate_key(call: calls.Caller) -> Response:
    made = await checkpoints.rotate_key(call.context, call.actor)
    return answers.ok(_key(made, ledgers_.PROVIDER_LOG))


def _entry(found: ledgers.Shown) -> shapes.Shape:
    disclosed = found.entry.disclosed
    return {
        "index": found.entry.index,
        "at": times.precise(found.entry.at),
        "hash": found.entry.hash.hex(),
        "leaf": found.leaf,
        "disclosed": None
        if disclosed is None
        else {name: {"salt": salt, "value": value} for name, (salt, value) in disclosed.items()},
    }


def _checkpoint(found: ledgers_.Checkpoint) -> shapes.Shape:
    return {"size": found.size, "root": found.root.hex(), "at": times.precise(found.at), "note": found.note}


def _key(found: ledgers_.Key, log: str) -> shapes.Shape:
    public = notes.decoded(found.public) or b""
    return {
        "id": found.id,
        "key": notes.Key(name=found.origin(log), public=public).text,
        "createdAt": times.precise(found.created_at),
        "retiredAt": None if found.retired_at is None else times.precise(found.retired_at),
        "note": found.note,
    }


def _proof(found: ledgers.Proof) -> shapes.Shape:
    return {"size": found.size, "root": found.root.hex(), "proof": _hexes(found.hashes)}


def _hexes(found: Sequence[bytes]) -> list[str]:
    return [each.hex() for each in found]


def _damage(found: ledgers_.Damage) -> shapes.Shape:
    return {"foundAt": times.precise(found.found_at), "index": found.index, "text": found.text}


def _witness(found: ledgers_.Witness) -> shapes.Shape:
    return {
        "webhook": found.id.partition("/")[0],
        "size": found.size,
        "takenAt": None if found.taken_at is None else times.precise(found.taken_at),
        "receipt": found.receipt,
        "failedSince": None if found.failed_since is None else times.precise(found.failed_since),
        "lastError": found.last_error,
    }
