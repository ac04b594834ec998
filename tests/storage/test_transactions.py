"""All or nothing, one writer at a time, readers that see one moment and wait for nobody."""

import asyncio
import dataclasses

import pytest
import sqlalchemy as sa

from steward.domain import clusters, errors, projects
from steward.ports import records
from steward.storage import records as records_
from tests.storage import samples
from tests.storage.conftest import Store


async def names(store: Store) -> set[str]:
    async with store.records.read() as work:
        return {each.account for each in await work.projects.all()}


def project(account: str) -> projects.Project:
    return dataclasses.replace(
        samples.PROJECT, id=projects.ProjectId(samples.fresh()), account=projects.AccountId(account)
    )


def test_an_exception_rolls_everything_back(store: Store) -> None:
    async def fail() -> None:
        async with store.records.begin() as work:
            await work.projects.save(project("a"))
            await work.secrets.put("a", "b", b"c")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.run(fail())
    assert store.run(names(store)) == set()


def test_saving_in_a_reading_transaction_is_a_bug(store: Store) -> None:
    async def save() -> None:
        async with store.records.read() as work:
            await work.projects.save(samples.PROJECT)

    async def take() -> None:
        async with store.records.read() as work:
            await work.allotments.take("a", "b", below=1)

    async def add() -> None:
        async with store.records.read() as work:
            await work.events.add(samples.event("a"))

    async def remove() -> None:
        async with store.records.read() as work:
            await work.progress.remove("a")

    for attempt in (save, take, add, remove):
        with pytest.raises(RuntimeError, match=r"begin\(\)"):
            store.run(attempt())


def test_a_reader_sees_one_moment_and_waits_for_no_writer(store: Store) -> None:
    async def check() -> None:
        async with store.records.begin() as writing:
            await writing.projects.save(project("a"))
            async with store.records.read() as reading:
                assert await reading.projects.all() == []
        async with store.records.read() as reading:
            before = await reading.projects.all()
            async with store.records.begin() as writing:
                await writing.projects.save(project("b"))
            assert await reading.projects.all() == before
        assert await names(store) == {"a", "b"}

    store.run(check())


def test_begin_inside_begin_is_refused_instead_of_waiting_for_itself(store: Store) -> None:
    async def nest() -> None:
        async with store.records.begin(), store.records.begin():
            pass

    with pytest.raises(RuntimeError, match="begin"):
        store.run(nest())
    assert store.run(names(store)) == set()


def test_no_update_is_lost_between_two_replicas(store: Store) -> None:
    """Each adds one to a number that it reads: row that is there, and list that grows."""
    home = samples.cluster(slot=0)
    rounds = 12

    async def increment(replica: records_.SqlRecords) -> None:
        for _ in range(rounds):
            async with replica.begin() as work:
                found = await work.clusters.get(home.id)
                assert found is not None
                present = await work.nodepools.of_cluster(home.id)
                await asyncio.sleep(0)
                await work.clusters.save(dataclasses.replace(found, slot=found.slot + 1))
                await work.nodepools.save(samples.pool(home.id, name=f"p{len(present)}"))

    async def check() -> None:
        async with store.records.begin() as work:
            await work.projects.save(samples.PROJECT)
            await work.clusters.save(home)
        await asyncio.gather(*(increment(each) for each in (store.records, store.records, other, other)))
        async with store.records.read() as work:
            found = await work.clusters.get(home.id)
            pools = await work.nodepools.of_cluster(home.id)
        assert found is not None
        assert found.slot == 4 * rounds
        # A phantom would give two pools the same name.
        assert {each.name for each in pools} == {f"p{number}" for number in range(4 * rounds)}

    other = store.another()
    store.run(check())


def test_numbers_are_given_once_to_many_at_a_time(store: Store) -> None:
    async def take(replica: records_.SqlRecords, owner: str) -> int | None:
        async with replica.begin() as work:
            await asyncio.sleep(0)
            return await work.allotments.take("slots", owner, below=30)

    async def check() -> list[int | None]:
        replicas = (store.records, other)
        return await asyncio.gather(*(take(replicas[number % 2], f"owner{number}") for number in range(40)))

    other = store.another()
    given = store.run(check())
    assert sorted(each for each in given if each is not None) == list(range(30))


def test_one_of_many_gets_a_lease(store: Store) -> None:
    async def acquire(replica: records_.SqlRecords, owner: str) -> int | None:
        async with replica.begin() as work:
            return await work.leases.acquire("a", owner, now=samples.NOW, until=samples.later(9))

    async def check() -> list[int | None]:
        return await asyncio.gather(*(acquire(each, f"o{n}") for n, each in enumerate([store.records, other] * 5)))

    other = store.another()
    assert sum(token is not None for token in store.run(check())) == 1


def test_who_reads_after_an_event_misses_none_before_it(store: Store) -> None:
    """Ids become visible in their order, whoever writes: a reader that follows sees each once."""

    async def write(replica: records_.SqlRecords) -> None:
        for _ in range(15):
            async with replica.begin() as work:
                await work.events.add(samples.event("a"))
                await asyncio.sleep(0)

    async def follow(writers: asyncio.Future[list[None]]) -> list[int]:
        seen: list[int] = []
        while True:
            ended = writers.done()
            async with store.records.read() as work:
                page = await work.events.of_cluster(clusters.ClusterId("a"), after=seen[-1] if seen else 0)
            seen += [each.id for each in page]
            if ended and not page:
                return seen
            await asyncio.sleep(0.001)

    async def check() -> list[int]:
        writers = asyncio.gather(*(write(each) for each in (store.records, other, store.records)))
        seen = await follow(writers)
        await writers
        return seen

    other = store.another()
    seen = store.run(check())
    assert len(seen) == 45
    assert seen == sorted(set(seen))


def test_a_failed_statement_ends_the_transaction_even_where_it_is_caught(store: Store) -> None:
    async def swallow() -> None:
        async with store.records.begin() as work:
            await work.projects.save(project("a"))
            with pytest.raises(sa.exc.IntegrityError):
                await work.clusters.save(samples.cluster(project_id="nobody's"))
            with pytest.raises(errors.Unavailable):
                await work.projects.all()

    with pytest.raises(errors.Unavailable, match="none of it was made"):
        store.run(swallow())
    assert store.run(names(store)) == set()


def test_a_cancelled_writer_changes_nothing_and_blocks_nobody(store: Store) -> None:
    async def hang(began: asyncio.Event) -> None:
        async with store.records.begin() as work:
            await work.projects.save(project("cancelled"))
            began.set()
            await asyncio.sleep(60)

    async def check() -> None:
        began = asyncio.Event()
        writer = asyncio.create_task(hang(began))
        await began.wait()
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
        await save("after")
        # Cancelled at every await on its way in and out: each either happened whole or not at all.
        for steps in range(40):
            task = asyncio.create_task(save(f"step{steps}"))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await save("last")

    async def save(account: str) -> None:
        async with store.records.begin() as work:
            await work.projects.save(project(account))

    store.run(check())
    found = store.run(names(store))
    assert {"after", "last"} <= found
    assert "cancelled" not in found


def test_writers_wait_in_the_order_of_asking(store: Store) -> None:
    order: list[int] = []

    async def write(number: int) -> None:
        async with store.records.begin() as work:
            order.append(number)
            await work.projects.save(project(f"a{number}"))

    async def check() -> None:
        await asyncio.gather(*(write(number) for number in range(20)))

    store.run(check())
    assert order == list(range(20))


def test_many_readers_at_once(store: Store) -> None:
    async def read(inside: list[int], gate: asyncio.Event) -> int:
        async with store.records.read() as work:
            inside.append(1)
            await gate.wait() if len(inside) < 5 else gate.set()
            return len(await work.projects.all())

    async def check() -> None:
        gate = asyncio.Event()
        inside: list[int] = []
        assert sum(await asyncio.gather(*(read(inside, gate) for _ in range(5)))) == 0

    store.run(check())


def test_the_port_is_fulfilled(store: Store) -> None:
    as_port: records.Records = store.records
    assert as_port is store.records
