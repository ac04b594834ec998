"""`/native/logs/streams`: where a stream goes, for which OVHcloud's model has no word; and how it fares."""

from fastapi import APIRouter
from pydantic import StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests
from steward.domain import logs as logs_
from steward.kit import times
from steward.operations import log_streams, logs
from steward.operations.logs import Where

router = APIRouter(prefix="/native/logs/streams", tags=["native"], route_class=calls.EitherRoute)
of_cluster = APIRouter(
    prefix="/native/projects/{project_id}/kube/{cluster_id}/logs", tags=["native"], route_class=calls.EitherRoute
)

Shape = dict[str, object]


class Destination(requests.Body):
    """`token` is kept as it was where it is left out and the URL stays; an empty one is none."""

    url: StrictStr
    authority: StrictStr = ""
    header: StrictStr = ""
    token: StrictStr | None = None


@router.get("")
async def every(call: calls.Caller) -> Response:
    return answers.ok([_stream(each) for each in await log_streams.streams(call.context, call.actor)])


@router.get("/{stream_id}/destination")
async def destination(call: calls.Caller, stream_id: str) -> Response:
    return answers.ok(_stream(await log_streams.get(call.context, call.actor, stream_id)))


@router.put("/{stream_id}/destination", openapi_extra=calls.changes("log_stream.change"))
async def redirect(call: calls.Caller, stream_id: str, body: Destination) -> Response:
    wanted = log_streams.Destination(url=body.url, authority=body.authority, header=body.header, token=body.token)
    return answers.ok(_stream(await log_streams.redirect(call.context, call.actor, stream_id, wanted)))


@router.delete("/{stream_id}/destination", openapi_extra=calls.changes("log_stream.change"))
async def lead_nowhere(call: calls.Caller, stream_id: str) -> Response:
    await log_streams.redirect(call.context, call.actor, stream_id, None)
    return answers.void()


@router.post("/{stream_id}/test", openapi_extra=calls.changes("log_stream.test"))
async def try_out(call: calls.Caller, stream_id: str) -> Response:
    tried = await log_streams.try_out(call.context, call.actor, stream_id)
    return answers.ok({"arrived": tried.arrived, "answer": tried.answer})


@of_cluster.get("/subscriptions")
async def subscriptions(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    """How far each got."""
    where = Where(project_id=project_id, cluster_id=cluster_id)
    found = await logs.subscriptions(call.context, call.actor, where)
    return answers.ok([_subscription(each) for each in found])


def _stream(found: logs_.Stream) -> Shape:
    """Without its token."""
    return {
        "id": found.id,
        "title": found.title,
        "url": found.url or None,
        "authority": found.authority or None,
        "header": found.header or None,
        "hasToken": found.has_token,
        "createdAt": times.rfc3339(found.created_at),
        "updatedAt": times.rfc3339(found.updated_at),
    }


def _subscription(found: logs_.Subscription) -> Shape:
    return {
        "id": found.id,
        "kind": found.kind,
        "streamId": found.stream_id,
        "takenUpAt": None if found.taken_up_at is None else times.precise(found.taken_up_at),
        "handedOver": found.handed_over,
        "lastAt": None if found.last_at is None else times.precise(found.last_at),
        "failingSince": None if found.failing_since is None else times.precise(found.failing_since),
        "lastError": found.last_error,
        "createdAt": times.rfc3339(found.created_at),
    }
