"""What was read is known, and so is whether it was written to since."""

import dataclasses

from steward.domain import clusters, nodepools
from tests.storage import samples
from tests.storage.conftest import Store


async def standing(store: Store) -> tuple[clusters.Cluster, nodepools.NodePool]:
    cluster = samples.cluster()
    pool = samples.pool(cluster.id)
    async with store.records.begin() as work:
        await work.projects.save(samples.PROJECT)
        await work.clusters.save(cluster)
        await work.nodepools.save(pool)
    return cluster, pool


def test_a_write_to_what_was_read_is_seen_and_another_is_not(store: Store) -> None:
    async def story() -> None:
        cluster, pool = await standing(store)
        with store.records.following() as reads:
            async with store.records.read() as work:
                await work.clusters.get(cluster.id)
        if store.url.startswith("postgresql"):
            assert reads.seen is None
            assert not store.records.unchanged({})
            return
        assert reads.seen is not None
        assert set(reads.seen) == {"clusters"}
        async with store.records.begin() as work:
            await work.nodepools.save(dataclasses.replace(pool, desired=7))
        assert store.records.unchanged(reads.seen)
        async with store.records.begin() as work:
            await work.clusters.save(dataclasses.replace(cluster, name="another"))
        assert not store.records.unchanged(reads.seen)

    store.run(story())


def test_rows_that_fall_with_others_are_written_to(store: Store) -> None:
    async def story() -> None:
        cluster, pool = await standing(store)
        with store.records.following() as reads:
            async with store.records.read() as work:
                await work.nodepools.get(pool.id)
        async with store.records.begin() as work:
            await work.clusters.remove(cluster.id)
        assert reads.seen is None or not store.records.unchanged(reads.seen)

    store.run(story())


def test_what_is_rolled_back_is_no_write_and_what_is_not_read_is_not_followed(store: Store) -> None:
    async def story() -> None:
        cluster, _ = await standing(store)
        async with store.records.read() as work:
            await work.projects.all()
        with store.records.following() as reads:
            async with store.records.read() as work:
                await work.clusters.all()
        try:
            async with store.records.begin() as work:
                await work.clusters.save(dataclasses.replace(cluster, name="another"))
                raise KeyError
        except KeyError:
            pass
        assert reads.seen is None or (set(reads.seen) == {"clusters"} and store.records.unchanged(reads.seen))

    store.run(story())
