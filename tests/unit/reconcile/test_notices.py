"""Notices on their way: tried again, gathered, given up, and never held for delivered without a receipt."""

import asyncio
from datetime import timedelta

import pytest

from steward.domain import errors, evidence, notices, people
from steward.operations import outbox, webhooks
from steward.reconcile import notices as deliveries_
from tests.unit.reconcile import posts
from tests.unit.reconcile.posts import INFO, PROJECT, URGENT, WARNING, Post, play

HOOK = "https://hook.example/steward"
MAIL = "ann@example.org"
State, Channel = notices.State, notices.Channel
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_a_message_arrives_and_its_receipt_proves_the_row() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        await post.mail_to(MAIL)
        notice = await post.tell()
        assert (await post.evidence("2.1-1")).outcome is evidence.Outcome.UNKNOWN
        await post.pass_time(MINUTE)
        found = {each.channel: each for each in await post.deliveries()}
        assert found[Channel.WEBHOOK].receipt == f"200 {found[Channel.WEBHOOK].id}"
        assert found[Channel.MAIL].receipt.startswith("250 ")
        assert found[Channel.INBOX].state is State.PENDING
        assert list(post.texts(HOOK)) == [[notice.text]]
        assert notice.title in post.outside.at(MAIL)[0].content
        (receipt,) = await post.receipts()
        assert receipt.received_at is not None
        assert (await post.evidence("2.1-1")).outcome is evidence.Outcome.PROVEN

    play(story)


def test_what_fails_is_tried_ever_more_seldom_with_one_message_id() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        await post.tell()
        post.outside.way(HOOK).failing = "It answered 503"
        await post.pass_time(HOUR)
        (sent,) = await post.sent(HOOK)
        assert sent.state is State.PENDING
        assert sent.last_error == "It answered 503"
        assert 6 <= sent.attempts <= 14
        assert set(post.outside.asked) == {sent.id}
        assert (await post.evidence("2.1-1")).outcome is evidence.Outcome.UNKNOWN
        post.outside.way(HOOK).failing = ""
        await post.pass_time(2 * HOUR)
        (sent,) = await post.sent(HOOK)
        assert sent.state is State.DELIVERED
        assert post.outside.ids(HOOK) == [sent.id]

    play(story)


@pytest.mark.parametrize("attempts", [1, 2, 5, 9, 30, 100])
def test_pauses_double_up_to_an_hour_and_are_spread(attempts: int) -> None:
    pauses = {notices.pause_after(attempts, f"delivery {number}").total_seconds() for number in range(50)}
    full = min(3600, 10 * 2 ** (attempts - 1))
    assert len(pauses) > 20
    assert full / 2 <= min(pauses) <= max(pauses) <= full


def test_a_deadline_without_a_receipt_is_a_breach_that_a_late_one_heals() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        post.outside.way(HOOK).failing = "It answered 500"
        notice = await post.tell(URGENT)
        await post.pass_time(notice.due_at - notice.created_at + HOUR)
        assert (await post.evidence("3.2.1-2")).outcome is evidence.Outcome.BREACHED
        post.outside.way(HOOK).failing = ""
        await post.pass_time(2 * HOUR)
        found = await post.evidence("3.2.1-2")
        assert found.outcome is evidence.Outcome.PROVEN
        assert found.facts["late"] == 1

    play(story)


def test_in_the_end_it_is_given_up_and_the_provider_told_once() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        post.outside.way(HOOK).failing = "It answered 500"
        notice = await post.tell(URGENT)
        await post.pass_time(notice.due_at - notice.created_at + notices.PATIENCE + 2 * HOUR)
        (sent,) = await post.sent(HOOK)
        assert sent.state is State.GIVEN_UP
        assert sent.last_error == "It answered 500"
        told = [each for each in await post.told(errors.PROVIDER) if each.type == notices.GIVEN_UP]
        assert {each.facts["channel"] for each in told} == {"webhook", "inbox"}
        assert len(told) == 2
        asked = len(post.outside.asked)
        await post.pass_time(posts.ALL_OVER)
        assert len(post.outside.asked) == asked
        assert len(await post.told(errors.PROVIDER)) == 2
        async with post.records.read() as work:
            log = [each for each in post.records.kept["ledger"][f"project-{PROJECT}"] if each.kind == "event"]
            assert await work.deliveries.due(post.clock.now()) == []
        assert [each.facts["type"] for each in log] == [notices.GIVEN_UP] * 2

    play(story)


def test_who_is_gone_for_good_is_not_asked_again() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        post.outside.way(HOOK).gone = True
        await post.tell()
        await post.pass_time(DAY)
        (sent,) = await post.sent(HOOK)
        assert (sent.state, sent.attempts) == (State.GIVEN_UP, 1)

    play(story)


def test_a_way_or_a_person_that_was_removed_gets_nothing_more() -> None:
    async def story(post: Post) -> None:
        hook = await post.webhook(HOOK)
        person = await post.mail_to(MAIL)
        await post.tell()
        async with post.records.begin() as work:
            await work.preferences.remove(hook.id)
            await work.people.put(people.Person(**{**_fields(person), "status": people.Status.CLOSED}))
        await post.pass_time(MINUTE)
        assert post.outside.asked == []
        assert {each.state for each in await post.deliveries() if each.address} == {State.GIVEN_UP}

    play(story)


def _fields(person: people.Person) -> dict[str, object]:
    return {name: getattr(person, name) for name in type(person).__dataclass_fields__}


def test_a_slow_receiver_holds_up_nobody_else() -> None:
    async def story(post: Post) -> None:
        slow, fast = f"{HOOK}/slow", f"{HOOK}/fast"
        await post.webhook(slow)
        await post.webhook(fast)
        post.outside.way(slow).seconds = 9.0
        for _ in range(5):
            await post.tell()
        start = post.clock.now()
        round_ = asyncio.ensure_future(post.deliverer.round())
        await post.clock.until(lambda: len(post.outside.at(fast)) == 5, within=8)
        await post.tell(URGENT)
        await post.clock.until(lambda: len(post.outside.at(fast)) == 6, within=5)
        assert post.outside.at(slow) == []
        await round_
        assert post.clock.now() - start < timedelta(seconds=25)

    play(story)


def test_a_full_outbox_of_one_address_starves_no_other() -> None:
    async def story(post: Post) -> None:
        broken, fine = f"{HOOK}/broken", f"{HOOK}/fine"
        hook = await post.webhook(broken)
        post.outside.way(broken).failing = "It could not be reached"
        for _ in range(40):
            await post.tell()
            await post.clock.sleep(61)  # slower than a flood
        async with post.records.begin() as work:
            (one,) = (await work.deliveries.due(post.clock.now(), limit=1000))[:1]
            for number in range(1000):
                copy = notices.Delivery(**{**_all(one), "id": f"copy {number}", "key": None})
                await work.deliveries.put(copy)
        await post.webhook(fine)
        await post.tell()
        await post.pass_time(2 * MINUTE)
        assert len(post.outside.at(fine)) == 1
        waiting = [each for each in await post.sent(broken) if each.state is State.PENDING]
        assert len(waiting) == 1041
        assert sum(each.attempts for each in waiting) < 20  # it was not asked 1041 times to fail
        assert hook.id == one.preference_id
        post.outside.way(broken).failing = ""
        await post.pass_time(3 * HOUR)
        assert {each.state for each in await post.sent(broken)} == {State.DELIVERED}
        assert len(post.outside.at(broken)) == 1041

    play(story)


def _all(delivery: notices.Delivery) -> dict[str, object]:
    return {name: getattr(delivery, name) for name in type(delivery).__dataclass_fields__}


def test_a_digest_gathers_for_an_hour_and_holds_back_nothing_urgent() -> None:
    async def story(post: Post) -> None:
        await post.mail_to(MAIL, digest=True)
        for number in range(3):
            await post.tell(INFO, f"Number {number}")
            await post.clock.sleep(60)
        await post.tell(URGENT, "It burns")
        await post.pass_time(MINUTE)
        (alone,) = post.outside.at(MAIL)
        assert "It burns" in alone.content
        await post.pass_time(HOUR)
        (_, gathered) = post.outside.at(MAIL)
        assert all(f"Number {number}" in gathered.content for number in range(3))
        assert "3 notices" in gathered.content
        assert all(each.received_at for each in await post.receipts())

    play(story)


def test_a_flood_is_gathered_and_nothing_of_it_is_lost() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        for number in range(40):
            await post.tell(INFO, str(number))
        await post.tell(WARNING, "another type")
        await post.pass_time(MINUTE)
        assert len(post.outside.at(HOOK)) == notices.MOST_IN_WINDOW + 1
        await post.pass_time(notices.WINDOW)
        messages = list(post.texts(HOOK))
        assert len(messages) == notices.MOST_IN_WINDOW + 2
        assert sorted(text for each in messages for text in each) == sorted([*map(str, range(40)), "another type"])
        await post.tell(INFO, "after it")
        await post.pass_time(MINUTE)
        assert list(post.texts(HOOK))[-1] == ["after it"]

    play(story)


def test_urgent_ones_of_a_flood_wait_a_minute_at_most() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        for _ in range(30):
            await post.tell(URGENT)
        await post.pass_time(notices.HOLD_URGENT + timedelta(seconds=10))
        assert sum(len(each) for each in post.texts(HOOK)) == 30

    play(story)


def test_nothing_joins_a_message_that_was_sent() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        for number in range(12):
            await post.tell(URGENT, str(number))
        await post.pass_time(notices.HOLD_URGENT + timedelta(seconds=10))
        await post.tell(URGENT, "in the same window")
        await post.pass_time(notices.HOLD_URGENT + timedelta(seconds=10))
        assert list(post.texts(HOOK))[-2:] == [["10", "11"], ["in the same window"]]

    play(story)


def test_nothing_joins_a_message_that_was_perhaps_sent() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        for number in range(12):
            await post.tell(URGENT, str(number))
        await post.pass_time(notices.HOLD_URGENT - timedelta(seconds=1))
        await post.clock.sleep(2)
        before, take = len(post.outside.at(HOOK)), post.outside.take

        async def take_and_die(address: str, message_id: str, content: str) -> None:
            await take(address, message_id, content)
            post.life.end()

        post.outside.take = take_and_die  # type: ignore[method-assign]
        post.round = asyncio.ensure_future(post.deliverer.round())
        await asyncio.wait([post.round])
        await post.kill()
        post.outside.take = take  # type: ignore[method-assign]
        assert len(post.outside.at(HOOK)) == before + 1
        await post.tell(URGENT, "in the same window")
        await post.pass_time(5 * MINUTE)
        assert list(post.texts(HOOK))[before:] == [["10", "11"], ["10", "11"], ["in the same window"]]
        first, again, later = post.outside.ids(HOOK)[before:]
        assert first == again != later

    play(story)


def test_a_message_that_is_full_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "MOST_GATHERED", 7)

    async def story(post: Post) -> None:
        await post.webhook(HOOK, digest=True)
        for number in range(20):
            await post.tell(INFO, str(number))
        await post.pass_time(HOUR + MINUTE)
        assert [len(each) for each in post.texts(HOOK)] == [7, 7, 6]

    play(story)


@pytest.mark.parametrize("jump", [timedelta(days=-2), timedelta(days=30)])
def test_a_clock_that_jumps_loses_nothing(jump: timedelta) -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        await post.mail_to(MAIL, digest=True)
        await post.tell(INFO, "before")
        real, moved = post.clock.now, [timedelta(0)]
        post.clock.now = lambda: real() + moved[0]
        moved[0] = jump
        await post.tell(INFO, "after")
        await post.pass_time(3 * DAY)
        assert sorted(text for each in post.texts(HOOK) for text in each) == ["after", "before"]
        assert sum("before" in each.content for each in post.outside.at(MAIL)) == 1
        assert sum("after" in each.content for each in post.outside.at(MAIL)) == 1

    play(story)


def test_one_message_that_cannot_be_made_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(post: Post) -> None:
        await post.mail_to(MAIL)
        await post.mail_to("bob@example.org")
        made = deliveries_.letter

        def broken(delivery: notices.Delivery, told: list[notices.Notice]) -> object:
            if delivery.address == MAIL:
                raise ValueError("a header of two lines")
            return made(delivery, told)

        monkeypatch.setattr(deliveries_, "letter", broken)
        await post.tell()
        await post.pass_time(MINUTE)
        assert len(post.outside.at("bob@example.org")) == 1
        (sent,) = await post.sent(MAIL)
        assert (sent.state, sent.last_error) == (State.PENDING, "It could not be sent (ValueError)")

    play(story)


def test_after_a_rotation_both_secrets_sign_for_a_day() -> None:
    async def story(post: Post) -> None:
        hook = await post.webhook(HOOK)
        async with post.records.begin() as work:
            old = (await work.secrets.get(hook.id, webhooks.SECRET) or b"").decode()
            await work.secrets.put(hook.id, webhooks.FORMER, old.encode())
            await work.secrets.put(hook.id, webhooks.SECRET, b"whsec_bmV3")
            rotated = notices.Preference(
                **{**{n: getattr(hook, n) for n in type(hook).__dataclass_fields__}, "rotated_at": post.clock.now()}
            )
            await work.preferences.put(rotated)
        await post.tell()
        await post.pass_time(MINUTE)
        await post.clock.sleep(notices.OVERLAP.total_seconds())
        await post.tell()
        await post.pass_time(MINUTE)
        assert post.hooks.secrets == [f"whsec_bmV3 {old}", "whsec_bmV3"]

    play(story)


def test_evidence_says_what_it_looked_at() -> None:
    async def story(post: Post) -> None:
        await post.webhook(HOOK)
        await post.tell()
        await post.pass_time(MINUTE)
        post.outside.way(HOOK).failing = "It answered 500"
        await post.tell()
        await post.pass_time(MINUTE)
        found = await post.evidence("2.1-1")
        assert found.outcome is evidence.Outcome.UNKNOWN
        assert (found.facts["notices"], found.facts["received"], found.facts["pending"]) == (2, 1, 1)
        assert found.collector == outbox.COLLECTOR

    play(story)
