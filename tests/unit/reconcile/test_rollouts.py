"""Nodes that are made anew one after the other: who is next, what the others go on doing, what may come between."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from steward.domain import clusters, conditions, nodepools, nodes, rollouts
from steward.operations import orders
from tests.storage import samples
from tests.unit.reconcile import reapers
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]
Reason = conditions.Reason


async def order(site: Site, cluster_id: str) -> None:
    """What an operation writes that has every node made anew."""
    async with site.records.begin() as work:
        cluster = await work.clusters.get(clusters.ClusterId(cluster_id))
        assert cluster is not None
        asked = conditions.Condition(
            kind=conditions.Kind.PROGRESSING, holds=True, reason=Reason.REDEPLOYING, since=site.clock.now()
        )
        await work.clusters.save(
            replace(
                cluster,
                node_generation=cluster.node_generation + 1,
                conditions=conditions.merge(cluster.conditions, asked),
            )
        )
        for pool in await work.nodepools.of_cluster(cluster.id):
            await work.nodepools.save(replace(pool, conditions=conditions.merge(pool.conditions, asked)))
    site.steward.wake(f"cluster:{cluster_id}")


def generations(site: Site, cluster_id: str) -> list[int]:
    return sorted(each.generation for each in site.world.places[cluster_id].boxes.values() if each.running)


def test_nodes_are_made_anew_one_after_the_other(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2, 1)
        before = {each.id for each in await site.nodes(cluster_id)}
        await order(site, cluster_id)
        assert await site.word(cluster_id) is clusters.Status.REDEPLOYING
        at_once, words = set[int](), set[nodes.Status]()
        while await site.differences():
            members = await site.nodes(cluster_id)
            at_once.add(sum(1 for each in members if conditions.asked_for(each.conditions)))
            words.update(nodes.status(each) for each in members)
            pools = {nodepools.status(each) for each in await site.pools(cluster_id)}
            assert await site.word(cluster_id) is clusters.Status.REDEPLOYING or not await site.differences()
            assert pools <= {nodepools.Status.REDEPLOYING, nodepools.Status.READY}
            await site.clock.sleep(0.2)
        assert at_once == {0, 1}
        assert words == {nodes.Status.READY, nodes.Status.REDEPLOYING}
        assert generations(site, cluster_id) == [1, 1, 1]
        assert {each.id for each in await site.nodes(cluster_id)} == before
        happened = await site.events(cluster_id)
        assert happened.count("node:renewal-began") == 3
        assert happened.count("cluster:changed") == 1
        assert "cluster:not-ready" not in happened

    play(story)


def test_a_pod_that_may_not_leave_holds_the_rollout_for_ten_minutes(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        first = (await site.nodes(cluster_id))[0]
        site.faults.run_pod(cluster_id, first.name, "default/stubborn", held_by="one-at-least")
        await order(site, cluster_id)
        await site.clock.sleep(500)
        assert generations(site, cluster_id) == [0, 0]
        await site.clock.sleep(120)
        await site.settled()

    play(story)


def test_the_only_node_does_not_wait_for_its_pods(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        (only,) = await site.nodes(cluster_id)
        site.faults.run_pod(cluster_id, only.name, "default/stubborn", held_by="one-at-least")
        await order(site, cluster_id)
        await site.settled(within=60)

    play(story)


def test_resizing_and_deleting_go_on_beside_it(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(3)
        pool = (await site.pools(cluster_id))[0]
        await order(site, cluster_id)
        await site.clock.sleep(1)
        await site.resize(cluster_id, pool.id, 5)
        await site.clock.sleep(2)
        await site.delete_node(cluster_id, (await site.nodes(cluster_id))[0].id)
        await site.resize(cluster_id, pool.id, 2)
        await site.settled()
        assert generations(site, cluster_id) == [1, 1]

    play(story)


def test_a_broken_node_is_mended_by_it(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        _, second = await site.nodes(cluster_id)
        site.faults.refuse(cluster_id, second.id, "its disk is full")
        site.faults.kill_machine(cluster_id, second.id)
        await site.clock.sleep(60)
        await order(site, cluster_id)
        await site.clock.sleep(5)
        assert generations(site, cluster_id) == [0]
        site.faults.accept(cluster_id, second.id)
        await site.settled()

    play(story)


def test_the_customers_own_cordon_stays(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        first, second = await site.nodes(cluster_id)
        with site.world.changing(cluster_id) as place:
            assert place.data is not None
            place.data.nodes[first.name].unschedulable = True
        await order(site, cluster_id)
        await site.clock.sleep(60)
        data = site.world.places[cluster_id].data
        assert data is not None
        assert [data.nodes[each.name].unschedulable for each in (first, second)] == [True, False]

    play(story)


def test_a_template_that_forbids_pods_reaches_nodes_that_stand(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        pool = (await site.pools(cluster_id))[0]
        data = site.world.places[cluster_id].data
        assert data is not None
        for wanted in (True, False):
            template = nodepools.Template(unschedulable=wanted)
            await site.change(cluster_id, pool.id, orders.PoolChange(template=template))
            await site.clock.sleep(5)
            assert {each.unschedulable for each in data.nodes.values()} == {wanted}

    play(story)


@pytest.mark.parametrize("seed", range(5))
def test_killed_anywhere_it_comes_to_its_end(play: Play, seed: int) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        async with reapers.AtRandom(site, seed, most=20, chance=0.05).at_work():
            await order(site, cluster_id)
            await site.settled()
        assert generations(site, cluster_id) == [1, 1]
        assert site.kills >= 5

    play(story)


def test_whose_turn_it_is() -> None:
    cluster = samples.cluster(node_generation=1, installed_version=samples.VERSION)
    ready = (conditions.Condition(kind=conditions.Kind.READY, holds=True, reason=Reason.AS_WANTED, since=samples.NOW),)

    def node(**changes: object) -> nodes.Node:
        standing = {"deployed_at": samples.NOW, "installed_version": samples.VERSION, "conditions": ready}
        return samples.node(cluster.id, **{**standing, **changes})

    done, first, second = node(generation=1), node(), node()
    broken = node(conditions=())
    assert rollouts.standing(cluster, [done, first, second]).turn == first
    assert rollouts.standing(cluster, [done, first, broken]).turn == broken
    unready = node(generation=1, conditions=())
    found = rollouts.standing(cluster, [unready, first])
    assert (found.turn, found.waits_for) == (None, unready)
    new = node(generation=1, conditions=(), deployed_at=None, installed_version=None)
    assert rollouts.standing(cluster, [new, first]).turn == first
    leaving = node(delete_asked_at=samples.NOW)
    found = rollouts.standing(cluster, [leaving, done])
    assert (found.turn, found.done, found.of) == (None, 1, 1)
