"""Numbers that are given out once at a time."""

import sqlalchemy as sa

from steward.storage import sessions, tables

_table = tables.allotments
_HELD = sa.select(_table.c.number, _table.c.owner).where(_table.c.pool == sa.bindparam("pool"))
_GIVE_BACK = sa.delete(_table).where(_table.c.pool == sa.bindparam("pool"), _table.c.owner == sa.bindparam("owner"))
_DROP_POOL = sa.delete(_table).where(_table.c.pool == sa.bindparam("pool"))


class Allotments:
    """Writers go one after the other, so nobody takes between the look and the taking; the table's two unique
    constraints would refuse it."""

    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def take(self, pool: str, owner: str, *, below: int) -> int | None:
        held: dict[int, str] = {row.number: row.owner for row in await self._session.all(_HELD, pool=pool)}
        own = next((number for number, holder in held.items() if holder == owner), None)
        if own is not None:
            return own
        free = next((number for number in range(below) if number not in held), None)
        if free is not None:
            await self._session.put(_table, {"pool": pool, "number": free, "owner": owner})
        return free

    async def give_back(self, pool: str, owner: str) -> None:
        await self._session.change(_GIVE_BACK, pool=pool, owner=owner)

    async def drop_pool(self, pool: str) -> None:
        await self._session.change(_DROP_POOL, pool=pool)
