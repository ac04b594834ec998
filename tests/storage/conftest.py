"""Every test that takes `store` or `database_url` runs on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from steward.outside import sealing
from steward.storage import records
from tests import postgres

Result = TypeVar("Result")


class Store:
    """Records with an event loop of their own, for tests that are not coroutines."""

    def __init__(self, url: str, key: Path) -> None:
        self.url = url
        self.key = key
        self._runner = asyncio.Runner()
        self._opened: list[records.SqlRecords] = []
        self.records = self.another()

    def run(self, made: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(made)

    def another(self) -> records.SqlRecords:
        """A second replica on the same database."""
        opened = self.run(records.open(self.url, sealing.FileKeySealing(self.key)))
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        for each in self._opened:
            self.run(each.close())
        self._runner.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'steward.db'}"
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return server.make_database()


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    made = Store(database_url, tmp_path / "seal.key")
    yield made
    made.close()


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """For tests that choose the place of the database themselves."""
    opened: list[Store] = []

    def opening(url: str) -> Store:
        opened.append(Store(url, tmp_path / "seal.key"))
        return opened[-1]

    yield opening
    for each in opened:
        each.close()
