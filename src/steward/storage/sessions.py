"""One transaction, as the repositories see it: fetch rows, change rows.

`sqlite.py` and `postgresql.py` carry the statements out. Repositories hold no connection and know no
dialect; whatever differs between the two databases is in here or in those two files.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from steward.domain import errors
from steward.storage import changes, failures

Row = sa.Row[Any]
Values = Mapping[str, Any]


class Session(ABC):
    """After a failed statement the transaction is over: SQLite may have rolled it back by itself, and would
    carry out what follows statement by statement."""

    dialect: str

    def __init__(self, *, writable: bool) -> None:
        self._writable = writable
        self._failed = False
        self.touched: set[str] = set()  # names of tables that it wrote to

    @abstractmethod
    async def _execute(self, statement: sa.Executable, values: Values | Sequence[Values]) -> sa.CursorResult[Any]: ...

    async def all(self, statement: sa.Executable, **values: object) -> Sequence[Row]:
        return (await self._guarded(statement, values)).all()

    async def first(self, statement: sa.Executable, **values: object) -> Row | None:
        return (await self._guarded(statement, values)).first()

    async def change(self, statement: sa.Executable, **values: object) -> int:
        """How many rows were changed."""
        self._require_writable()
        self.touched.add(changes.table_of(statement))
        return (await self._guarded(statement, values)).rowcount

    async def insert(self, table: sa.Table, values: Values) -> int:
        """The id that the database gave."""
        self._require_writable()
        self.touched.add(table.name)
        result = await self._guarded(_insert(table), values)
        return int(result.scalar_one())

    async def add(self, table: sa.Table, values: Values) -> None:
        """Insert a row whose key the caller knows; there must be none with it."""
        self._require_writable()
        self.touched.add(table.name)
        await self._guarded(_plain_insert(table), values)

    async def add_all(self, table: sa.Table, rows: Sequence[Values]) -> None:
        """As `add`, of several rows at once; of none is nothing."""
        self._require_writable()
        if rows:
            self.touched.add(table.name)
            await self._guarded(_plain_insert(table), rows)

    async def put(self, table: sa.Table, values: Values) -> None:
        """Insert, or replace the row with the same primary key."""
        self._require_writable()
        self.touched.add(table.name)
        await self._guarded(_upsert(table, self.dialect), values)

    def check_whole(self) -> None:
        """Before the commit: what failed half-way is not committed, whoever caught the error."""
        if self._failed:
            raise errors.Unavailable(
                "A statement of this change failed, so none of it was made. It is the provider's turn: see the "
                "service's log for the cause, then ask again",
                code="STORAGE_UNAVAILABLE",
            )

    async def _guarded(self, statement: sa.Executable, values: Values | Sequence[Values]) -> sa.CursorResult[Any]:
        self.check_whole()
        changes.follow(statement)
        try:
            with failures.told():
                return await self._execute(statement, values)
        except BaseException:
            self._failed = True
            raise

    def _require_writable(self) -> None:
        if not self._writable:
            raise RuntimeError("This transaction was opened with read(); open one with begin() to change something")


class Database(Protocol):
    def writing(self) -> AbstractAsyncContextManager[Session]: ...

    def reading(self) -> AbstractAsyncContextManager[Session]: ...

    @property
    def changes(self) -> changes.Changes | None:
        """None where somebody else may write, too, and nothing says so."""
        ...

    async def close(self) -> None: ...


class Turns:
    """One writer at a time in this process, in the order of asking."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def mine(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if self._holder is task:
            raise RuntimeError("begin() inside begin() would wait for itself; pass the open work on instead")
        async with self._lock:
            self._holder = task
            try:
                yield
            finally:
                self._holder = None


async def to_its_end(future: asyncio.Future[Any]) -> None:
    """Wait for what must not be left half-way, even when the waiting task is cancelled; the cancellation
    follows afterwards."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    future.result()


def parameters(values: Values | Sequence[Values]) -> dict[str, Any] | list[dict[str, Any]]:
    """As SQLAlchemy takes them."""
    return dict(values) if isinstance(values, Mapping) else [dict(row) for row in values]


@cache
def _insert(table: sa.Table) -> sa.Executable:
    return sa.insert(table).returning(*table.primary_key.columns)


@cache
def _plain_insert(table: sa.Table) -> sa.Executable:
    return sa.insert(table)


@cache
def _upsert(table: sa.Table, dialect: str) -> sa.Executable:
    keys = [column.name for column in table.primary_key.columns]
    others = [column.name for column in table.columns if column.name not in keys]
    if dialect == "sqlite":
        ours = sqlite.insert(table)
        return ours.on_conflict_do_update(index_elements=keys, set_={name: ours.excluded[name] for name in others})
    theirs = postgresql.insert(table)
    return theirs.on_conflict_do_update(index_elements=keys, set_={name: theirs.excluded[name] for name in others})
