"""`/dbaas/logs`: the account's log service, its streams, and the operations that clients wait for."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests
from steward.api.ovh.models import logs as logs_models
from steward.domain import logs as logs_
from steward.kit import times
from steward.operations import log_streams

router = APIRouter(prefix="/dbaas/logs", tags=["logs"], route_class=calls.SignedRoute, strict_content_type=False)

Shape = dict[str, object]


class StreamCreation(requests.Body):
    """`dbaas.logs.StreamCreation`, what of it has a meaning here."""

    title: requests.Text
    description: requests.Text


class StreamUpdate(requests.Body):
    title: requests.Text | None = None
    description: requests.Text | None = None


@router.get("")
async def every(call: calls.Caller) -> Response:
    return answers.ok([each.name for each in await log_streams.services(call.context, call.actor)])


@router.get("/{service_name}")
async def one(call: calls.Caller, service_name: str) -> Response:
    """`dbaas.logs.Service`."""
    found = await log_streams.service(call.context, call.actor, service_name)
    return answers.ok(
        {
            "serviceName": found.name,
            "displayName": found.name,
            "username": found.account,
            "state": "ENABLED",
            "createdAt": times.rfc3339(found.since),
            "updatedAt": times.rfc3339(found.since),
        }
    )


@router.get("/{service_name}/operation/{operation_id}", response_model=logs_models.Operation)
async def operation(call: calls.Caller, service_name: str, operation_id: str) -> Response:
    await log_streams.service(call.context, call.actor, service_name)
    return answers.ok(_operation(await log_streams.operation_of(call.context, call.actor, operation_id)))


@router.get("/{service_name}/output/graylog/stream", response_model=list[str])
async def streams(call: calls.Caller, service_name: str) -> Response:
    await log_streams.service(call.context, call.actor, service_name)
    return answers.ok([each.id for each in await log_streams.streams(call.context, call.actor)])


@router.post("/{service_name}/output/graylog/stream", openapi_extra=calls.changes("log_stream.create"))
async def create(call: calls.Caller, service_name: str, body: StreamCreation) -> Response:
    await log_streams.service(call.context, call.actor, service_name)
    made = await log_streams.create(call.context, call.actor, title=body.title, description=body.description)
    return answers.ok(_operation(made), calls.ignored(body))


@router.get("/{service_name}/output/graylog/stream/{stream_id}")
async def stream(call: calls.Caller, service_name: str, stream_id: str) -> Response:
    await log_streams.service(call.context, call.actor, service_name)
    return answers.ok(_stream(await log_streams.get(call.context, call.actor, stream_id)))


@router.put("/{service_name}/output/graylog/stream/{stream_id}", openapi_extra=calls.changes("log_stream.change"))
async def change(call: calls.Caller, service_name: str, stream_id: str, body: StreamUpdate) -> Response:
    await log_streams.service(call.context, call.actor, service_name)
    wanted = log_streams.Wanted(title=body.title, description=body.description)
    changed = await log_streams.change(call.context, call.actor, stream_id, wanted)
    return answers.ok(_operation(changed), calls.ignored(body))


@router.delete("/{service_name}/output/graylog/stream/{stream_id}", openapi_extra=calls.changes("log_stream.remove"))
async def remove(call: calls.Caller, service_name: str, stream_id: str) -> Response:
    await log_streams.service(call.context, call.actor, service_name)
    return answers.ok(_operation(await log_streams.remove(call.context, call.actor, stream_id)))


def _operation(found: logs_.Operation) -> Shape:
    """`dbaas.logs.Operation`."""
    return {
        "operationId": found.id,
        "state": found.state.value,
        "createdAt": times.rfc3339(found.created_at),
        "updatedAt": times.rfc3339(found.updated_at),
        "subscriptionId": found.subscription_id,
        "streamId": found.stream_id,
        "aliasId": None,
        "dashboardId": None,
        "encryptionKeyId": None,
        "indexId": None,
        "inputId": None,
        "kibanaId": None,
        "osdId": None,
        "roleId": None,
        "tokenId": None,
    }


def _stream(found: logs_.Stream) -> Shape:
    """`dbaas.logs.Stream`: nothing is kept here, so nothing is indexed, archived or alerted on."""
    return {
        "streamId": found.id,
        "title": found.title,
        "description": found.description,
        "isEditable": True,
        "isShareable": False,
        "parentStreamId": None,
        "retentionId": None,
        "canAlert": False,
        "nbAlertCondition": 0,
        "nbArchive": 0,
        "indexingEnabled": False,
        "indexingMaxSize": None,
        "indexingNotifyEnabled": False,
        "pauseIndexingOnMaxSize": False,
        "webSocketEnabled": False,
        "coldStorageEnabled": False,
        "coldStorageCompression": None,
        "coldStorageContent": None,
        "coldStorageNotifyEnabled": False,
        "coldStorageRetention": None,
        "coldStorageTarget": None,
        "encryptionKeysIds": [],
        "createdAt": times.rfc3339(found.created_at),
        "updatedAt": times.rfc3339(found.updated_at),
    }
