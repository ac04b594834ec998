"""The same signed write inside the time window is one effect and gets the same answer.

Clients re-send when a connection broke and they cannot know whether the first one arrived. A second request that comes
while the first is under way waits for it. What took effect is marked in the transaction of the effect itself, and its
answer is kept beside it: so a re-sent write has no second effect either when the service ended in between, or when
another process carried the first one out. What changed nothing is not marked, and simply done again.
"""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from starlette.responses import Response

from steward.domain import errors, replays
from steward.operations import context as context_
from steward.ports import records

_log = structlog.get_logger()

MOST_KEPT = 4000  # in memory; the oldest answers go first, a few kilobytes each
PATIENCE = 2.0  # seconds in which another process may still give its answer
LOOK_AGAIN = 0.05

Act = Callable[[context_.Context], Awaitable[Response]]


@dataclass(slots=True)
class _Kept:
    answer: "asyncio.Future[Response]"
    until: float


class Replays:
    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()

    async def once(self, context: context_.Context, key: tuple[str, ...], *, until: float, act: Act) -> Response:
        """`act` gets a context whose first transaction carries the mark; it turns refusals into answers itself, and
        they are repeated like any other answer."""
        self._forget(context.clock.now().timestamp())
        known = self._kept.get(key)
        if known is not None:
            return await asyncio.shield(known.answer)
        answer = asyncio.get_running_loop().create_future()
        self._kept[key] = _Kept(answer, until)
        mark = replays.Mark(id=_digest(key), until=datetime.fromtimestamp(until, UTC))
        try:
            response = await _acted(context, mark, act)
        except BaseException:
            # Not acted to the end (the service is being stopped): whoever waits sees it fail as well.
            self._kept.pop(key, None)
            answer.cancel()
            raise
        answer.set_result(response)
        return response

    def _forget(self, now: float) -> None:
        """Rising by arrival, so nearly by age; one that is late only stays a little longer."""
        while self._kept:
            oldest = next(iter(self._kept))
            kept = self._kept[oldest]
            if not kept.answer.done() or (kept.until >= now and len(self._kept) < MOST_KEPT):
                return
            del self._kept[oldest]


def _digest(key: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(key).encode("utf-8", "replace")).hexdigest()


async def _acted(context: context_.Context, mark: replays.Mark, act: Act) -> Response:
    if await _is_marked(context.records, mark):
        return await _earlier(context, mark)
    marking = _Marking(context.records, mark)
    response = await act(replace(context, records=marking))
    if marking.repeated:
        return await _earlier(context, mark)
    if marking.marked:
        await _keep(context.records, mark, response)
    return response


async def _is_marked(kept: records.Records, mark: replays.Mark) -> bool:
    async with kept.read() as work:
        return await work.replays.get(mark.id) is not None


async def _earlier(context: context_.Context, mark: replays.Mark) -> Response:
    """The answer of the first one; where it was lost, `Conflict`, and certainly no second effect."""
    for _ in range(int(PATIENCE / LOOK_AGAIN)):
        async with context.records.read() as work:
            stored = await work.secrets.get(mark.owner, replays.ANSWER)
        if stored is not None:
            return _opened(stored)
        await context.clock.sleep(LOOK_AGAIN)
    raise errors.Conflict(
        "This very request was carried out before, and its answer is not known any more. Look at what it changed; to "
        "do it once more, sign it anew",
        name="ConflictError",
        code="REPEATED",
    )


async def _keep(kept: records.Records, mark: replays.Mark, response: Response) -> None:
    try:
        async with kept.begin() as work:
            await work.secrets.put(mark.owner, replays.ANSWER, _packed(response))
    except errors.Unavailable as reason:
        # The effect stands and is marked: a second one is refused, instead of answered.
        _log.warning("answer.not_kept", reason=reason.message)


def _packed(response: Response) -> bytes:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    text = bytes(response.body).decode()
    return json.dumps({"status": response.status_code, "headers": headers, "body": text}).encode()


def _opened(stored: bytes) -> Response:
    found = json.loads(stored)
    return Response(found["body"], status_code=found["status"], headers=found["headers"])


class _Marking:
    """Records whose first transaction carries the mark, or ends where it stands already."""

    def __init__(self, inner: records.Records, mark: replays.Mark) -> None:
        self._inner = inner
        self._mark = mark
        self.marked = False
        self.repeated = False

    def begin(self) -> AbstractAsyncContextManager[records.Work]:
        return self._inner.begin() if self.marked else self._marked()

    def read(self) -> AbstractAsyncContextManager[records.Work]:
        return self._inner.read()

    def following(self) -> AbstractContextManager[records.Reads]:
        return self._inner.following()

    def unchanged(self, seen: Mapping[str, int]) -> bool:
        return self._inner.unchanged(seen)

    async def close(self) -> None:
        await self._inner.close()

    @asynccontextmanager
    async def _marked(self) -> AsyncIterator[records.Work]:
        async with self._inner.begin() as work:
            # Writers run one after the other, whichever process they are of.
            if await work.replays.get(self._mark.id) is not None:
                self.repeated = True
                raise errors.Conflict("This very request is carried out elsewhere", code="REPEATED")
            await work.replays.put(self._mark)
            yield work
        self.marked = True
