"""Sealed blobs in the database: keys and credentials of clusters and nodes."""

import sqlalchemy as sa

from steward.ports.sealing import Sealing
from steward.storage import sessions, tables

_table = tables.secrets
_GET = sa.select(_table.c.sealed).where(_table.c.owner == sa.bindparam("owner"), _table.c.name == sa.bindparam("name"))
_ANY = sa.select(_table.c.owner).limit(1)
_REMOVE_ALL = sa.delete(_table).where(_table.c.owner == sa.bindparam("owner"))


class Secrets:
    def __init__(self, session: sessions.Session, sealing: Sealing) -> None:
        self._session = session
        self._sealing = sealing

    async def any(self) -> bool:
        return await self._session.first(_ANY) is not None

    async def get(self, owner: str, name: str) -> bytes | None:
        row = await self._session.first(_GET, owner=owner, name=name)
        return None if row is None else self._sealing.open(row.sealed, _place(owner, name))

    async def put(self, owner: str, name: str, plain: bytes) -> None:
        sealed = self._sealing.seal(plain, _place(owner, name))
        await self._session.put(_table, {"owner": owner, "name": name, "sealed": sealed})

    async def remove_all(self, owner: str) -> None:
        await self._session.change(_REMOVE_ALL, owner=owner)


def _place(owner: str, name: str) -> str:
    return f"secret:{owner}:{name}"
