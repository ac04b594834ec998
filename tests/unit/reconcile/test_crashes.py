"""`kill -9` at every step, and anywhere between: the successor brings everything to its right end."""

from collections.abc import Callable

import pytest

from tests.unit.reconcile import reapers
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]


async def life(site: Site, reaper: reapers.Reaper) -> None:
    """Everything that happens to a cluster, with every flow there is; after each phase all is as it should be."""
    async with reaper.at_work():
        reaper.phase = "create"
        cluster_id = await site.order(2, version="1.36")
        await site.settled()
        pool = (await site.pools(cluster_id))[0]
        reaper.phase = "grow"
        await site.resize(cluster_id, pool.id, 3)
        await site.settled()
        reaper.phase = "delete a node"
        await site.delete_node(cluster_id, (await site.nodes(cluster_id))[0].id)
        await site.settled()
        reaper.phase = "customize"
        await site.customize(cluster_id, off=["AlwaysPullImages"])
        await site.settled()
        reaper.phase = "log in"
        await site.log_in_by(cluster_id, "https://id.example.org")
        await site.settled()
        reaper.phase = "restart at once"
        await site.restart_api(cluster_id, force=True)
        await site.settled()
        reaper.phase = "lose the host"
        site.steward.life.end()
        site.faults.lose_host()
        await site.settled()
        for phase, change in (
            ("update", site.update(cluster_id, "NEXT_MINOR")),
            ("new keys", site.reset_kubeconfig(cluster_id)),
            ("reset", site.reset(cluster_id, workers="reinstall")),
        ):
            reaper.phase = phase
            await change
            await site.settled()
        reaper.phase = "shrink"
        await site.resize(cluster_id, pool.id, 1)
        await site.settled()
        reaper.phase = "delete a pool"
        await site.delete_pool(cluster_id, await site.order_pool(cluster_id, "another", 1))
        await site.settled()
        reaper.phase = "delete"
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
    await site.settled()
    assert site.world.places == {}


@pytest.mark.parametrize("each_phase", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_killed_before_and_after_every_step(play: Play, each_phase: bool) -> None:
    known: set[reapers.Point] = set()

    async def spared(site: Site) -> None:
        reaper = reapers.AtSteps(site, spare=True, each_phase=each_phase)
        await life(site, reaper)
        known.update(reaper.seen)

    async def story(site: Site) -> None:
        reaper = reapers.AtSteps(site, each_phase=each_phase)
        await life(site, reaper)
        missed = known - reaper.seen
        assert not missed, f"nobody died at {sorted(missed)}"
        assert site.kills > len(known)  # once at every point, and once with the host

    play(spared)
    assert len(known) >= 40
    play(story)


def test_killed_anywhere(play: Play) -> None:
    async def story(site: Site) -> None:
        await life(site, reapers.AtRandom(site, 0, most=20, chance=0.03))
        assert site.kills >= 20

    play(story)


@pytest.mark.campaign
def test_killed_three_hundred_times(play: Play) -> None:
    kills = []

    async def story(site: Site) -> None:
        await life(site, reapers.AtRandom(site, len(kills) + 1, most=45, chance=0.04))
        kills.append(site.kills)

    for _ in range(8):
        play(story)
    assert sum(kills) >= 300, kills


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 200))
def test_killed_for_as_long_as_it_takes(play: Play, seed: int) -> None:
    async def story(site: Site) -> None:
        await life(site, reapers.AtRandom(site, seed, most=100, chance=0.002 * (1 + seed % 30)))

    play(story)
