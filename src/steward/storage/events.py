"""Events in the database: added, never changed; their ids rise in the order in which they become visible."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from steward.domain import clusters, events
from steward.storage import sessions, tables

_table = tables.events
_AFTER = (
    sa.select(_table)
    .where(_table.c.cluster_id == sa.bindparam("cluster_id"))
    .where(_table.c.id > sa.bindparam("after"))
    .order_by(_table.c.id)
    .limit(sa.bindparam("limit", type_=sa.BigInteger()))
)
_GET = sa.select(_table).where(_table.c.id == sa.bindparam("id"))
_PRUNE = sa.delete(_table).where(_table.c.at < sa.bindparam("before"))
_LARGEST = 2**63 - 1


class Events:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def add(self, event: events.Event) -> None:
        await self._session.insert(
            _table,
            {
                "at": event.at,
                "project_id": event.project_id,
                "cluster_id": event.cluster_id,
                "subject": event.subject,
                "subject_id": event.subject_id,
                "type": event.type,
                "message": event.message,
                "actor": event.actor,
                "activity": event.activity,
                "facts": dict(event.facts),
            },
        )

    async def get(self, event_id: int) -> events.Event | None:
        row = await self._session.first(_GET, id=min(max(event_id, 0), _LARGEST))
        return None if row is None else _event(row)

    async def of_cluster(
        self, cluster_id: clusters.ClusterId, *, after: int = 0, limit: int = 100
    ) -> Sequence[events.Event]:
        # Numbers from a URL may be larger than any database counts.
        bounds = {"after": min(max(after, 0), _LARGEST), "limit": min(max(limit, 0), _LARGEST)}
        return [_event(row) for row in await self._session.all(_AFTER, cluster_id=cluster_id, **bounds)]

    async def prune(self, before: datetime) -> int:
        return await self._session.change(_PRUNE, before=before)


def _event(row: sessions.Row) -> events.Event:
    return events.Event(
        id=row.id,
        at=row.at,
        project_id=row.project_id,
        cluster_id=row.cluster_id,
        subject=row.subject,
        subject_id=row.subject_id,
        type=row.type,
        message=row.message,
        actor=row.actor,
        activity=row.activity,
        facts=row.facts,
    )
