"""`/native/logs/tail/{token}`: recent lines of a log and those that come, for whoever has the link. No other key.

How often somebody may ask (`limits`) and how many may read at once (`readers`) is limited, for nobody is named by it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from steward.api import calls
from steward.api.ovh import requests
from steward.domain import logs as logs_
from steward.operations import logs

router = APIRouter(prefix="/native/logs/tail", tags=["native"])

ALIVE_LOOKS = 30  # looks without a line, after which a sign of life is sent
LINES, EVENTS = "application/x-ndjson", "text/event-stream"


@router.get("/{token}")
async def tail(request: Request, wired: calls.Open, token: str, follow: str = "true") -> Response:
    """A line of JSON for each event; as `text/event-stream` for who asks so. `follow=false` ends after recent ones."""
    found = await logs.opened(wired.context, token)
    wired.limits.spend(request.scope, f"link {found.id}", asyncio.get_running_loop().time())
    wired.readers.check_room(found.id)
    kind = EVENTS if EVENTS in request.headers.get("accept", "") else LINES
    content = _content(wired, found, follow=requests.flag(follow), as_events=kind == EVENTS)
    headers = {"x-accel-buffering": "no", "referrer-policy": "no-referrer"}
    return StreamingResponse(content, media_type=kind, headers=headers)


async def _content(wired: calls.Wiring, found: logs_.Link, *, follow: bool, as_events: bool) -> AsyncIterator[bytes]:
    wired.readers.enter(found.id)
    quiet = 0
    try:
        async for lines in logs.tail(wired.context, found, follow=follow):
            quiet = 0 if lines else quiet + 1
            if lines:
                yield _rendered(lines, as_events=as_events)
            elif quiet % ALIVE_LOOKS == 0:
                yield b": still here\n\n" if as_events else b"\n"
    finally:
        wired.readers.leave(found.id)


def _rendered(lines: Sequence[bytes], *, as_events: bool) -> bytes:
    if as_events:
        return b"".join(b"data: " + line + b"\n\n" for line in lines)
    return b"".join(line + b"\n" for line in lines)
