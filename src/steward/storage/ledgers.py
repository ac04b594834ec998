"""The logs of the ledger in the database: leaves, roots of whole subtrees, checkpoints.

What personal values a leaf commits to lies beside it and can be erased; the leaf and its hash never change. What is
lost of a tree is never made anew: who asks for it is told, and `operations/ledgers` says which entry is concerned.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from steward.domain import errors, ledgers
from steward.kit import leaves, merkle
from steward.storage import sessions, tables

R = TypeVar("R")
_entries, _hashes, _sizes, _checkpoints = (
    tables.ledger_entries,
    tables.ledger_hashes,
    tables.ledger_sizes,
    tables.ledger_checkpoints,
)
_SIZE = sa.select(_sizes.c.size, _sizes.c.roots).where(_sizes.c.log == sa.bindparam("log"))
_LOGS = sa.select(_sizes.c.log).order_by(_sizes.c.log)
_HASHES = (
    sa.select(_hashes.c.level, _hashes.c.position, _hashes.c.hash)
    .where(_hashes.c.log == sa.bindparam("log"))
    .where(sa.tuple_(_hashes.c.level, _hashes.c.position).in_(sa.bindparam("places", expanding=True)))
)
_LEAF_HASHES = (
    sa.select(_entries.c.position, _entries.c.hash)
    .where(_entries.c.log == sa.bindparam("log"))
    .where(_entries.c.position.in_(sa.bindparam("places", expanding=True)))
)
_NEWEST = (
    sa.select(_checkpoints.c.log, sa.func.max(_checkpoints.c.size).label("size"))
    .group_by(_checkpoints.c.log)
    .subquery()
)
_GROWN = (
    sa.select(_sizes.c.log)
    .outerjoin(_NEWEST, _NEWEST.c.log == _sizes.c.log)
    .where(sa.or_(_NEWEST.c.size.is_(None), _NEWEST.c.size != _sizes.c.size))
    .order_by(_sizes.c.log)
)
_TAKEN = (
    "The ledger {log} has an entry {index} already, although it says that it ends before: a part of it was lost. "
    "Nothing is done that cannot be written down. It is the provider's turn: restore the database from a backup"
)
_OF_LOG = sa.select(_entries).where(_entries.c.log == sa.bindparam("log"))
_ENTRY = _OF_LOG.where(_entries.c.position == sa.bindparam("at_index"))
_PAGE = (
    _OF_LOG.where(_entries.c.position >= sa.bindparam("start"))
    .order_by(_entries.c.position)
    .limit(sa.bindparam("limit", type_=sa.BigInteger()))
)
_ERASE = (
    sa.update(_entries)
    .where(_entries.c.log == sa.bindparam("of_log"), _entries.c.position == sa.bindparam("of_index"))
    .values(disclosed=sa.null())
)
_LATEST = (
    sa.select(_checkpoints)
    .where(_checkpoints.c.log == sa.bindparam("log"))
    .order_by(_checkpoints.c.size.desc())
    .limit(sa.bindparam("limit", type_=sa.BigInteger()))
)
_BETWEEN = (
    sa.select(_checkpoints)
    .where(_checkpoints.c.log == sa.bindparam("log"))
    .where(_checkpoints.c.size > sa.bindparam("after"), _checkpoints.c.size <= sa.bindparam("until"))
    .order_by(_checkpoints.c.size)
)


class Ledger:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session
        self._trees: dict[str, merkle.Growing] = {}  # of this transaction, which no other writer comes between

    async def append(self, log: str, draft: ledgers.Draft) -> int:
        tree = await self._tree(log)
        index, disclosed = tree.size, leaves.salted(draft.personal)
        leaf = leaf_of(log, index, draft, disclosed)
        digest = merkle.leaf_hash(leaf.encode())
        entry = {"log": log, "position": index, "at": draft.at, "leaf": leaf, "hash": digest}
        made = tree.append(digest)
        rows = [{"log": log, "level": level, "position": place, "hash": found} for (level, place), found in made]
        try:
            await self._session.add(_entries, {**entry, "disclosed": disclosed or None})
            await self._session.add_all(_hashes, rows)
        except sa.exc.IntegrityError as reason:
            raise errors.Unavailable(_TAKEN.format(log=log, index=index), code="LEDGER_DAMAGED") from reason
        await self._session.put(_sizes, {"log": log, "size": tree.size, "roots": tree.roots})
        return index

    async def _tree(self, log: str) -> merkle.Growing:
        if log not in self._trees:
            row = await self._session.first(_SIZE, log=log)
            self._trees[log] = merkle.Growing() if row is None else merkle.Growing(row.size, row.roots)
        return self._trees[log]

    async def size(self, log: str) -> int:
        row = await self._session.first(_SIZE, log=log)
        return 0 if row is None else int(row.size)

    async def root(self, log: str, size: int) -> bytes:
        await self._check_size(log, size)
        return await self._with(log, lambda get: merkle.root(size, get))

    async def entry(self, log: str, index: int) -> ledgers.Entry | None:
        row = await self._session.first(_ENTRY, log=log, at_index=index)
        return None if row is None else _entry(row)

    async def entries(self, log: str, *, start: int = 0, limit: int = 1000) -> Sequence[ledgers.Entry]:
        return [_entry(row) for row in await self._session.all(_PAGE, log=log, start=start, limit=limit)]

    async def inclusion(self, log: str, index: int, size: int) -> Sequence[bytes]:
        await self._check_size(log, size)
        return await self._with(log, lambda get: merkle.inclusion(index, size, get))

    async def consistency(self, log: str, old: int, new: int) -> Sequence[bytes]:
        await self._check_size(log, new)
        return await self._with(log, lambda get: merkle.consistency(old, new, get))

    async def subtrees(self, log: str, places: Sequence[merkle.Place]) -> Mapping[merkle.Place, bytes]:
        if not places:
            return {}
        rows = await self._session.all(_HASHES, log=log, places=places)
        return {(row.level, row.position): row.hash for row in rows}

    async def erase(self, log: str, index: int) -> None:
        await self._session.change(_ERASE, of_log=log, of_index=index)

    async def logs(self) -> Sequence[str]:
        return [row.log for row in await self._session.all(_LOGS)]

    async def grown(self) -> Sequence[str]:
        return [row.log for row in await self._session.all(_GROWN)]

    async def save_checkpoint(self, checkpoint: ledgers.Checkpoint) -> None:
        await self._session.put(
            _checkpoints,
            {
                "log": checkpoint.log,
                "size": checkpoint.size,
                "root": checkpoint.root,
                "at": checkpoint.at,
                "note": checkpoint.note,
            },
        )

    async def checkpoint(self, log: str) -> ledgers.Checkpoint | None:
        found = await self.checkpoints(log, limit=1)
        return found[0] if found else None

    async def checkpoints(self, log: str, *, limit: int = 1000) -> Sequence[ledgers.Checkpoint]:
        return [_checkpoint(row) for row in reversed(await self._session.all(_LATEST, log=log, limit=limit))]

    async def checkpoints_between(self, log: str, after: int, until: int) -> Sequence[ledgers.Checkpoint]:
        return [_checkpoint(row) for row in await self._session.all(_BETWEEN, log=log, after=after, until=until)]

    async def _check_size(self, log: str, size: int) -> None:
        present = await self.size(log)
        if not 0 <= size <= present:
            raise ValueError(f"log {log} has {present} entries, not {size}")

    async def _with(self, log: str, act: Callable[[merkle.Get], R]) -> R:
        places = merkle.needed(act)
        low = [index for level, index in places if level == 0]
        high = [place for place in places if place[0]]
        found = dict(await self.subtrees(log, high))
        if low:
            rows = await self._session.all(_LEAF_HASHES, log=log, places=low)
            found |= {(0, row.position): row.hash for row in rows}
        lost = [place for place in places if place not in found]
        if lost:
            raise _lost(log, lost[0])
        return act(lambda level, index: found[(level, index)])


def _lost(log: str, place: merkle.Place) -> errors.Unavailable:
    level, index = place
    return errors.Unavailable(
        f"The ledger {log} has lost a part of its tree, over the entries {index << level} to "
        f"{((index + 1) << level) - 1}. What is there can still be read and exported. It is the provider's turn: "
        "restore the database from a backup, and tell whoever keeps checkpoints",
        code="LEDGER_DAMAGED",
    )


def leaf_of(log: str, index: int, draft: ledgers.Draft, disclosed: leaves.Disclosed) -> str:
    content = {
        "log": log,
        "index": index,
        "at": leaves.moment(draft.at),
        "kind": draft.kind,
        "activity": draft.activity,
        "subject": draft.subject,
        "facts": draft.facts,
        "commitments": leaves.commitments(disclosed),
    }
    return leaves.written(content)


def _entry(row: sessions.Row) -> ledgers.Entry:
    at: datetime = row.at
    disclosed = None if row.disclosed is None else {name: (pair[0], pair[1]) for name, pair in row.disclosed.items()}
    return ledgers.Entry(log=row.log, index=row.position, at=at, leaf=row.leaf, hash=row.hash, disclosed=disclosed)


def _checkpoint(row: sessions.Row) -> ledgers.Checkpoint:
    return ledgers.Checkpoint(log=row.log, size=row.size, root=row.root, at=row.at, note=row.note)
