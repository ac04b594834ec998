"""No secret stands in the database's own files."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from steward.domain import credentials
from tests import postgres
from tests.storage import samples
from tests.storage.conftest import Store

CANARIES = ("canary-secret-9f8e7d", "canary-consumer-1a2b3c", "canary-blob-5d6e7f")


async def fill(store: Store) -> None:
    application = credentials.Application(
        key=credentials.ApplicationKey("visible"), secret=CANARIES[0], name="visible-name", created_at=samples.NOW
    )
    async with store.records.begin() as work:
        await work.credentials.save_application(application)
        await work.credentials.add(samples.credential(consumer_key=CANARIES[1]))
        await work.secrets.put("owner", "ca", CANARIES[2].encode())


def check(contents: list[bytes]) -> None:
    assert any(b"visible-name" in each for each in contents)
    for canary in CANARIES:
        assert not any(canary.encode() in each for each in contents)


def test_not_in_sqlite(open_store: Callable[[str], Store], tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'db' / 'steward.db'}")
    store.run(fill(store))
    check([path.read_bytes() for path in (tmp_path / "db").iterdir()])  # the WAL among them


@pytest.mark.postgres
def test_not_in_postgresql(postgres_server: postgres.Server, open_store: Callable[[str], Store]) -> None:
    store = open_store(postgres_server.make_database())
    store.run(fill(store))
    postgres_server.execute("CHECKPOINT")
    files = (path for path in (postgres_server.folder / "data").rglob("*") if path.is_file())
    check([path.read_bytes() for path in files])


def test_a_sealed_blob_does_not_open_in_another_row(open_store: Callable[[str], Store], tmp_path: Path) -> None:
    """Somebody who can write the database cannot give one cluster's key to another."""
    path = tmp_path / "steward.db"
    store = open_store(f"sqlite:///{path}")
    store.run(fill(store))
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE secrets SET owner = 'another'")

    async def steal() -> None:
        async with store.records.read() as work:
            await work.secrets.get("another", "ca")

    with pytest.raises(ValueError, match="does not open"):
        store.run(steal())
