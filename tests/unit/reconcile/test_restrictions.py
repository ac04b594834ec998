"""Restricting an API: busy at once, READY when the kernel has it, mended, and never cutting off steward itself."""

import dataclasses
from collections.abc import Callable

import pytest

from steward.domain import actors, clusters, errors, people
from steward.operations import restrictions
from steward.ports.control_planes import Part
from steward.reconcile.evidence import restrictions as looks
from steward.responsibility.coverage import State
from tests.unit.reconcile import lives
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]
OFFICE, HOME = "192.0.2.0/24", "198.51.100.7"


def sources(site: Site, cluster_id: str) -> list[str] | None:
    place = site.world.look(cluster_id)
    assert place is not None
    return place.sources


async def state(site: Site, cluster_id: str) -> State:
    return (await lives.row(site, cluster_id, looks.ROW)).row.state


def test_it_is_busy_at_once_and_ready_when_the_kernel_has_it(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        await lives.restrict(site, cluster_id, OFFICE, HOME)
        assert await site.word(cluster_id) is clusters.Status.REDEPLOYING
        assert sources(site, cluster_id) is None
        await site.settled(within=5)
        assert sources(site, cluster_id) == [OFFICE, f"{HOME}/32"]
        await lives.restrict(site, cluster_id)
        await site.settled(within=5)
        assert sources(site, cluster_id) is None

    play(story)


def test_it_is_not_ready_before_the_kernel_has_it(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        with site.world.changing(cluster_id) as place:
            place.faults.refuses_restrictions = True
        await lives.restrict(site, cluster_id, OFFICE)
        await site.clock.sleep(30)
        assert await site.word(cluster_id) is clusters.Status.REDEPLOYING
        site.faults.mend(cluster_id)
        await site.settled(within=5)
        assert sources(site, cluster_id) == [OFFICE]

    play(story)


def test_the_last_of_two_wishes_holds(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await lives.restrict(site, cluster_id, OFFICE)
        await lives.restrict(site, cluster_id, HOME)
        assert await site.word(cluster_id) is clusters.Status.REDEPLOYING
        await site.settled()
        assert sources(site, cluster_id) == [f"{HOME}/32"]

    play(story)


@pytest.mark.parametrize("after", [0.0, 0.2, 1.0, 2.0, 4.0])
def test_a_wish_during_another_change_holds_once_that_is_done(play: Play, after: float) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        await site.restart_api(cluster_id)
        await site.clock.sleep(after)
        await lives.restrict(site, cluster_id, OFFICE)

        async def ready() -> bool:
            return await site.word(cluster_id) is clusters.Status.READY

        assert not await ready()
        await site.clock.until(ready, every=0.01)
        assert sources(site, cluster_id) == [OFFICE]  # whoever reads READY may rely on it
        await site.settled()

    play(story)


def test_it_is_brought_back_after_the_loss_of_the_network_and_of_the_host(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        await lives.restrict(site, cluster_id, OFFICE)
        await site.settled()
        site.faults.kill_part(cluster_id, Part.NETWORK)
        await site.settled()
        assert sources(site, cluster_id) == [OFFICE]
        await site.kill()
        site.faults.lose_host()
        await site.begin()
        await site.settled()
        assert sources(site, cluster_id) == [OFFICE]

    play(story)


def test_it_is_proven_by_who_changed_it_by_the_kernel_and_by_a_stranger(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await site.clock.sleep(150)
        assert await state(site, cluster_id) is State.NOT_APPLICABLE
        await lives.restrict(site, cluster_id, OFFICE)
        await site.clock.sleep(150)
        place = site.world.look(cluster_id)
        assert place is not None
        assert place.refused > 0, "nobody knocked"
        assert await state(site, cluster_id) is State.PROVEN
        provider = await lives.person(site, "oscar@example.net", people.Role.OPERATOR)
        for actor in (provider, actors.OPERATOR):
            with pytest.raises(errors.Forbidden):
                await lives.restrict(site, cluster_id, HOME, actor=actor)
        await site.clock.sleep(150)
        assert await state(site, cluster_id) is State.PROVEN, "an attempt that was refused changes nothing"

    play(story)


def test_it_is_stale_once_nobody_looks(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await lives.restrict(site, cluster_id, OFFICE)
        await site.clock.sleep(150)
        await site.steward.kill()
        await site.clock.sleep(2 * 3600)
        assert await state(site, cluster_id) is State.STALE

    play(story)


def test_a_list_that_nobody_asked_for_is_a_breach(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await lives.restrict(site, cluster_id, OFFICE)
        await site.settled()
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        async with site.records.begin() as work:
            await work.clusters.save(dataclasses.replace(cluster, restrictions=(HOME,)))
        await site.clock.sleep(200)
        assert await state(site, cluster_id) is State.BREACHED

    play(story)


def test_a_kernel_that_lets_in_others_is_a_breach_once_the_time_is_over(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        with site.world.changing(cluster_id) as place:
            place.faults.refuses_restrictions = True
        await lives.restrict(site, cluster_id, OFFICE)
        await site.clock.sleep(100)
        assert await state(site, cluster_id) is State.UNKNOWN
        await site.clock.sleep(looks.PROMISED.total_seconds())
        assert await state(site, cluster_id) is State.BREACHED

    play(story)


def test_a_look_that_finds_the_kernel_otherwise_has_it_mended_at_once(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await lives.restrict(site, cluster_id, OFFICE)
        await site.settled()
        await site.kill()
        await site.begin(audit_interval=24 * 3600.0)
        await site.clock.sleep(10)  # in which it was looked at for having been taken up
        with site.world.changing(cluster_id) as place:
            place.sources = None
        await site.clock.sleep(looks.EVERY + 5)
        assert sources(site, cluster_id) == [OFFICE]

    play(story)


def test_every_change_is_written_down_with_the_whole_list(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(0)
        await lives.restrict(site, cluster_id, OFFICE, HOME)
        async with site.records.read() as work:
            found = await work.events.of_cluster(clusters.ClusterId(cluster_id), limit=1000)
        (event,) = [each for each in found if each.type == restrictions.CHANGED]
        assert (event.activity, event.facts["restrictions"]) == (looks.ROW, f"{OFFICE},{HOME}")
        await site.settled()

    play(story)
