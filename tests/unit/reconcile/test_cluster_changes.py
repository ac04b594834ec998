"""What is changed of a standing cluster: the word that clients wait through, and what becomes of the programs."""

import dataclasses
from collections.abc import Callable
from datetime import datetime

import pytest

from steward.domain import clusters, conditions, errors, events
from steward.ports.control_planes import Part
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]
READY, REDEPLOYING = clusters.Status.READY, clusters.Status.REDEPLOYING


def started(site: Site, cluster_id: str) -> dict[Part, datetime]:
    place = site.world.look(cluster_id)
    assert place is not None
    return {part: running.started_at for part, running in place.parts.items()}


def mark(site: Site, cluster_id: str) -> str:
    place = site.world.look(cluster_id)
    assert place is not None
    return place.parts[Part.API_SERVER].mark


async def told(site: Site, cluster_id: str) -> list[events.Event]:
    async with site.records.read() as work:
        return list(await work.events.of_cluster(clusters.ClusterId(cluster_id), limit=1000))


async def served_until_ready(site: Site, cluster_id: str) -> list[bool]:
    seen = []

    async def is_ready() -> bool:
        seen.append(site.faults.serves(cluster_id))
        return await site.word(cluster_id) is READY

    await site.clock.until(is_ready, within=120)
    return seen


def test_a_customization_replaces_the_api_server_alone_and_refuses_nobody(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        before, old = started(site, cluster_id), mark(site, cluster_id)
        await site.customize(cluster_id, off=["AlwaysPullImages"])
        assert await site.word(cluster_id) is REDEPLOYING
        assert mark(site, cluster_id) == old
        assert all(await served_until_ready(site, cluster_id))
        after = started(site, cluster_id)
        assert [part for part in Part if before[part] != after[part]] == [Part.API_SERVER]
        assert mark(site, cluster_id) != old
        news = [each.type for each in await told(site, cluster_id)]
        assert news[-2:] == ["cluster:customized", "cluster:changed"]
        assert "cluster:not-ready" not in news
        await site.settled()

    play(story)


def test_a_restart_at_once_is_short_and_said(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await site.restart_api(cluster_id, force=True)
        assert await site.word(cluster_id) is REDEPLOYING
        assert not all(await served_until_ready(site, cluster_id))
        await site.settled()

    play(story)


def test_what_its_successor_waits_for_is_said_and_the_one_before_goes_on(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        site.faults.refuse(cluster_id, Part.API_SERVER, "flag provided but not defined")
        await site.restart_api(cluster_id)
        await site.clock.sleep(60)
        assert site.faults.serves(cluster_id)
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        assert clusters.status(cluster) is REDEPLOYING
        assert conditions.holds(cluster.conditions, conditions.Kind.READY)
        busy = conditions.find(cluster.conditions, conditions.Kind.PROGRESSING)
        assert busy is not None
        assert "flag provided but not defined" in busy.message
        with pytest.raises(errors.Conflict, match="flag provided but not defined"):
            await site.restart_api(cluster_id)
        site.faults.mend(cluster_id)
        await site.settled()

    play(story)


def test_a_change_that_comes_while_another_one_is_being_applied_is_not_lost(play: Play) -> None:
    """Whatever writes it: what counts is that the generation rose."""

    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await site.restart_api(cluster_id)
        await site.clock.sleep(1)
        async with site.records.begin() as work:
            cluster = await work.clusters.get(clusters.ClusterId(cluster_id))
            assert cluster is not None
            await work.clusters.save(dataclasses.replace(cluster, generation=cluster.generation + 1))
        await site.settled()
        assert "/2/" in mark(site, cluster_id)

    play(story)


def test_logins_come_and_go(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        plain = mark(site, cluster_id).rpartition("/")[2]
        await site.log_in_by(cluster_id, "https://id.example.org")
        await site.settled()
        assert mark(site, cluster_id).rpartition("/")[2] != plain
        await site.log_in_by(cluster_id, "")
        assert await site.word(cluster_id) is REDEPLOYING
        await site.settled()
        assert mark(site, cluster_id).rpartition("/")[2] == plain

    play(story)


def test_deleting_goes_before_changing(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing(1)
        await site.restart_api(cluster_id)
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        assert site.world.places == {}

    play(story)
