"""`/native/projects/{id}/webhooks`: where a project's notices, and the ledger's checkpoints, are sent to."""

from fastapi import APIRouter
from pydantic import StrictBool, StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import notices as notices_
from steward.kit import times
from steward.operations import webhooks

router = APIRouter(prefix="/native/projects/{project_id}/webhooks", tags=["native"], route_class=calls.EitherRoute)


class WebhookChange(requests.Body):
    """What is left out stays as it is."""

    url: StrictStr | None = None
    least: StrictStr | None = None
    digest: StrictBool | None = None
    checkpoints: StrictBool | None = None

    def wanted(self) -> webhooks.Wanted:
        return webhooks.Wanted(url=self.url, least=self.least, digest=self.digest, checkpoints=self.checkpoints)


class WebhookCreation(WebhookChange):
    url: StrictStr


@router.get("")
async def every(call: calls.Caller, project_id: str) -> Response:
    found = await webhooks.of_project(call.context, call.actor, project_id=project_id)
    return answers.ok([_webhook(each) for each in found])


@router.post("", openapi_extra=calls.changes("webhook.create"))
async def create(call: calls.Caller, project_id: str, body: WebhookCreation) -> Response:
    """The only answer, but for a rotation's, that holds the secret."""
    made, secret = await webhooks.create(call.context, call.actor, project_id=project_id, wanted=body.wanted())
    return answers.ok({**_webhook(made), "secret": secret})


@router.get("/{webhook_id}")
async def one(call: calls.Caller, project_id: str, webhook_id: str) -> Response:
    found = await webhooks.get(call.context, call.actor, project_id=project_id, webhook_id=webhook_id)
    return answers.ok(_webhook(found))


@router.put("/{webhook_id}", openapi_extra=calls.changes("webhook.change"))
async def change(call: calls.Caller, project_id: str, webhook_id: str, body: WebhookChange) -> Response:
    changed = await webhooks.change(
        call.context, call.actor, project_id=project_id, webhook_id=webhook_id, wanted=body.wanted()
    )
    return answers.ok(_webhook(changed))


@router.delete("/{webhook_id}", openapi_extra=calls.changes("webhook.remove"))
async def remove(call: calls.Caller, project_id: str, webhook_id: str) -> Response:
    await webhooks.remove(call.context, call.actor, project_id=project_id, webhook_id=webhook_id)
    return answers.void()


@router.post("/{webhook_id}/rotate", openapi_extra=calls.changes("webhook.rotate"))
async def rotate(call: calls.Caller, project_id: str, webhook_id: str) -> Response:
    """The former secret signs as well for a day."""
    rotated, secret = await webhooks.rotate(call.context, call.actor, project_id=project_id, webhook_id=webhook_id)
    return answers.ok({**_webhook(rotated), "secret": secret})


@router.post("/{webhook_id}/test", openapi_extra=calls.changes("webhook.test"))
async def try_out(call: calls.Caller, project_id: str, webhook_id: str) -> Response:
    tried = await webhooks.try_out(call.context, call.actor, project_id=project_id, webhook_id=webhook_id)
    return answers.ok({"arrived": tried.arrived, "answer": tried.answer})


def _webhook(found: notices_.Preference) -> shapes.Shape:
    return {
        "id": found.id,
        "url": found.address,
        "least": found.least.value,
        "digest": found.digest,
        "checkpoints": found.checkpoints,
        "createdAt": times.rfc3339(found.created_at),
        "rotatedAt": None if found.rotated_at is None else times.rfc3339(found.rotated_at),
    }
