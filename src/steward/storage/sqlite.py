"""SQLite: one file beside the service, durable at every commit.

Opened by `records.open`. Reads and the statements of a transaction run where they are asked for: they touch
pages in memory and take some 50 microseconds, a fraction of what handing them to a thread costs (aiosqlite, which
hands over four times per statement, takes 40 times as long). What waits runs in one thread of its own: taking the
write lock, and the commit with its fsync. Readers use connections of their own and see the last commit; in WAL
mode neither side waits for the other.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steward.domain import errors
from steward.storage import changes, failures, migrations, sessions, tables

_BUSY_SECONDS = 5
_FULL_SYNC = 2
_BALLAST = 2**20  # bytes
_LARGEST_WAL = 16 * 2**20  # kept on disk after a checkpoint


class _Session(sessions.Session):
    dialect = "sqlite"

    def __init__(self, connection: sa.Connection, *, writable: bool) -> None:
        super().__init__(writable=writable)
        self._connection = connection

    async def _execute(
        self, statement: sa.Executable, values: sessions.Values | Sequence[sessions.Values]
    ) -> sa.CursorResult[Any]:
        return self._connection.execute(statement, sessions.parameters(values))


class Database:
    def __init__(self, path: Path) -> None:
        self._turns = sessions.Turns()
        # Nobody but this process writes: its lock on the state folder sees to that.
        self.changes = changes.Changes(tables.metadata)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="steward-commit")
        self._writer = _engine(path, begin="BEGIN IMMEDIATE", query_only=False, keep=1)
        self._readers = _engine(path, begin="BEGIN", query_only=True, keep=2)

    async def prepare(self) -> None:
        with failures.told():
            await self._aside(self._check_and_migrate)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[sessions.Session]:
        async with self._turns.mine():
            with failures.told():
                connection = self._writer.connect()
            try:
                with failures.told():
                    await self._aside(connection.begin)
                session = _Session(connection, writable=True)
                yield session
                session.check_whole()
                try:
                    with failures.told(committing=True):
                        await self._aside(connection.commit)
                finally:
                    # Also of a commit that raised: whether it was made is not known then.
                    self.changes.note(session.touched)
            finally:
                with failures.told():
                    connection.close()  # rolls back what is not committed

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[sessions.Session]:
        with failures.told():
            connection = self._readers.connect()
        try:
            yield _Session(connection, writable=False)
        finally:
            connection.close()

    async def close(self) -> None:
        self._readers.dispose()
        await self._aside(self._writer.dispose)  # the last connection empties the WAL into the file
        self._thread.shutdown()

    def _check_and_migrate(self) -> None:
        with self._writer.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            migrations.bring_up_to_date(connection)
            connection.commit()

    async def _aside(self, call: Callable[[], object]) -> None:
        await sessions.to_its_end(asyncio.get_running_loop().run_in_executor(self._thread, call))


async def open(url: sa.URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise errors.Unavailable(
            "The database URL names no file; write sqlite:///, followed by the path, as in "
            "sqlite:////var/lib/steward/steward.db"
        )
    path = Path(url.database).absolute()
    with failures.told():
        _make_file(path)
    try:
        database = await _prepared(path)
    except errors.Unavailable:
        if not _drop_ballast(path):
            raise
        database = await _prepared(path)
    _take_ballast(path)
    return database


async def _prepared(path: Path) -> Database:
    database = Database(path)
    try:
        await database.prepare()
    except BaseException:
        await database.close()
        raise
    return database


def _ballast(path: Path) -> Path:
    return path.with_name(f"{path.name}-ballast")


def _take_ballast(path: Path) -> None:
    """Room that is given up when a start finds none: even to read, SQLite makes two small files beside its own."""
    with contextlib.suppress(OSError), _ballast(path).open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, _BALLAST)


def _drop_ballast(path: Path) -> bool:
    """Whether there was any."""
    try:
        _ballast(path).unlink()
    except OSError:
        return False
    return True


def _make_file(path: Path) -> None:
    """Before SQLite does: readable by nobody else, and its name on the disk before its content."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _engine(path: Path, *, begin: str, query_only: bool, keep: int) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite+pysqlite", database=str(path)),
        # The commit runs in another thread than the statements, never at the same time.
        connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS, "isolation_level": None},
        poolclass=sa.QueuePool,
        pool_size=keep,
        max_overflow=-1,  # a reader that had to wait for a connection would stop the event loop
        hide_parameters=True,
    )

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        _set_up(connection, query_only=query_only)

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
    return engine


def _set_up(connection: sqlite3.Connection, *, query_only: bool) -> None:
    """Python hides an I/O error of a PRAGMA until its row is fetched, so every one that matters is read back."""
    _require(connection, "PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal")
    _require(connection, "PRAGMA synchronous = FULL", "PRAGMA synchronous", _FULL_SYNC)
    _require(connection, "PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", 1)
    _require(connection, f"PRAGMA query_only = {int(query_only)}", "PRAGMA query_only", int(query_only))
    connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_WAL}").fetchall()


def _require(connection: sqlite3.Connection, change: str, question: str, wanted: object) -> None:
    connection.execute(change).fetchall()
    found = connection.execute(question).fetchone()
    if found is None or found[0] != wanted:
        raise errors.Unavailable(
            f"SQLite does not keep what steward's durability rests on: {question} answers {found and found[0]!r}, "
            f"not {wanted!r}. It is the provider's turn: put the database on a local file system, or use PostgreSQL"
        )
