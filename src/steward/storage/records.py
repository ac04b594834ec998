"""`ports.records.Records` over SQLite or PostgreSQL.

Called by bootstrap, once. The repositories (one module per noun) hold the SQL, `sqlite.py` and
`postgresql.py` the transactions, `migrations` the schema.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import sqlalchemy as sa

from steward.domain import errors
from steward.ports import records
from steward.ports.sealing import Sealing
from steward.storage import (
    allotments,
    changes,
    clusters,
    credentials,
    events,
    kept,
    leases,
    ledgers,
    nodepools,
    nodes,
    progress,
    projects,
    secrets,
    sessions,
    sqlite,
)


class SqlRecords:
    """One instance per process; its transactions may be used from any number of tasks."""

    def __init__(self, database: sessions.Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing

    def begin(self) -> AbstractAsyncContextManager[records.Work]:
        return self._working(self._database.writing())

    def read(self) -> AbstractAsyncContextManager[records.Work]:
        return self._working(self._database.reading())

    @contextmanager
    def following(self) -> Iterator[records.Reads]:
        reads = records.Reads()
        known = self._database.changes
        if known is None:
            yield reads
            return
        before = known.counts()
        with changes.following() as nouns:
            yield reads
        reads.seen = {name: before[name] for name in nouns}

    def unchanged(self, seen: Mapping[str, int]) -> bool:
        known = self._database.changes
        return known is not None and known.unchanged(seen)

    async def close(self) -> None:
        await self._database.close()

    @asynccontextmanager
    async def _working(self, opened: AbstractAsyncContextManager[sessions.Session]) -> AsyncIterator[records.Work]:
        async with opened as session:
            yield records.Work(
                projects=projects.Projects(session),
                credentials=credentials.Credentials(session, self._sealing),
                clusters=clusters.Clusters(session),
                nodepools=nodepools.NodePools(session),
                nodes=nodes.Nodes(session),
                events=events.Events(session),
                progress=progress.Progresses(session),
                allotments=allotments.Allotments(session),
                secrets=secrets.Secrets(session, self._sealing),
                leases=leases.Leases(session),
                ledger=ledgers.Ledger(session),
                **kept.collections(session),
            )


async def open(database_url: str, sealing: Sealing) -> SqlRecords:
    """Connect, check, migrate. `errors.Unavailable` says what stands in the way and how to mend it."""
    url = _parsed(database_url)
    if url.drivername == "sqlite":
        return SqlRecords(await sqlite.open(url), sealing)
    # Here, because a service on SQLite need not carry the asynchronous engine in memory.
    from steward.storage import postgresql

    return SqlRecords(await postgresql.open(url), sealing)


def _parsed(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        url = None
    if url is None or url.drivername not in ("sqlite", "postgresql", "postgres"):
        # Without the text itself: a URL may hold a password.
        raise errors.Unavailable(
            "STEWARD_DATABASE is not a database URL that steward knows; write sqlite:////path/of/file.db or "
            "postgresql://user:password@host/name, without a driver's name"
        )
    return url
