"""What the repositories find, give and forget."""

import dataclasses
from datetime import timedelta

import pytest

from steward.domain import clusters, credentials, projects
from steward.ports import records
from tests.storage import samples
from tests.storage.conftest import Store

HUGE = 10**30


async def furnished(store: Store, *made: clusters.Cluster) -> None:
    async with store.records.begin() as work:
        await work.projects.save(samples.PROJECT)
        for each in made:
            await work.clusters.save(each)


def test_nothing_is_found_in_an_empty_database(store: Store) -> None:
    async def check() -> None:
        async with store.records.read() as work:
            assert await work.projects.get(samples.PROJECT.id) is None
            assert await work.credentials.application("a") is None
            assert await work.credentials.by_consumer_key("a") is None
            assert await work.credentials.get(1) is None
            assert await work.credentials.get(HUGE) is None
            assert await work.progress.get("cluster:a") is None
            assert await work.secrets.get("a", "b") is None
            assert await work.events.of_cluster(clusters.ClusterId("a"), after=HUGE, limit=HUGE) == []
            for everything in (work.projects, work.clusters, work.nodepools, work.nodes):
                assert await everything.all() == []

    store.run(check())


def test_projects_and_clusters_are_listed_by_owner_oldest_first(store: Store) -> None:
    other = dataclasses.replace(samples.PROJECT, id=projects.ProjectId("1" * 32), account=projects.AccountId("other"))
    young, old = samples.cluster(created_at=samples.later(5)), samples.cluster()
    foreign = samples.cluster(project_id=other.id, created_at=samples.later(1))

    async def check() -> None:
        async with store.records.begin() as work:
            await work.projects.save(other)
        await furnished(store, young, old, foreign)
        async with store.records.read() as work:
            assert await work.projects.of_account(samples.PROJECT.account) == [samples.PROJECT]
            assert {each.id for each in await work.projects.all()} == {samples.PROJECT.id, other.id}
            assert await work.clusters.of_project(samples.PROJECT.id) == [old, young]
            assert await work.clusters.all() == [old, foreign, young]

    store.run(check())


def test_nodes_live_and_past(store: Store) -> None:
    home = samples.cluster()
    young = samples.node(home.id, created_at=samples.later(2), number=1)
    old = samples.node(home.id, nodepool_id="other")
    gone = [samples.node(home.id, deleted_at=samples.later(moment)) for moment in (1, 3, 2)]

    async def check() -> None:
        await furnished(store, home)
        async with store.records.begin() as work:
            for each in [young, *gone, old]:
                await work.nodes.save(each)
        async with store.records.read() as work:
            assert await work.nodes.of_cluster(home.id) == [old, young]
            assert await work.nodes.of_pool("pool") == [young]  # type: ignore[arg-type]
            assert await work.nodes.all() == [old, young]
            assert await work.nodes.history(home.id) == [gone[1], gone[2], gone[0]]
            assert await work.nodes.get(gone[0].id) == gone[0]

    store.run(check())


def test_a_pool_is_removed_alone(store: Store) -> None:
    home = samples.cluster()
    first, second = samples.pool(home.id), samples.pool(home.id, created_at=samples.later(1))

    async def check() -> None:
        await furnished(store, home)
        async with store.records.begin() as work:
            await work.nodepools.save(second)
            await work.nodepools.save(first)
            assert await work.nodepools.of_cluster(home.id) == [first, second]
            await work.nodepools.remove(first.id)
        async with store.records.read() as work:
            assert await work.nodepools.all() == [second]

    store.run(check())


def test_removing_a_cluster_forgets_all_of_it_but_its_events(store: Store) -> None:
    gone, stays = samples.cluster(), samples.cluster()

    async def fill(work: records.Work, cluster: clusters.Cluster) -> str:
        node = samples.node(cluster.id)
        await work.nodepools.save(samples.pool(cluster.id))
        await work.nodes.save(node)
        await work.nodes.save(samples.node(cluster.id, deleted_at=samples.NOW))
        await work.events.add(samples.event(cluster.id))
        await work.progress.save(cluster.id, samples.work(f"cluster:{cluster.id}"))
        await work.allotments.take(f"node:{cluster.id}", node.id, below=5)
        await work.secrets.put(cluster.id, "ca", b"key")
        await work.secrets.put(node.id, "kubelet", b"key")
        return node.id

    async def left(work: records.Work, cluster: clusters.Cluster, node_id: str) -> list[object]:
        return [
            await work.clusters.get(cluster.id),
            *await work.nodepools.of_cluster(cluster.id),
            *await work.nodes.of_cluster(cluster.id),
            *await work.nodes.history(cluster.id),
            *await work.progress.of_cluster(cluster.id),
            await work.secrets.get(cluster.id, "ca"),
            await work.secrets.get(node_id, "kubelet"),
        ]

    async def check() -> None:
        await furnished(store, gone, stays)
        async with store.records.begin() as work:
            gone_node, kept_node = await fill(work, gone), await fill(work, stays)
        async with store.records.begin() as work:
            await work.clusters.remove(gone.id)
            # The deletion's own flow reports its end after it; that leaves nothing behind either.
            await work.progress.save(gone.id, samples.work(f"cluster:{gone.id}"))
        async with store.records.begin() as work:
            assert not any(await left(work, gone, gone_node))
            assert all(await left(work, stays, kept_node))
            assert len(await work.events.of_cluster(gone.id)) == 1
            assert await work.allotments.take(f"node:{gone.id}", "another", below=5) == 0
            assert await work.allotments.take(f"node:{stays.id}", "another", below=5) == 1

    store.run(check())


def test_events_are_pruned_by_age(store: Store) -> None:
    async def check() -> None:
        day = timedelta(days=1)
        async with store.records.begin() as work:
            for age in (3, 2, 1):
                await work.events.add(dataclasses.replace(samples.event("one"), at=samples.NOW - age * day))
        async with store.records.begin() as work:
            assert await work.events.prune(samples.NOW - 2 * day) == 1
        async with store.records.read() as work:
            found = await work.events.of_cluster(clusters.ClusterId("one"))
        assert [each.at for each in found] == [samples.NOW - 2 * day, samples.NOW - day]

    store.run(check())


def test_events_rise_and_are_read_in_pages(store: Store) -> None:
    async def check() -> None:
        for number in range(5):
            async with store.records.begin() as work:
                await work.events.add(samples.event("one", message=str(number)))
                await work.events.add(samples.event("other"))
        one = clusters.ClusterId("one")
        async with store.records.read() as work:
            page = await work.events.of_cluster(one, limit=2)
            rest = await work.events.of_cluster(one, after=page[-1].id)
            assert [each.message for each in (*page, *rest)] == ["0", "1", "2", "3", "4"]
            ids = [each.id for each in (*page, *rest)]
            assert ids == sorted(set(ids))
            assert await work.events.of_cluster(one, after=HUGE) == []
            assert len(await work.events.of_cluster(one, after=-HUGE, limit=HUGE)) == 5
            assert await work.events.of_cluster(one, limit=-1) == []
            assert [await work.events.get(each) for each in ids] == [*page, *rest]
            for nobodys in (0, -HUGE, HUGE):
                assert await work.events.get(nobodys) is None

    store.run(check())


def test_credentials_get_rising_ids_and_keep_them(store: Store) -> None:
    async def check() -> None:
        async with store.records.begin() as work:
            first = await work.credentials.add(samples.credential(id=99))
            second = await work.credentials.add(samples.credential(account=None))
            assert first.id < second.id
            changed = dataclasses.replace(second, status=credentials.Status.REFUSED, account=samples.PROJECT.account)
            await work.credentials.save(changed)
        async with store.records.read() as work:
            assert await work.credentials.get(first.id) == first
            assert await work.credentials.by_consumer_key(second.consumer_key) == changed
            assert await work.credentials.of_account(samples.PROJECT.account) == [first, changed]

    store.run(check())


def test_a_credential_that_was_never_added_is_not_saved(store: Store) -> None:
    async def check() -> None:
        async with store.records.begin() as work:
            await work.credentials.save(samples.credential(id=7))

    with pytest.raises(LookupError, match="credential 7"):
        store.run(check())


def test_a_use_is_noted_but_never_an_earlier_one(store: Store) -> None:
    async def check() -> None:
        async with store.records.begin() as work:
            added = await work.credentials.add(samples.credential())
            for seconds in (5, 9, 7):
                await work.credentials.touch(added.id, samples.later(seconds))
        async with store.records.read() as work:
            found = await work.credentials.get(added.id)
        assert found == dataclasses.replace(added, last_use=samples.later(9))

    store.run(check())


def test_progress_is_replaced_and_removed(store: Store) -> None:
    home = samples.cluster()
    first, second = samples.work("cluster:a"), samples.work("cluster:a", flow="Delete the cluster")

    async def check() -> None:
        await furnished(store, home)
        async with store.records.begin() as work:
            await work.progress.save(home.id, first)
            await work.progress.save(home.id, second)
            assert await work.progress.of_cluster(home.id) == [second]
            await work.progress.remove("cluster:a")
            assert await work.progress.of_cluster(home.id) == []

    store.run(check())


def test_allotments_give_the_smallest_free_number(store: Store) -> None:
    async def check() -> None:
        async with store.records.begin() as work:
            taken = [await work.allotments.take("slots", owner, below=3) for owner in "abc"]
            assert taken == [0, 1, 2]
            assert await work.allotments.take("slots", "d", below=3) is None
            assert await work.allotments.take("slots", "b", below=3) == 1
            await work.allotments.give_back("slots", "b")
            assert await work.allotments.take("others", "d", below=3) == 0
            assert await work.allotments.take("slots", "d", below=3) == 1
            await work.allotments.drop_pool("slots")
            assert await work.allotments.take("slots", "z", below=1) == 0
            assert await work.allotments.take("none", "z", below=0) is None

    store.run(check())


def test_secrets_of_an_owner(store: Store) -> None:
    async def check() -> None:
        async with store.records.begin() as work:
            await work.secrets.put("one", "a", b"1")
            await work.secrets.put("one", "a", b"2")
            await work.secrets.put("two", "a", b"3")
            assert await work.secrets.get("one", "a") == b"2"
            await work.secrets.remove_all("one")
            assert await work.secrets.get("one", "a") is None
            assert await work.secrets.get("two", "a") == b"3"

    store.run(check())


def test_leases(store: Store) -> None:
    async def acquire(owner: str, now: float, subject: str = "cluster:a") -> int | None:
        async with store.records.begin() as work:
            moment = samples.later(now)
            return await work.leases.acquire(subject, owner, now=moment, until=samples.later(now + 10))

    async def check() -> None:
        first = await acquire("one", 0)
        assert first is not None
        assert await acquire("two", 5) is None
        async with store.records.begin() as work:
            assert await work.leases.renew_all("one", until=samples.later(20)) == {"cluster:a": first}
            assert await work.leases.renew_all("two", until=samples.later(20)) == {}
        assert await acquire("two", 15) is None
        stolen = await acquire("two", 20)
        assert stolen is not None
        assert stolen > first
        async with store.records.begin() as work:
            assert not await work.leases.holds("cluster:a", first)
            assert await work.leases.renew_all("one", until=samples.later(99)) == {}
            await work.leases.release("cluster:a", first)  # changes nothing: it is not the holder's token
            assert await work.leases.holds("cluster:a", stolen)
            assert not await work.leases.holds("cluster:b", stolen)
            await work.leases.release("cluster:a", stolen)
            assert not await work.leases.holds("cluster:a", stolen)
        again = await acquire("one", 21)
        assert again is not None
        assert again > stolen
        own = await acquire("one", 22)  # its own lease is no obstacle, and its earlier token ends
        assert own is not None
        assert own > again
        assert await acquire("one", 22, "cluster:b") is not None
        async with store.records.begin() as work:
            await work.leases.release_all("one")
        last = await acquire("two", 22)
        assert last is not None
        assert last > own

    store.run(check())
