"""The migrated schema is the one that the code queries, and only a schema that it knows is touched."""

import asyncio
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import autogenerate, script
from alembic.runtime import migration
from sqlalchemy.ext.asyncio import create_async_engine

from steward.domain import errors
from steward.outside import sealing
from steward.storage import migrations, records, sqlite, tables
from tests.storage.conftest import Store


async def asked(url: str, question: str) -> list[tuple[object, ...]]:
    """Past the code under test."""
    driver = url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
    engine = create_async_engine(driver)
    async with engine.begin() as connection:
        found = await connection.execute(sa.text(question))
        rows = [tuple(row) for row in found] if found.returns_rows else []
    await engine.dispose()
    return rows


def differences(connection: sa.Connection) -> list[object]:
    context = migration.MigrationContext.configure(connection, opts={"compare_type": True})
    return list(autogenerate.compare_metadata(context, tables.metadata))


def test_tables_and_migrations_agree(store: Store) -> None:
    async def compared() -> list[object]:
        driver = store.url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
        engine = create_async_engine(driver)
        async with engine.connect() as connection:
            found = await connection.run_sync(differences)
        await engine.dispose()
        return found

    assert store.run(compared()) == []


def test_constraints_and_counters_agree(tmp_path: Path) -> None:
    """What autogeneration does not compare: names of constraints, AUTOINCREMENT, cascades."""
    made, migrated = (sa.create_engine(f"sqlite:///{tmp_path / name}") for name in ("made.db", "migrated.db"))
    tables.metadata.create_all(made)
    with migrated.begin() as connection:
        migrations.bring_up_to_date(connection)
    question = sa.text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND sql IS NOT NULL")
    found = []
    for engine in (made, migrated):
        with engine.connect() as connection:
            # Constraints may stand in another order.
            found.append({row.name: sorted(row.sql.replace(",", " ").split()) for row in connection.execute(question)})
        engine.dispose()
    assert found[0] == found[1]


def test_the_list_of_revisions_is_the_folder() -> None:
    folder = script.ScriptDirectory(str(migrations.FOLDER))
    assert tuple(reversed([each.revision for each in folder.walk_revisions()])) == migrations.REVISIONS


def test_opening_again_changes_nothing(store: Store) -> None:
    store.another()
    assert store.run(asked(store.url, "SELECT version_num FROM alembic_version")) == [(migrations.REVISIONS[-1],)]


def test_replicas_that_start_at_once_migrate_once(database_url: str, tmp_path: Path) -> None:
    async def start() -> None:
        seal = sealing.FileKeySealing(tmp_path / "seal.key")
        opened = await asyncio.gather(*(records.open(database_url, seal) for _ in range(4)))
        await asyncio.gather(*(each.close() for each in opened))
        assert await asked(database_url, "SELECT count(*) FROM alembic_version") == [(1,)]

    asyncio.run(start())


def test_a_database_of_a_newer_steward_is_refused(database_url: str, tmp_path: Path) -> None:
    async def start() -> None:
        seal = sealing.FileKeySealing(tmp_path / "seal.key")
        await (await records.open(database_url, seal)).close()
        await asked(database_url, "UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(errors.Unavailable, match="newer steward") as refused:
            await records.open(database_url, seal)
        assert refused.value.whose_turn == errors.PROVIDER
        assert await asked(database_url, "SELECT version_num FROM alembic_version") == [("9999",)]

    asyncio.run(start())


def test_a_migration_that_fails_half_way_leaves_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(connection: sa.Connection) -> None:
        original(connection)
        connection.execute(sa.text("SELECT * FROM no_such_table"))

    async def start() -> None:
        seal = sealing.FileKeySealing(tmp_path / "seal.key")
        with monkeypatch.context() as patched:
            patched.setattr(migrations, "bring_up_to_date", half)
            with pytest.raises(sa.exc.DBAPIError):
                await records.open(database_url, seal)
        await (await records.open(database_url, seal)).close()

    original = migrations.bring_up_to_date
    asyncio.run(start())


def test_sqlite_keeps_what_durability_rests_on(tmp_path: Path) -> None:
    async def look() -> None:
        database = await sqlite.open(sa.make_url(f"sqlite:///{path}"))
        for opened, changeable in ((database.writing(), 0), (database.reading(), 1)):
            async with opened as session:
                for pragma, wanted in (
                    ("journal_mode", "wal"),
                    ("synchronous", 2),
                    ("foreign_keys", 1),
                    ("busy_timeout", 5000),
                    ("query_only", changeable),
                ):
                    row = await session.first(sa.text(f"PRAGMA {pragma}"))
                    assert row is not None
                    assert row[0] == wanted
        await database.close()

    path = tmp_path / "new" / "steward.db"
    asyncio.run(look())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://root:hunter2@localhost/x",
        "postgresql+psycopg://u:hunter2@h/d",
        "//",
    ],
)
def test_a_url_that_is_not_ours_is_refused_without_repeating_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(errors.Unavailable) as refused:
        asyncio.run(records.open(url, sealing.FileKeySealing(tmp_path / "seal.key")))
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(errors.Unavailable, match="damaged"):
        asyncio.run(records.open(f"sqlite:///{path}", sealing.FileKeySealing(tmp_path / "seal.key")))
    assert path.read_bytes() == b"not a database at all, " * 100


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.Unavailable, match="provider's turn"):
        asyncio.run(records.open(f"sqlite:///{tmp_path / 'file' / 'x.db'}", sealing.FileKeySealing(tmp_path / "k")))
