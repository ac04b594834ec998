"""What comes round by the clock reads the same again and again; it is read anew only after it was written to.

Where nobody can say whether it was (`ports/records.py`), it is read each time.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from steward.ports import records as records_

T = TypeVar("T")


class KeptRead(Generic[T]):
    """`read` depends on the records and on nothing else, and nobody changes what it gives."""

    def __init__(self, records: records_.Records, read: Callable[[records_.Work], Awaitable[T]]) -> None:
        self._records = records
        self._read = read
        self._kept: tuple[T, Mapping[str, int]] | None = None

    async def __call__(self) -> T:
        if self._kept is not None and self._records.unchanged(self._kept[1]):
            return self._kept[0]
        with self._records.following() as reads:
            async with self._records.read() as work:
                found = await self._read(work)
        self._kept = None if reads.seen is None else (found, reads.seen)
        return found
