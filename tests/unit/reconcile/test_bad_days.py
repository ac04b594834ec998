"""Parts, machines, data and whole hosts that fail: what steward does about it, and what customers are told."""

from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest

from steward.domain import clusters, conditions, errors, versions
from steward.ports.control_planes import Part
from steward.reconcile import nodes as nodes_
from tests.unit.reconcile import stewards
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]
PROCESSES = [Part.ETCD, Part.API_SERVER, Part.CONTROLLER_MANAGER, Part.SCHEDULER]


@pytest.mark.parametrize("part", PROCESSES)
def test_a_part_that_dies_comes_back_and_is_written_down(play: Play, part: Part) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        site.faults.kill_part(cluster_id, part)
        await site.settled()
        await site.clock.sleep(60)
        await site.settled()
        assert (await site.events(cluster_id)).count("component:ended") == 1

    play(story)


@pytest.mark.parametrize("part", [*PROCESSES, Part.NETWORK])
@pytest.mark.parametrize("after", [0.1, 0.7, 3.7, 5.0])
def test_a_part_that_dies_while_the_cluster_is_installed(play: Play, part: Part, after: float) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(1)
        await site.clock.sleep(after)
        site.faults.kill_part(cluster_id, part)
        await site.settled()

    play(story)


def test_a_service_starts_on_a_disk_that_takes_no_writes(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(site: Site) -> None:
        await site.standing(1)
        await site.kill()
        begin = stewards.GatedRecords.begin

        def refuse(self: stewards.GatedRecords) -> NoReturn:
            raise errors.Unavailable("the disk is full")

        monkeypatch.setattr(stewards.GatedRecords, "begin", refuse)
        await site.begin()
        await site.clock.sleep(5)
        monkeypatch.setattr(stewards.GatedRecords, "begin", begin)
        await site.settled()

    play(story)


def test_nobody_may_enter_before_the_data_is_marked_as_served(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(1)

        async def opened() -> bool:
            found = await site.cluster(cluster_id)
            assert found is not None
            return found.installed_version is not None

        await site.clock.until(opened, within=60, every=0.01)
        place = site.world.look(clusters.ClusterId(cluster_id))
        assert place is not None
        assert place.served
        await site.settled()

    play(story)


def test_a_network_that_is_gone_is_made_again(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        site.faults.kill_part(cluster_id, Part.NETWORK)
        await site.settled(within=120)

    play(story)


def test_a_machine_that_dies_comes_back(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        before = [each.id for each in await site.nodes(cluster_id)]
        site.faults.kill_machine(cluster_id, before[0])
        await site.settled()
        assert [each.id for each in await site.nodes(cluster_id)] == before

    play(story)


def test_a_machine_that_stays_away_is_seen_and_mended(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        node = (await site.nodes(cluster_id))[0]
        site.faults.refuse(cluster_id, node.id, "no space left on device")
        site.faults.kill_machine(cluster_id, node.id)

        async def told() -> bool:
            found = next(each for each in await site.nodes(cluster_id) if each.id == node.id)
            pool = (await site.pools(cluster_id))[0]
            ready = conditions.find(found.conditions, conditions.Kind.READY)
            assert ready is not None
            said = not ready.holds and "no space left on device" in ready.message
            return said and not conditions.holds(pool.conditions, conditions.Kind.READY)

        await site.clock.until(told, within=60, what="node and pool being not ready, with the reason")
        site.faults.mend(cluster_id)
        await site.settled()

    play(story)


def test_an_api_that_does_not_answer_is_told_and_heals(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        site.faults.mute(cluster_id)

        async def told() -> bool:
            return await site.word(cluster_id) is clusters.Status.REDEPLOYING

        await site.clock.until(told, within=90, what="the cluster being restored")
        await site.clock.sleep(20)
        assert await site.word(cluster_id) is clusters.Status.REDEPLOYING
        site.faults.mend(cluster_id)
        await site.settled(within=60)
        assert "cluster:restored" in await site.events(cluster_id)

    play(story)


def test_the_loss_of_the_host_is_survived(play: Play) -> None:
    async def story(site: Site) -> None:
        kept = [await site.standing(2), await site.standing(1)]
        before = {each.id for each in (await site.stored()).nodes}
        await site.kill()
        site.faults.lose_host()
        await site.begin()
        await site.settled(within=60)
        assert {each.id for each in (await site.stored()).nodes} == before
        assert {each.id for each in (await site.stored()).clusters} == set(kept)

    play(story)


@pytest.mark.parametrize("after", [0.02, 0.3, 0.6, 2.0, 3.4, 3.6])
def test_a_half_born_etcd_is_made_anew(play: Play, after: float) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(1)
        await site.clock.sleep(after)
        await site.kill()
        site.faults.lose_host()
        await site.begin()
        await site.settled(within=120)
        assert (await site.events(cluster_id)).count("cluster:installed") == 1

    play(story)


def test_data_that_served_and_is_gone_is_never_made_anew(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        site.faults.lose_data(cluster_id)
        await site.clock.sleep(60)
        place = site.world.look(cluster_id)
        assert place is not None
        assert place.data is None
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        assert clusters.status(cluster) is not clusters.Status.READY
        said = " ".join(each.message for each in cluster.conditions)
        assert "restore" in said
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        await site.settled()

    play(story)


def test_a_pod_that_is_held_back_holds_its_node_so_long_and_no_longer(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nodes_.DRAIN_AT_MOST.total_seconds() == 600
    monkeypatch.setattr(nodes_, "DRAIN_AT_MOST", timedelta(seconds=40))

    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        victim, other = await site.nodes(cluster_id)
        site.faults.run_pod(cluster_id, victim.name, "default/precious", held_by="default/budget")
        await site.delete_node(cluster_id, victim.id)
        await site.clock.sleep(35)
        assert victim.id in {each.id for each in await site.nodes(cluster_id)}
        await site.settled(within=15)
        assert [each.id for each in await site.nodes(cluster_id)] == [other.id]

    play(story)


def test_a_pod_that_may_go_lets_its_node_go(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(2)
        victim, _ = await site.nodes(cluster_id)
        site.faults.run_pod(cluster_id, victim.name, "default/precious", held_by="default/budget")
        await site.delete_node(cluster_id, victim.id)
        await site.clock.sleep(20)
        site.faults.release_pods(cluster_id)
        await site.settled(within=10)

    play(story)


def test_a_part_that_cannot_start_says_why(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.order(1)
        site.world.make(cluster_id, 0)
        site.faults.refuse(cluster_id, Part.SCHEDULER, "permission denied")

        async def told() -> bool:
            cluster = await site.cluster(cluster_id)
            return cluster is not None and any("permission denied" in each.message for each in cluster.conditions)

        await site.clock.until(told, within=60, what="the reason")
        assert await site.word(cluster_id) is clusters.Status.INSTALLING
        site.faults.mend(cluster_id)
        await site.settled()

    play(story)


def test_a_version_that_is_not_to_be_had_blocks_with_the_reason(play: Play) -> None:
    async def story(site: Site) -> None:
        site.faults.withhold(versions.Version(1, 37, 2), "the mirror has no such file")
        cluster_id = await site.order(1)

        async def told() -> bool:
            return await site.word(cluster_id) is clusters.Status.ERROR

        await site.clock.until(told, within=60, what="the cluster being blocked")
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        blocked = conditions.find(cluster.conditions, conditions.Kind.BLOCKED)
        assert blocked is not None
        assert "the mirror has no such file" in blocked.message
        assert blocked.whose_turn == errors.PROVIDER
        site.world.missing.clear()
        await site.settled()

    play(story)


def test_a_full_host_refuses_an_order_and_makes_nothing(play: Play) -> None:
    async def story(site: Site) -> None:
        site.faults.fill()
        with pytest.raises(errors.Unavailable, match="no room"):
            await site.order(1)
        await site.settled()
        assert not (await site.stored()).clusters

    play(story)
