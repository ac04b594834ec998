"""Answers to reads, kept until something changes that they were made from (decisions/0013-kept-answers.md).

A route asks for it by its type (`calls.KeptRoute`); its answer may depend on the caller, the path, the query and the
records, and on nothing else. Who calls, and whether it may, is found out before, each time.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from steward.ports import records as records_

MOST_BYTES = 32 * 2**20
LARGEST = 2**20  # bytes of one answer


@dataclass(frozen=True, slots=True)
class _Kept:
    response: Response
    seen: Mapping[str, int]


class KeptAnswers:
    """Those that were asked for last, up to a size."""

    def __init__(self, records: records_.Records, *, most_bytes: int = MOST_BYTES) -> None:
        self._records = records
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def answer(self, key: Hashable, make: Callable[[], Awaitable[Response]]) -> Response:
        known = self._kept.get(key)
        if known is not None:
            if self._records.unchanged(known.seen):
                self._kept.move_to_end(key)
                return known.response
            self._drop(key)
        with self._records.following() as reads:
            response = await make()
        if reads.seen is not None and response.status_code == 200 and len(response.body) <= LARGEST:
            self._keep(key, _Kept(response, reads.seen))
        return response

    def _keep(self, key: Hashable, answer: _Kept) -> None:
        if key in self._kept:  # another request for the same was faster
            self._drop(key)
        self._kept[key] = answer
        self._bytes += len(answer.response.body)
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        self._bytes -= len(self._kept.pop(key).response.body)
