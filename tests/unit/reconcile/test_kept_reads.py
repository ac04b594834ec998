"""What comes round by the clock reads the records again only after they were written to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from steward.ports import records
from steward.reconcile import kept_reads


class Counted:
    """Records whose one number anybody may raise; `known` is whether they can say that it was."""

    def __init__(self, *, known: bool) -> None:
        self.known, self.number, self.reads = known, 0, 0

    @contextmanager
    def following(self) -> Iterator[records.Reads]:
        reads, before = records.Reads(), self.number
        yield reads
        reads.seen = {"numbers": before} if self.known else None

    def unchanged(self, seen: Any) -> bool:
        return self.known and bool(seen["numbers"] == self.number)

    def read(self) -> Any:
        counted = self

        class Opened:
            async def __aenter__(self) -> Any:
                counted.reads += 1
                return counted

            async def __aexit__(self, *_: object) -> None: ...

        return Opened()


async def _number(work: Any) -> int:
    return int(work.number)


def _reading(counted: Counted, read: Callable[[Any], Awaitable[int]] = _number) -> Callable[[], int]:
    kept: kept_reads.KeptRead[int] = kept_reads.KeptRead(cast(records.Records, counted), read)
    return lambda: asyncio.run(kept())


def test_it_is_read_anew_after_a_change_and_not_before() -> None:
    counted = Counted(known=True)
    read = _reading(counted)
    assert [read(), read()] == [0, 0]
    assert counted.reads == 1
    counted.number = 1
    assert [read(), read()] == [1, 1]
    assert counted.reads == 2


def test_a_change_while_it_is_read_is_not_missed() -> None:
    counted = Counted(known=True)

    async def interrupted(_: Any) -> int:
        found, counted.number = counted.number, 1
        return found

    read = _reading(counted, interrupted)
    assert [read(), read(), read()] == [0, 1, 1]
    assert counted.reads == 2


def test_where_nobody_knows_of_changes_it_is_read_each_time() -> None:
    counted = Counted(known=False)
    read = _reading(counted)
    read()
    counted.number = 5
    assert read() == 5
    assert counted.reads == 2
