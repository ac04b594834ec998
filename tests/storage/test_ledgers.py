"""Logs in both databases: appended to, proven, erased from, and honest about what is lost."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from steward.domain import errors, ledgers
from steward.kit import leaves, merkle
from steward.ports import records
from steward.storage import tables
from tests.storage import samples
from tests.storage.conftest import Store

LOG = "project-0"


def draft(number: int, **changes: object) -> ledgers.Draft:
    values: dict[str, object] = {
        "kind": "event",
        "at": samples.NOW,
        "activity": "3.1.3-3",
        "subject": f"cluster:{number}",
        "facts": {"n": number, "text": "grün", "list": [1, None, True]},
        "personal": {"actor": f"person{number}@example.org", "message": "half \ud800 a pair, and ü"},
    }
    return ledgers.Draft(**{**values, **changes})  # type: ignore[arg-type]


async def grown(store: Store, size: int, log: str = LOG) -> None:
    async with store.records.begin() as work:
        for number in range(await work.ledger.size(log), size):
            await work.ledger.append(log, draft(number))


def tree_of(entries: list[ledgers.Entry]) -> merkle.Growing:
    tree = merkle.Growing()
    for each in entries:
        assert merkle.leaf_hash(each.leaf.encode()) == each.hash
        tree.append(each.hash)
    return tree


def run_sql(store: Store, statement: sa.Executable) -> None:
    """Past the repositories, as whoever has the database's file could."""

    async def act() -> None:
        async with store.records._database.writing() as session:
            await session.change(statement)

    store.run(act())


def test_an_empty_log(store: Store) -> None:
    async def check() -> None:
        async with store.records.read() as work:
            assert await work.ledger.size(LOG) == 0
            assert await work.ledger.root(LOG, 0) == merkle.EMPTY_ROOT
            assert await work.ledger.entry(LOG, 0) is None
            assert await work.ledger.entries(LOG) == []
            assert await work.ledger.checkpoint(LOG) is None
            assert await work.ledger.logs() == await work.ledger.grown() == []
            with pytest.raises(ValueError, match="0 entries"):
                await work.ledger.root(LOG, 1)

    store.run(check())


def test_entries_come_back_as_they_were_written_with_every_proof(store: Store) -> None:
    async def check() -> None:
        await grown(store, 21)
        await grown(store, 3, "project-1")
        async with store.records.read() as work:
            entries = list(await work.ledger.entries(LOG))
            assert [each.index for each in entries] == list(range(21))
            assert tree_of(entries).root == await work.ledger.root(LOG, 21)
            for size in range(22):
                root = tree_of(entries[:size]).root
                assert await work.ledger.root(LOG, size) == root
                for index in range(size):
                    proof = await work.ledger.inclusion(LOG, index, size)
                    assert merkle.includes(entries[index].hash, index, size, proof, root)
                between = await work.ledger.consistency(LOG, size, 21)
                assert merkle.consistent(size, 21, between, root, await work.ledger.root(LOG, 21))
            assert (await work.ledger.entry(LOG, 20)) == entries[20]
            assert await work.ledger.entries(LOG, start=5, limit=2) == entries[5:7]
            assert await work.ledger.logs() == [LOG, "project-1"]

    store.run(check())


def test_a_leaf_holds_no_personal_value_and_commits_to_each(store: Store) -> None:
    async def check() -> None:
        await grown(store, 2)
        async with store.records.begin() as work:
            one, other = await work.ledger.entries(LOG)
            assert one.leaf.isascii()
            content = json.loads(one.leaf)
            assert content == {
                "log": LOG,
                "index": 0,
                "at": "2026-11-23T01:02:03.456789+00:00",
                "kind": "event",
                "activity": "3.1.3-3",
                "subject": "cluster:0",
                "facts": {"n": 0, "text": "grün", "list": [1, None, True]},
                "commitments": content["commitments"],
            }
            assert one.disclosed is not None
            assert one.disclosed["actor"][1] == "person0@example.org"
            assert "person0" not in one.leaf
            assert content["commitments"] == leaves.commitments(one.disclosed)
            assert other.disclosed is not None
            # The same message twice cannot be told from two messages.
            assert one.disclosed["message"][1] == other.disclosed["message"][1]
            assert content["commitments"]["message"] != json.loads(other.leaf)["commitments"]["message"]

            root = await work.ledger.root(LOG, 2)
            await work.ledger.erase(LOG, 0)
            erased = await work.ledger.entry(LOG, 0)
            assert erased is not None
            assert (erased.disclosed, erased.leaf, erased.hash) == (None, one.leaf, one.hash)
            assert await work.ledger.entry(LOG, 1) == other
            assert await work.ledger.root(LOG, 2) == root

    store.run(check())


def test_what_is_rolled_back_leaves_no_entry(store: Store) -> None:
    async def fail() -> None:
        async with store.records.begin() as work:
            await work.ledger.append(LOG, draft(7))
            assert await work.ledger.size(LOG) == 8
            raise ZeroDivisionError

    async def check() -> None:
        await grown(store, 7)
        with pytest.raises(ZeroDivisionError):
            await fail()
        async with store.records.read() as work:
            assert await work.ledger.size(LOG) == 7
            assert await work.ledger.entry(LOG, 7) is None
        await grown(store, 9)
        async with store.records.read() as work:
            entries = list(await work.ledger.entries(LOG))
            assert tree_of(entries).root == await work.ledger.root(LOG, 9)

    store.run(check())


def test_writing_in_a_reading_transaction_is_a_bug(store: Store) -> None:
    async def append() -> None:
        async with store.records.read() as work:
            await work.ledger.append(LOG, draft(0))

    with pytest.raises(RuntimeError, match=r"begin\(\)"):
        store.run(append())


def checkpoint(size: int, log: str = LOG) -> ledgers.Checkpoint:
    return ledgers.Checkpoint(
        log=log,
        size=size,
        root=bytes([size]) * 32,
        at=samples.NOW + timedelta(seconds=size),
        note=f"note {size}\n— ü\n",
    )


def test_checkpoints_and_what_has_none(store: Store) -> None:
    async def check() -> None:
        await grown(store, 6)
        await grown(store, 2, "project-1")
        async with store.records.begin() as work:
            assert await work.ledger.grown() == [LOG, "project-1"]
            for size in (2, 6, 4):
                await work.ledger.save_checkpoint(checkpoint(size))
            await work.ledger.save_checkpoint(checkpoint(2, "project-1"))
        async with store.records.read() as work:
            assert await work.ledger.checkpoint(LOG) == checkpoint(6)
            assert await work.ledger.checkpoints(LOG) == [checkpoint(2), checkpoint(4), checkpoint(6)]
            assert await work.ledger.checkpoints(LOG, limit=1) == [checkpoint(6)]
            assert await work.ledger.checkpoints_between(LOG, 2, 4) == [checkpoint(4)]
            assert await work.ledger.checkpoints_between(LOG, 0, 6) == [checkpoint(2), checkpoint(4), checkpoint(6)]
            assert await work.ledger.grown() == []
        await grown(store, 3, "project-1")
        async with store.records.read() as work:
            assert await work.ledger.grown() == ["project-1"]

    store.run(check())


def test_a_log_that_shrank_is_among_those_to_look_at(store: Store) -> None:
    async def sign() -> None:
        await grown(store, 6)
        async with store.records.begin() as work:
            await work.ledger.save_checkpoint(checkpoint(6))

    async def check() -> None:
        async with store.records.read() as work:
            assert await work.ledger.grown() == [LOG]

    store.run(sign())
    run_sql(store, sa.update(tables.ledger_sizes).values(size=4, roots=bytes(32)))
    store.run(check())


def test_a_part_of_the_tree_that_is_lost_is_said_and_never_made_up(store: Store) -> None:
    async def prove() -> None:
        async with store.records.read() as work:
            await work.ledger.inclusion(LOG, 0, 8)

    async def read() -> int:
        async with store.records.read() as work:
            return len(await work.ledger.entries(LOG))

    store.run(grown(store, 8))
    run_sql(store, sa.delete(tables.ledger_hashes).where(tables.ledger_hashes.c.level == 1))
    with pytest.raises(errors.Unavailable, match="entries 2 to 3") as refused:
        store.run(prove())
    assert refused.value.code == "LEDGER_DAMAGED"
    assert store.run(read()) == 8
    run_sql(store, sa.delete(tables.ledger_entries).where(tables.ledger_entries.c.position == 1))
    with pytest.raises(errors.Unavailable, match="entries 1 to 1"):
        store.run(prove())
    assert store.run(read()) == 7


def test_a_log_that_forgot_its_size_takes_nothing_more(store: Store) -> None:
    """An entry that cannot be written down stops the change that it stands for."""

    async def change() -> None:
        async with store.records.begin() as work:
            await work.projects.save(samples.PROJECT)
            await work.ledger.append(LOG, draft(0))

    async def projects() -> int:
        async with store.records.read() as work:
            return len(await work.projects.all())

    store.run(grown(store, 3))
    run_sql(store, sa.delete(tables.ledger_sizes))
    with pytest.raises(errors.Unavailable, match="part of it was lost"):
        store.run(change())
    assert store.run(projects()) == 0


def test_two_replicas_append_to_one_log(store: Store) -> None:
    other = store.another()

    async def through(kept: records.Records, number: int) -> int:
        async with kept.begin() as work:
            return await work.ledger.append(LOG, draft(number))

    async def check() -> None:
        found = [await through(kept, number) for number, kept in enumerate([store.records, other] * 4)]
        assert found == list(range(8))
        async with other.read() as work:
            entries = list(await work.ledger.entries(LOG))
            assert tree_of(entries).root == await work.ledger.root(LOG, 8)

    store.run(check())
