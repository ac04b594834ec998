"""Progress of long work in the database."""

from collections.abc import Sequence

import sqlalchemy as sa

from steward.domain import clusters, progress
from steward.storage import sessions, tables, values

_table = tables.progress
_GET = sa.select(_table).where(_table.c.subject == sa.bindparam("subject"))
_OF_CLUSTER = (
    sa.select(_table)
    .where(_table.c.cluster_id == sa.bindparam("cluster_id"))
    .order_by(_table.c.started_at, _table.c.subject)
)
_REMOVE = sa.delete(_table).where(_table.c.subject == sa.bindparam("subject"))
_CLUSTER = sa.select(tables.clusters.c.id).where(tables.clusters.c.id == sa.bindparam("id"))


class Progresses:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def get(self, subject: str) -> progress.Progress | None:
        row = await self._session.first(_GET, subject=subject)
        return None if row is None else _progress(row)

    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[progress.Progress]:
        return [_progress(row) for row in await self._session.all(_OF_CLUSTER, cluster_id=cluster_id)]

    async def save(self, cluster_id: clusters.ClusterId, made: progress.Progress) -> None:
        """Dropped where the cluster is gone: the last step of a deletion is reported after it."""
        if await self._session.first(_CLUSTER, id=cluster_id) is None:
            return
        await self._session.put(
            _table,
            {
                "subject": made.subject,
                "cluster_id": cluster_id,
                "flow": made.flow,
                "steps": [_json_of_step(step) for step in made.steps],
                "started_at": made.started_at,
                "ended_at": made.ended_at,
            },
        )

    async def remove(self, subject: str) -> None:
        await self._session.change(_REMOVE, subject=subject)


def _progress(row: sessions.Row) -> progress.Progress:
    return progress.Progress(
        subject=row.subject,
        flow=row.flow,
        steps=tuple(_step(each) for each in row.steps),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _json_of_step(step: progress.StepProgress) -> values.Json:
    return {
        "name": step.name,
        "activity": step.activity,
        "state": step.state,
        "message": step.message,
        "started_at": values.text_of_moment(step.started_at),
        "ended_at": values.text_of_moment(step.ended_at),
    }


def _step(stored: values.Json) -> progress.StepProgress:
    return progress.StepProgress(
        name=stored["name"],
        activity=stored["activity"],
        state=progress.State(stored["state"]),
        message=stored["message"],
        started_at=values.moment(stored["started_at"]),
        ended_at=values.moment(stored["ended_at"]),
    )
