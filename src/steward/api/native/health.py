"""`/native/health`: whether the service lives and can read its records; for supervisors, without a key."""

import structlog
from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.operations import events

_log = structlog.get_logger()

router = APIRouter(prefix="/native", tags=["native"])


@router.get("/health")
async def health(wired: calls.Open) -> Response:
    try:
        await events.check_readable(wired.context)
    except Exception as reason:  # whatever a storage can raise means the same here
        _log.warning("health.records_unreadable", reason=repr(reason))
        return answers.Json({"status": "records cannot be read"}, status_code=503)
    return answers.ok({"status": "ok"})
