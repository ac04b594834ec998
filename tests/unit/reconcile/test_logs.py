"""The audit log reaches the streams that its customer subscribed: all of it, whatever fails and whoever is killed."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from steward.domain import clusters, conditions, errors, evidence, logs
from steward.operations import coverage, log_streams, notices
from steward.operations import logs as logs_
from steward.reconcile import logs as forwarding
from steward.responsibility import standing
from steward.runtimes.simulated import audit_logs
from tests.unit.reconcile.sites import CUSTOMER, Site
from tests.unit.reconcile.subscribing import (
    URL,
    arrived,
    condition,
    kept,
    ordered,
    over,
    stream,
    subscribed,
    until_arrived,
    where,
    write,
)

Play = Callable[..., None]
BUSY, READY = clusters.Status.REDEPLOYING, clusters.Status.READY


def test_a_subscription_is_busy_until_it_is_taken_up_and_then_what_is_written_arrives(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        write(site, cluster_id, "before")
        begun = await ordered(site, cluster_id, await stream(site))
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        assert (clusters.status(cluster), cluster.logs_subscribed) == (BUSY, True)
        assert (await log_streams.operation_of(site.context, CUSTOMER, begun.id)).state is logs.State.PENDING
        await over(site, begun)
        assert await site.word(cluster_id) is READY
        write(site, cluster_id, "after")
        await until_arrived(site, "after", within=3)
        assert arrived(site) == ["after"]
        (message,) = [each for each in site.receivers.way(URL).got if each.get("_name") == "after"]
        assert (message["_verb"], message["_user"], message["_code"]) == ("create", "alice", 200)
        assert message["short_message"] == "create configmaps shop/after by alice: 200"
        assert json.loads(message["full_message"])["objectRef"]["name"] == "after"
        assert message["_cluster_id"] == message["host"] == cluster_id
        assert set(site.receivers.tokens) == {"a-secret"}
        found = await condition(site, cluster_id)
        assert found is not None
        assert (found.holds, found.reason) == (True, conditions.Reason.AS_WANTED)

    play(story)


def test_the_end_of_a_subscription_is_the_end_of_what_arrives(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        subscription_id = await subscribed(site, cluster_id)
        write(site, cluster_id, "one")
        await until_arrived(site, "one")
        ended = await logs_.unsubscribe(site.context, CUSTOMER, where(site, cluster_id), subscription_id)
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        assert (clusters.status(cluster), cluster.logs_subscribed) == (BUSY, False)
        with pytest.raises(errors.NotFound):
            await logs_.subscription(site.context, CUSTOMER, where(site, cluster_id), subscription_id)
        await over(site, ended)
        assert await site.word(cluster_id) is READY
        assert await condition(site, cluster_id) is None
        write(site, cluster_id, "two")
        await site.clock.sleep(60)
        assert arrived(site) == ["one"]

    play(story)


def test_one_of_two_subscriptions_ends_and_the_other_goes_on(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        first = await subscribed(site, cluster_id, "https://one.example.org")
        await subscribed(site, cluster_id, "https://two.example.org")
        ended = await logs_.unsubscribe(site.context, CUSTOMER, where(site, cluster_id), first)
        cluster = await site.cluster(cluster_id)
        assert cluster is not None
        assert cluster.logs_subscribed, "one stays"
        await over(site, ended)
        write(site, cluster_id, "later")
        await until_arrived(site, "later", url="https://two.example.org")
        assert arrived(site, "https://one.example.org") == []

    play(story)


def test_a_receiver_that_takes_nothing_is_told_to_its_customer_and_gets_all_of_it_later(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await subscribed(site, cluster_id)
        way = site.receivers.way(URL)
        way.failing = "It answered 503"
        for number in range(5):
            write(site, cluster_id, f"missed-{number}")

        async def told() -> bool:
            found = await condition(site, cluster_id)
            return found is not None and found.reason is conditions.Reason.NOT_DELIVERED

        await site.clock.until(told, within=30)
        found = await condition(site, cluster_id)
        assert found is not None
        assert (found.whose_turn, found.activity) == (errors.CUSTOMER, logs.ACTIVITY)
        assert "It answered 503" in found.message
        assert await site.word(cluster_id) is READY, "its cluster does not suffer"
        before = way.asked
        await site.clock.sleep(300)
        assert way.asked - before < 9, "less and less often"
        assert (await site.events(cluster_id)).count("logs:not-delivered") == 1
        inbox = await notices.inbox(site.context, CUSTOMER, project_id=site.project_id, page=notices.Page())
        assert "logs:not-delivered" in {each.notice.type for each in inbox.items}
        way.failing = ""
        await until_arrived(site, *(f"missed-{number}" for number in range(5)), within=700)
        assert arrived(site) == [f"missed-{number}" for number in range(5)]
        found = await condition(site, cluster_id)
        assert found is not None
        assert found.holds
        assert "logs:delivered-again" in await site.events(cluster_id)

    play(story)


def test_a_stream_that_leads_nowhere_yet_is_said_and_followed_once_it_leads_somewhere(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        stream_id = await stream(site, url="")
        await over(site, await ordered(site, cluster_id, stream_id))
        write(site, cluster_id, "waiting")
        await site.clock.sleep(5)
        found = await condition(site, cluster_id)
        assert found is not None
        assert forwarding.NOWHERE in found.message
        await log_streams.redirect(site.context, CUSTOMER, stream_id, log_streams.Destination(url=URL))
        await until_arrived(site, "waiting", within=700)

    play(story)


def test_one_receiver_that_hangs_holds_up_nobody_else(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        slow, quick = "https://slow.example.org", "https://quick.example.org"
        await subscribed(site, cluster_id, slow)
        await subscribed(site, cluster_id, quick)
        site.receivers.way(slow).seconds = 10.0
        site.receivers.way(slow).failing = "It did not take the batch within 10 s"
        for number in range(40):
            write(site, cluster_id, f"line-{number}")
            await until_arrived(site, f"line-{number}", url=quick, within=4)
            await site.clock.sleep(1)
        assert arrived(site, quick) == [f"line-{number}" for number in range(40)], "once each, in order"

    play(story)


def test_a_log_that_cannot_be_read_holds_up_no_other_and_is_not_laid_to_the_receiver(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, latest = audit_logs.SimulatedAuditLogs.read, audit_logs.SimulatedAuditLogs.latest
    broken = set[str]()

    async def sometimes_read(self: Any, cluster_id: clusters.ClusterId, *given: Any, **named: Any) -> Any:
        if cluster_id in broken:
            raise OSError(5, "Input/output error")
        return await read(self, cluster_id, *given, **named)

    async def sometimes_latest(self: Any, cluster_id: clusters.ClusterId, *, most: int) -> Any:
        if cluster_id in broken:
            raise OSError(5, "Input/output error")
        return await latest(self, cluster_id, most=most)

    monkeypatch.setattr(audit_logs.SimulatedAuditLogs, "read", sometimes_read)
    monkeypatch.setattr(audit_logs.SimulatedAuditLogs, "latest", sometimes_latest)

    async def story(site: Site) -> None:
        one, other = await site.standing(), await site.standing()
        stream_id = await stream(site)
        await over(site, await ordered(site, one, stream_id))
        broken.add(one)
        write(site, one, "unread")
        late = await ordered(site, one, await stream(site, "https://late.example.org"))
        await over(site, await ordered(site, other, stream_id))
        write(site, other, "other's")
        await until_arrived(site, "other's")
        await site.clock.sleep(20)
        found = await condition(site, one)
        assert found is not None
        assert found.reason is conditions.Reason.SUBSCRIBING
        broken.clear()
        await over(site, late)
        await until_arrived(site, "unread", within=60)
        assert "logs:not-delivered" not in await site.events(one)

    play(story)


def test_an_answer_that_is_lost_repeats_a_batch_and_loses_none(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await subscribed(site, cluster_id)
        site.receivers.way(URL).loses_answers = True
        write(site, cluster_id, "twice")
        await site.clock.sleep(2)
        site.receivers.way(URL).loses_answers = False
        write(site, cluster_id, "once")
        await until_arrived(site, "once", within=30)
        assert arrived(site).count("once") == 1
        assert arrived(site).count("twice") >= 2
        known = {each["_audit_id"] for each in site.receivers.way(URL).got if each.get("_name") == "twice"}
        assert len(known) == 1, "a receiver can tell"

    play(story)


def test_a_steward_that_is_killed_goes_on_where_it_was(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await subscribed(site, cluster_id)
        write(site, cluster_id, "one")
        await until_arrived(site, "one")
        await site.clock.sleep(3)
        await site.kill()
        write(site, cluster_id, "while away")
        await site.clock.sleep(30)
        await site.begin()
        await until_arrived(site, "while away")
        assert arrived(site) == ["one", "while away"]

    play(story)


def test_what_is_lost_is_told_where_it_is_missing(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await subscribed(site, cluster_id)
        write(site, cluster_id, "one")
        await until_arrived(site, "one")
        site.world.trails.pop(cluster_id)
        write(site, cluster_id, "two")
        await until_arrived(site, "two")
        said = [each["short_message"] for each in site.receivers.way(URL).got]
        (told,) = [each for each in said if "is missing" in each]
        assert said.index(told) < [each.get("_name") for each in site.receivers.way(URL).got].index("two")

    play(story)


def test_the_provider_forwards_by_what_the_customer_lends_and_by_nothing_else(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        before = await site.cluster(cluster_id)
        assert before is not None
        assert [each.id for each in standing.of(before, ()) if each.activity == logs.ACTIVITY] == []
        subscription_id = await subscribed(site, cluster_id)
        after = await site.cluster(cluster_id)
        assert after is not None
        (lent,) = [each for each in standing.of(after, ()) if each.activity == logs.ACTIVITY]
        assert lent.operations == ("log.forward",)
        async with site.records.begin() as work:
            await work.clusters.save(
                dataclasses.replace(
                    after, conditions=conditions.without(after.conditions, [conditions.Kind.LOGS_FORWARDED])
                )
            )
        write(site, cluster_id, "not lent")
        await site.clock.sleep(30)
        assert arrived(site) == []
        assert (await kept(site, subscription_id)).handed_over == 0

    play(story)


def test_the_signal_is_shown_and_proves_nothing(play: Play) -> None:
    async def story(site: Site) -> None:
        cluster_id = await site.standing()
        await subscribed(site, cluster_id)
        await site.clock.sleep(310)
        report = await coverage.of_cluster(site.context, CUSTOMER, project_id=site.project_id, cluster_id=cluster_id)
        line = next(each for each in report.lines if each.activity.id == logs.ACTIVITY)
        assert line.row.state.value == "unknown"
        (shown,) = line.facts
        assert shown.facts["subscriptions"] == 1
        async with site.records.read() as work:
            (piece,) = [
                each
                for each in await work.evidence.of(evidence.of_cluster(clusters.ClusterId(cluster_id)))
                if each.collector == "logs"
            ]
        assert piece.outcome is evidence.Outcome.UNKNOWN

    play(story)
