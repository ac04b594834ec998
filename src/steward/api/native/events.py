"""`/native/projects/{id}/kube/{id}`: what happened to a cluster, and how far its work is, once or as a stream."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from steward.api import answers, calls
from steward.api.native import shapes
from steward.domain import errors
from steward.operations import events

router = APIRouter(
    prefix="/native/projects/{project_id}/kube/{cluster_id}", tags=["native"], route_class=calls.EitherRoute
)

LOOK_SECONDS = 0.5
ALIVE_SECONDS = 15.0  # a comment at least this often, so that proxies keep the stream and a dead client shows


@router.get("/events")
async def happened(
    call: calls.Caller,
    project_id: str,
    cluster_id: str,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=events.MOST)] = 100,
) -> Response:
    found = await events.of_cluster(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, after=after, limit=limit
    )
    return answers.ok([shapes.event(each) for each in found])


@router.get("/progress")
async def progress(request: Request, call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await _progress(call, project_id, cluster_id)
    if "text/event-stream" not in request.headers.get("accept", ""):
        return answers.ok(found)
    stream = _stream(request, call, project_id, cluster_id, found)
    return StreamingResponse(stream, media_type="text/event-stream")


@router.get("/conditions")
async def conditions(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await events.conditions_of_cluster(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok([shapes.conditions(subject, each) for subject, each in found.items()])


async def _progress(call: calls.Call, project_id: str, cluster_id: str) -> list[shapes.Shape]:
    found = await events.progress_of_cluster(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return [shapes.progressed(each) for each in found]


async def _stream(
    request: Request, call: calls.Call, project_id: str, cluster_id: str, found: list[shapes.Shape]
) -> AsyncIterator[str]:
    """Everything at first, then what changed; ends with `gone` when nothing is left of the cluster, and with `ended`
    when the credential is."""
    sent: dict[str, shapes.Shape] = {}
    number, quiet = 0, 0.0
    while True:
        for each in found:
            if sent.get(each["subject"]) != each:
                sent[each["subject"]] = each
                number, quiet = number + 1, 0.0
                yield _message(number, "progress", each)
        if quiet >= ALIVE_SECONDS:
            quiet = 0.0
            yield ": still here\n\n"
        await call.context.clock.sleep(LOOK_SECONDS)
        quiet += LOOK_SECONDS
        if not await call.wiring.authentication.still(request):
            yield _message(number + 1, "ended", {"reason": "this credential is not valid any more"})
            return
        try:
            found = await _progress(call, project_id, cluster_id)
        except errors.NotFound:
            yield _message(number + 1, "gone", {"cluster": cluster_id})
            return


def _message(number: int, kind: str, content: shapes.Shape) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(content, separators=(',', ':'))}\n\n"
