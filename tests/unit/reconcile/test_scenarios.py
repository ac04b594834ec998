"""From an order to its end, on days without failures: what a customer sees, and what is left."""

from collections.abc import Callable

import pytest

from steward.domain import clusters, nodepools, nodes
from steward.operations import orders
from tests.unit.reconcile import sites, stewards
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]


def test_an_order_becomes_ready(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(2, 1)
        assert await site.word(cluster_id) is clusters.Status.INSTALLING
        began = site.clock.now()
        await site.settled()
        assert (site.clock.now() - began).total_seconds() < 15  # 5.5 s of control plane, 1.5 s of nodes, and waits
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        assert cluster.installed_version == cluster.version
        assert {nodes.status(each) for each in await site.nodes(cluster_id)} == {nodes.Status.READY}
        happened = await site.events(cluster_id)
        assert happened[:3] == ["cluster:ordered", "nodepool:ordered", "nodepool:ordered"]
        assert happened.count("cluster:installed") == 1
        assert happened.count("node:ready") == 3
        assert happened.count("nodepool:ready") == 2

    play(story)


def test_a_pool_of_none_is_ready(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.standing(0)
        assert not (await site.stored()).nodes

    play(story)


def test_after_a_delete_nothing_is_left(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2, 1)
        await site.delete(cluster_id)
        assert await site.word(cluster_id) is clusters.Status.DELETING
        await site.until_deleted(cluster_id)
        await site.settled()
        assert site.world.places == {}
        assert (await site.events(cluster_id))[-1] == "cluster:deleted"

    play(story)


@pytest.mark.parametrize("after", [0.0, 0.05, 0.6, 2.0, 4.0, 5.2, 6.0, 6.8, 7.5])
def test_deleting_while_creating(play: Play, after: float) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(2)
        await site.clock.sleep(after)
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        await site.settled()
        assert site.world.places == {}

    play(story)


@pytest.mark.parametrize("sizes", [(3, 1), (1, 4), (0, 3), (5, 0, 2), (1, 2, 3, 4)])
def test_resizing_while_resizing(play: Play, sizes: tuple[int, ...]) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        pool = (await site.pools(cluster_id))[0]
        for size in sizes:
            await site.resize(cluster_id, pool.id, size)
            await site.clock.sleep(0.7)
        await site.settled()
        assert len(await site.nodes(cluster_id)) == sizes[-1]

    play(story)


def test_the_nodes_named_by_the_customer_go_first(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(3)
        pool = (await site.pools(cluster_id))[0]
        first, *others = await site.nodes(cluster_id)
        await site.change(cluster_id, pool.id, orders.PoolChange(desired=2, remove_first=[first.id]))
        await site.settled()
        assert {each.id for each in await site.nodes(cluster_id)} == {each.id for each in others}

    play(story)


def test_a_deleted_node_is_not_replaced(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(3)
        gone, *others = await site.nodes(cluster_id)
        await site.delete_node(cluster_id, gone.id)
        await site.settled()
        assert {each.id for each in await site.nodes(cluster_id)} == {each.id for each in others}
        assert (await site.pools(cluster_id))[0].desired == 2

    play(story)


def test_a_pool_comes_and_goes(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        pool_id = await site.order_pool(cluster_id, "another", 2)
        await site.settled()
        assert len(await site.nodes(cluster_id)) == 3
        await site.delete_pool(cluster_id, pool_id)
        await site.settled()
        assert [each.id for each in await site.pools(cluster_id)] != [pool_id]
        assert len(await site.nodes(cluster_id)) == 1

    play(story)


def test_a_template_reaches_the_nodes_that_stand_and_those_to_come(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        pool = (await site.pools(cluster_id))[0]
        template = nodepools.Template(
            labels={"team": "blue"}, taints=(nodepools.Taint(key="a", value="b", effect="NoSchedule"),)
        )
        await site.change(cluster_id, pool.id, orders.PoolChange(template=template))
        await site.settled()
        await site.resize(cluster_id, pool.id, 2)
        await site.settled()
        data = site.world.places[cluster_id].data
        assert data is not None
        for node in data.nodes.values():
            assert node.labels["team"] == "blue"
            assert node.taints == [("a", "b", "NoSchedule")]

    play(story)


def test_a_slow_cluster_becomes_ready_all_the_same(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(1)
        site.world.make(cluster_id, 0)
        site.faults.slow(cluster_id, 5)
        await site.settled()

    play(story)


def test_an_orderly_end_lets_a_successor_begin_at_once(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.order(1)
        await site.clock.sleep(2)
        await site.steward.stop()
        await site.begin(owner="another host")
        await site.settled(within=30)

    play(story)


def test_the_work_of_a_dead_host_is_taken_over_when_its_leases_end(play: Play) -> None:
    async def story(site: Site) -> None:
        await site.order(1)
        await site.clock.sleep(2)
        await site.restart(owner="another host")
        await site.clock.sleep(20)
        assert await site.differences(), "the dead host's leases were not kept"
        await site.settled(within=180)

    play(story)


def test_two_stewards_at_once_do_everything_once(play: Play) -> None:
    async def story(site: Site) -> None:
        second = stewards.Steward(site.world, site.records, owner="another host")
        await second.start()
        cluster_id = await site.order(2)
        second.wake(f"cluster:{cluster_id}")
        await site.settled()
        happened = await site.events(cluster_id)
        assert happened.count("cluster:installed") == 1
        assert happened.count("node:ready") == 2
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        await site.settled(within=sites.LONG_ENOUGH)
        await second.stop()

    play(story)


def test_ten_orders_at_once(play: Play) -> None:
    async def story(site: Site) -> None:
        kept = [await site.order(2) for _ in range(10)]
        await site.settled(within=120)
        assert len({each.slot for each in (await site.stored()).clusters}) == len(kept)

    play(story)
