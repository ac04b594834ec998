"""Who works on what: at most one row per subject, its id the token."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from steward.storage import sessions, tables

_table = tables.leases
_OF_SUBJECT = sa.select(_table).where(_table.c.subject == sa.bindparam("of"))
_END = sa.delete(_table).where(_table.c.subject == sa.bindparam("of"))
_HELD = sa.select(_table.c.token).where(_table.c.subject == sa.bindparam("of"), _table.c.token == sa.bindparam("held"))
_RENEW_ALL = (
    sa.update(_table)
    .where(_table.c.owner == sa.bindparam("by"))
    .values(until=sa.bindparam("ends", type_=tables.Moment()))
)
_ALL_HELD = sa.select(_table.c.subject, _table.c.token).where(_table.c.owner == sa.bindparam("by"))
_RELEASE = sa.delete(_table).where(_table.c.subject == sa.bindparam("of"), _table.c.token == sa.bindparam("held"))
_RELEASE_ALL = sa.delete(_table).where(_table.c.owner == sa.bindparam("by"))


class Leases:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def acquire(self, subject: str, owner: str, *, now: datetime, until: datetime) -> int | None:
        present = await self._session.first(_OF_SUBJECT, of=subject)
        if present is not None:
            if present.owner != owner and present.until > now:
                return None
            await self._session.change(_END, of=subject)
        return await self._session.insert(_table, {"subject": subject, "owner": owner, "until": until})

    async def renew_all(self, owner: str, *, until: datetime) -> Mapping[str, int]:
        await self._session.change(_RENEW_ALL, by=owner, ends=until)
        return {each.subject: each.token for each in await self._session.all(_ALL_HELD, by=owner)}

    async def holds(self, subject: str, token: int) -> bool:
        return await self._session.first(_HELD, of=subject, held=token) is not None

    async def release(self, subject: str, token: int) -> None:
        await self._session.change(_RELEASE, of=subject, held=token)

    async def release_all(self, owner: str) -> None:
        await self._session.change(_RELEASE_ALL, by=owner)
