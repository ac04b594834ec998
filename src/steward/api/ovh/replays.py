"""The same signed write inside the time window is one effect and gets the same answer.

Clients re-send when a connection broke and they cannot know whether the first one arrived. Answers are
kept in memory until the signature is too old to be accepted; a second request that comes while the first
is under way waits for it. After a restart of the service a re-sent write counts as a new one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

MOST_KEPT = 4000  # the oldest answers go first; a few kilobytes each


@dataclass(slots=True)
class _Kept:
    answer: "asyncio.Future[Response]"
    until: float


class Replays:
    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], _Kept] = OrderedDict()

    async def once(
        self, key: tuple[str, ...], *, now: float, until: float, act: Callable[[], Awaitable[Response]]
    ) -> Response:
        """`act` turns refusals into answers itself: they are repeated like any other answer."""
        self._forget(now)
        known = self._kept.get(key)
        if known is not None:
            return await asyncio.shield(known.answer)
        answer = asyncio.get_running_loop().create_future()
        self._kept[key] = _Kept(answer, until)
        try:
            response = await act()
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
