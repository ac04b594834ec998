"""`/native/notices` and `/native/projects/{id}/notices`: the inbox; `/native/preferences`: ways beside it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StrictBool, StrictStr
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import notices as notices_
from steward.kit import times
from steward.operations import notices, preferences

router = APIRouter(prefix="/native/notices", tags=["native"], route_class=calls.EitherRoute)
of_project = APIRouter(prefix="/native/projects/{project_id}/notices", tags=["native"], route_class=calls.EitherRoute)
oneself = APIRouter(prefix="/native/preferences", tags=["native"], route_class=calls.EitherRoute)

Limit = Annotated[int, Query(ge=1, le=notices.MOST)]
SEEN = calls.changes("notice.seen", "staff_notice.seen")


class MailPreference(requests.Body):
    """What is left out stays as it is."""

    mail: StrictBool | None = None
    least: StrictStr | None = None
    digest: StrictBool | None = None


@router.get("")
async def own(call: calls.Caller, limit: Limit = 50, before: str = "", unseen: bool = False) -> Response:
    """The provider's own, or those of all projects that the customer's caller may see."""
    return await _inbox(call, "", notices.Page(limit=limit, before=before, unseen_only=unseen))


@of_project.get("")
async def inbox(
    call: calls.Caller, project_id: str, limit: Limit = 50, before: str = "", unseen: bool = False
) -> Response:
    return await _inbox(call, project_id, notices.Page(limit=limit, before=before, unseen_only=unseen))


@router.post("/{notice_id}/seen", openapi_extra=SEEN)
async def seen(call: calls.Caller, notice_id: str) -> Response:
    """The inbox's receipt."""
    return answers.ok(shown(await notices.seen(call.context, call.actor, notice_id=notice_id)))


@of_project.post("/{notice_id}/seen", openapi_extra=SEEN)
async def seen_in_project(call: calls.Caller, project_id: str, notice_id: str) -> Response:
    marked = await notices.seen(call.context, call.actor, notice_id=notice_id, project_id=project_id)
    return answers.ok(shown(marked))


@oneself.get("")
async def preference(call: calls.Caller) -> Response:
    return answers.ok(_preference(await preferences.get(call.context, call.actor)))


@oneself.put("", openapi_extra=calls.changes("preference.set", "staff_preference.set"))
async def prefer(call: calls.Caller, body: MailPreference) -> Response:
    wanted = preferences.Wanted(on=body.mail, least=body.least, digest=body.digest)
    return answers.ok(_preference(await preferences.set_(call.context, call.actor, wanted)))


async def _inbox(call: calls.Call, project_id: str, page: notices.Page) -> Response:
    found = await notices.inbox(call.context, call.actor, project_id=project_id, page=page)
    return answers.ok(
        {"notices": [_item(each) for each in found.items], "unseen": found.unseen, "before": found.before}
    )


def _item(item: notices.Item) -> shapes.Shape:
    receipt = item.receipt
    had = receipt is not None and receipt.received_at is not None
    return {
        **shown(item.notice),
        "seenAt": None if item.seen_at is None else times.rfc3339(item.seen_at),
        "receipt": _receipt(receipt) if receipt is not None and had else None,
    }


def _receipt(receipt: notices_.Receipt) -> shapes.Shape:
    return {
        "channel": None if receipt.channel is None else receipt.channel.value,
        "receivedAt": None if receipt.received_at is None else times.rfc3339(receipt.received_at),
    }


def shown(notice: notices_.Notice) -> shapes.Shape:
    return {
        "id": notice.id,
        "type": notice.type,
        "activity": notice.activity,
        "projectId": notice.project_id,
        "clusterId": notice.cluster_id,
        "subject": notice.subject,
        "severity": notice.severity.value,
        "title": notice.title,
        "text": notice.text,
        "facts": dict(notice.facts),
        "createdAt": times.rfc3339(notice.created_at),
        "dueAt": times.rfc3339(notice.due_at),
    }


def _preference(found: preferences.Mail) -> shapes.Shape:
    return {"mail": found.on, "address": found.address, "least": found.least.value, "digest": found.digest}
