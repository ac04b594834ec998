"""Which tables were written to, and which ones a piece of work read: so that what was made of them can be kept.

`Session` tells both. Counts rise as a commit becomes visible, before whoever asked for it hears of it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import sqlalchemy as sa

_followed: ContextVar[set[str] | None] = ContextVar("tables read", default=None)


class Changes:
    """How often each table was written to since the start of this process."""

    def __init__(self, metadata: sa.MetaData) -> None:
        self._counts = dict.fromkeys(metadata.tables, 0)
        self._with = {name: _falling_with(metadata, name) for name in metadata.tables}

    def note(self, touched: set[str]) -> None:
        for name in {each for table in touched for each in self._with[table]}:
            self._counts[name] += 1

    def counts(self) -> Mapping[str, int]:
        return dict(self._counts)

    def unchanged(self, seen: Mapping[str, int]) -> bool:
        return all(self._counts[name] == count for name, count in seen.items())


@contextmanager
def following() -> Iterator[set[str]]:
    """The tables that are read meanwhile, by this task."""
    found: set[str] = set()
    token = _followed.set(found)
    try:
        yield found
    finally:
        _followed.reset(token)


def follow(statement: sa.Executable) -> None:
    followed = _followed.get()
    if followed is not None:
        followed |= _tables_in(statement)


def table_of(statement: sa.Executable) -> str:
    """That a statement writes to."""
    if not isinstance(statement, sa.Update | sa.Delete | sa.Insert) or not isinstance(statement.table, sa.Table):
        raise TypeError("an UPDATE, a DELETE or an INSERT of one table changes something")
    return statement.table.name


@lru_cache(maxsize=500)
def _tables_in(statement: sa.Executable) -> frozenset[str]:
    if not isinstance(statement, sa.ClauseElement):
        raise TypeError("only statements made of tables are followed")
    return frozenset(each.name for each in sa.sql.visitors.iterate(statement) if isinstance(each, sa.Table))


def _falling_with(metadata: sa.MetaData, name: str) -> frozenset[str]:
    """The table, and those whose rows the database deletes with its rows."""
    found, left = {name}, [name]
    while left:
        parent = left.pop()
        for table in metadata.tables.values():
            falls = any(key.column.table.name == parent and key.ondelete for key in table.foreign_keys)
            if falls and table.name not in found:
                found.add(table.name)
                left.append(table.name)
    return frozenset(found)
