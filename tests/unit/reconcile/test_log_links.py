"""Links under which a log is read for a while, and what is left of logs once nobody needs it."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from steward.domain import errors, logs
from steward.operations import log_streams
from steward.operations import logs as logs_
from tests.unit.reconcile.sites import CUSTOMER, Site
from tests.unit.reconcile.subscribing import ordered, stream, subscribed, where, write

Play = Callable[..., None]


def test_nothing_of_it_is_left_with_the_cluster(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await subscribed(site, cluster_id)
        late = await ordered(site, cluster_id, await stream(site, "https://late.example.org"))
        made = await logs_.link(site.context, CUSTOMER, where(site, cluster_id), kind=logs.AUDIT)
        await site.delete(cluster_id)
        with pytest.raises(errors.NotFound):
            await logs_.opened(site.context, made.token)
        await site.until_deleted(cluster_id)
        await site.clock.sleep(20)
        async with site.records.read() as work:
            assert await work.log_subscriptions.all() == []
            assert await work.log_links.all() == []
        found = await log_streams.operation_of(site.context, CUSTOMER, late.id)
        assert found.state in (logs.State.FAILURE, logs.State.SUCCESS)

    play(story)


def test_a_link_shows_recent_lines_then_those_that_come_and_ends(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LINK_LIFE", timedelta(seconds=30))

    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        write(site, cluster_id, "recent")
        made = await logs_.link(site.context, CUSTOMER, where(site, cluster_id), kind=logs.AUDIT)
        found = await logs_.opened(site.context, made.token)
        began, names = site.clock.now(), list[str]()
        async for lines in logs_.tail(site.context, found, follow=True):
            names += [json.loads(each)["objectRef"]["name"] for each in lines if b'"alice"' in each]
            if "recent" in names and "live" not in names and len(names) == 1:
                write(site, cluster_id, "live")
        assert names == ["recent", "live"]
        assert site.clock.now() - began >= logs.LINK_LIFE - timedelta(seconds=1)
        with pytest.raises(errors.NotFound):
            await logs_.opened(site.context, made.token)
        await site.clock.sleep(20)
        async with site.records.read() as work:
            assert await work.log_links.all() == [], "and is forgotten"

    play(story)


def test_a_link_ends_while_it_is_read_when_it_is_the_oldest_of_many(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        made = await logs_.link(site.context, CUSTOMER, where(site, cluster_id), kind=logs.AUDIT)
        found = await logs_.opened(site.context, made.token)
        began = site.clock.now()
        async for _ in logs_.tail(site.context, found, follow=True):
            if site.clock.now() - began > timedelta(seconds=5):
                for _ in range(logs.MOST_LINKS):
                    await logs_.link(site.context, CUSTOMER, where(site, cluster_id), kind=logs.AUDIT)
        assert site.clock.now() - began < timedelta(seconds=20)

    play(story)


def test_operations_are_forgotten_after_a_month(play: Play) -> None:
    async def story(site: Site) -> None:
        await stream(site)
        async with site.records.begin() as work:
            for each in await work.log_operations.all():
                await work.log_operations.put(
                    dataclasses.replace(each, created_at=each.created_at - timedelta(days=31))
                )
        await site.clock.sleep(30)
        async with site.records.read() as work:
            assert await work.log_operations.all() == []

    play(story)
