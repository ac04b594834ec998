"""PostgreSQL: for a management plane of several replicas.

Opened by `records.open`. Writers take one advisory lock for their whole transaction, so they run one after
the other across all replicas, as on SQLite. Chosen over row locks, which cannot lock a row that is not there
yet (two orders that both find room in a quota) and can deadlock; and over SERIALIZABLE, which asks for a
retry that an `async with` block cannot give. It also makes event ids visible in their order: nobody who reads
"after 7" misses 6. A writer holds the lock for milliseconds; one that hangs is ended by the server.
Readers take no lock and see one snapshot.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from steward.storage import failures, migrations, sessions

_log = structlog.get_logger(__name__)

_WRITERS = 0x5354_4557_4152_44  # "STEWARD": the advisory lock's number within the database
_LOCK = sa.text(f"SELECT pg_advisory_xact_lock({_WRITERS})")
_SESSION = {
    "application_name": "steward",
    "timezone": "UTC",
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "30s",
    "jit": "off",  # compiling costs more than any statement of ours
}


class _Session(sessions.Session):
    dialect = "postgresql"

    def __init__(self, connection: AsyncConnection, *, writable: bool) -> None:
        super().__init__(writable=writable)
        self._connection = connection

    async def _execute(
        self, statement: sa.Executable, values: sessions.Values | Sequence[sessions.Values]
    ) -> sa.CursorResult[Any]:
        return await self._connection.execute(statement, sessions.parameters(values))


class Database:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._turns = sessions.Turns()
        self.changes = None  # another service may write to the same database, and nothing says so in time

    async def prepare(self) -> None:
        with failures.told():
            async with self._engine.begin() as connection:
                await connection.execute(_LOCK)
                await connection.run_sync(migrations.bring_up_to_date)
                if (await connection.execute(sa.text("SHOW fsync"))).scalar() != "on":
                    _log.warning("storage.not_durable", reason="fsync is off in the PostgreSQL server")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[sessions.Session]:
        async with self._turns.mine(), _connected(self._engine) as connection:
            with failures.told():
                await connection.execute(_LOCK)
            session = _Session(connection, writable=True)
            yield session
            session.check_whole()
            with failures.told(committing=True):
                await sessions.to_its_end(asyncio.ensure_future(connection.commit()))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[sessions.Session]:
        async with _connected(self._snapshots) as connection:
            yield _Session(connection, writable=False)

    async def close(self) -> None:
        await self._engine.dispose()


async def open(url: sa.URL) -> Database:
    query = dict(url.query)
    if "sslmode" in query:  # libpq's word for what asyncpg calls ssl
        query["ssl"] = query.pop("sslmode")
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg", query=query),
        connect_args={"server_settings": _SESSION, "timeout": 10},
        pool_size=3,
        max_overflow=5,
        pool_timeout=10,
        pool_pre_ping=True,  # a server that was restarted costs nobody a failed request
        hide_parameters=True,
    )
    database = Database(engine)
    try:
        await database.prepare()
    except BaseException:
        await database.close()
        raise
    return database


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    connection = engine.connect()
    with failures.told():
        await connection.start()
    try:
        yield connection
    finally:
        await sessions.to_its_end(asyncio.ensure_future(connection.close()))  # rolls back what is not committed
