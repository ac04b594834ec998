"""What was acknowledged survives `kill -9`: of steward at any moment, and of PostgreSQL under it."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from steward.domain import clusters, errors, projects
from steward.outside import sealing
from steward.storage import records
from tests import postgres
from tests.storage import samples
from tests.storage.conftest import Store

KILLS = 6


def killed_while_writing(url: str, key: Path, moment: int) -> list[int]:
    """The numbers that it acknowledged, the last line perhaps cut short."""
    command = [sys.executable, "-m", "tests.storage.writing", url, str(key)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(moment)]
    process.kill()
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    return [int(line) for line in b"".join([*lines, rest]).split(b"\n")[:-1]]


@pytest.mark.campaign
def test_every_acknowledged_change_survives_the_writers_death(database_url: str, tmp_path: Path) -> None:
    key = tmp_path / "seal.key"
    for _ in range(KILLS):
        acknowledged = killed_while_writing(database_url, key, random.randint(1, 40))
        assert acknowledged == list(range(len(acknowledged)))
        asyncio.run(check_last_run(database_url, key, acknowledged))


async def check_last_run(url: str, key: Path, acknowledged: list[int]) -> None:
    opened = await records.open(url, sealing.FileKeySealing(key))
    async with opened.begin() as work:
        found = await work.events.of_cluster(clusters.ClusterId("crash"), limit=10**6)
        last_run = [int(each.message) for each in found][-len(acknowledged) - 1 :]
        # One more than was acknowledged may have been committed; never one less, never half of one.
        begin = len(last_run) - 1 - last_run[::-1].index(0)
        written = last_run[begin:]
        assert written == list(range(len(written)))
        assert len(written) - len(acknowledged) in (0, 1)
        for number in range(len(written) + 1):
            assert (await work.secrets.get("crash", str(number)) is not None) == (number < len(written))
        await work.secrets.remove_all("crash")
    await opened.close()


@pytest.fixture
def mortal_server() -> Iterator[postgres.Server]:
    with postgres.running() as server:
        yield server


async def save(store: Store, account: str) -> None:
    async with store.records.begin() as work:
        await work.projects.save(
            projects.Project(
                id=projects.ProjectId(samples.fresh()),
                account=projects.AccountId(account),
                description="",
                status=projects.Status.OK,
                created_at=samples.NOW,
            )
        )


async def accounts(store: Store) -> set[str]:
    async with store.records.read() as work:
        return {each.account for each in await work.projects.all()}


@pytest.mark.postgres
def test_postgresql_dies_and_comes_back(mortal_server: postgres.Server, tmp_path: Path) -> None:
    store = Store(mortal_server.make_database(), tmp_path / "seal.key")
    store.run(save(store, "acknowledged"))
    mortal_server.kill()
    for attempt in (save(store, "refused"), accounts(store)):
        with pytest.raises(errors.Unavailable, match="provider's turn"):
            store.run(attempt)
    mortal_server.start()
    store.run(save(store, "afterwards"))
    assert store.run(accounts(store)) == {"acknowledged", "afterwards"}
    store.close()


@pytest.mark.postgres
def test_a_connection_lost_at_commit_leaves_the_outcome_unknown(mortal_server: postgres.Server, tmp_path: Path) -> None:
    async def lose() -> None:
        async with store.records.begin() as work:
            await work.events.add(samples.event("a"))
            mortal_server.kill()

    store = Store(mortal_server.make_database(), tmp_path / "seal.key")
    with pytest.raises(errors.Unavailable, match="unknown"):
        store.run(lose())
    mortal_server.start()
    store.run(save(store, "afterwards"))
    store.close()


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    url = f"postgresql://postgres@/x?host={tmp_path}"
    with pytest.raises(errors.Unavailable, match="does not answer"):
        asyncio.run(records.open(url, sealing.FileKeySealing(tmp_path / "seal.key")))


@pytest.mark.postgres
def test_a_read_only_postgresql_goes_on_answering(postgres_server: postgres.Server, tmp_path: Path) -> None:
    url = postgres_server.make_database()
    store = Store(url, tmp_path / "seal.key")
    store.run(save(store, "before"))
    database = url.partition("@/")[2].partition("?")[0]
    postgres_server.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
    replica = store.another()  # the setting holds for new connections

    async def write() -> None:
        async with replica.begin() as work:
            await work.events.add(samples.event("a"))

    async def read() -> int:
        async with replica.read() as work:
            return len(await work.projects.all())

    with pytest.raises(errors.Unavailable, match="cannot be written"):
        store.run(write())
    assert store.run(read()) == 1
    store.close()
