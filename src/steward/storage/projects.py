"""Projects in the database."""

from collections.abc import Sequence

import sqlalchemy as sa

from steward.domain import projects
from steward.storage import sessions, tables

_table = tables.projects
_ALL = sa.select(_table).order_by(_table.c.created_at, _table.c.id)
_GET = sa.select(_table).where(_table.c.id == sa.bindparam("id"))
_OF_ACCOUNT = _ALL.where(_table.c.account == sa.bindparam("account"))


class Projects:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def get(self, project_id: projects.ProjectId) -> projects.Project | None:
        row = await self._session.first(_GET, id=project_id)
        return None if row is None else _project(row)

    async def of_account(self, account: projects.AccountId) -> Sequence[projects.Project]:
        return [_project(row) for row in await self._session.all(_OF_ACCOUNT, account=account)]

    async def all(self) -> Sequence[projects.Project]:
        return [_project(row) for row in await self._session.all(_ALL)]

    async def save(self, project: projects.Project) -> None:
        await self._session.put(
            _table,
            {
                "id": project.id,
                "account": project.account,
                "description": project.description,
                "status": project.status,
                "created_at": project.created_at,
            },
        )


def _project(row: sessions.Row) -> projects.Project:
    return projects.Project(
        id=row.id,
        account=row.account,
        description=row.description,
        status=projects.Status(row.status),
        created_at=row.created_at,
    )
