"""The inbox of each party, the receipts that come of it, and what one party never learns of another's."""

from datetime import timedelta

import pytest

from steward.domain import actors, errors, evidence, people
from steward.domain import notices as notices_
from steward.operations import notices, outbox, preferences, webhooks
from steward.operations import projects as projects_
from steward.operations.rights import Refused
from steward.ports import messengers
from tests.messengers import Outside, Webhooks
from tests.unit.operations.setting import NOW, Setting, run

HOOK = "https://hook.example/"


async def begun() -> Setting:
    """With an empty inbox: what making a project tells is not what is asked here."""
    place = await Setting().with_project()
    empty(place)
    return place


def empty(place: Setting) -> None:
    for name in ("notices", "receipts", "deliveries", "evidence"):
        place.records.kept[name] = {}


async def tell(place: Setting, activity: str = "2.1-1", text: str = "done", project: str = "") -> notices_.Notice:
    acted = errors.PROVIDER if activity in ("2.1-1", "3.2.1-2") else errors.CUSTOMER
    news = outbox.News(
        at=place.clock.now(),
        activity=activity,
        type="thing:done",
        text=text,
        acted=acted,
        project_id=project or place.project_id,  # type: ignore[arg-type]  # a string of the tests
        subject=f"project:{project or place.project_id}",
    )
    async with place.records.begin() as work:
        (notice,) = await outbox.inform(work, news)
    return notice


def person(email: str, role: people.Role, account: str | None = "ab1-local") -> people.Person:
    return people.Person(
        id=people.PersonId(f"id of {email}"),
        email=email,
        name="",
        role=role,
        account=account,  # type: ignore[arg-type]  # a string of the tests
        status=people.Status.ACTIVE,
        created_at=NOW,
    )


ANN, BOB = person("ann@example.org", people.Role.VIEWER), person("bob@example.org", people.Role.ADMIN)
STAFF = person("staff@steward.example", people.Role.AUDITOR, None)


def test_seeing_it_is_the_partys_receipt_and_each_persons_own_mark() -> None:
    async def story() -> None:
        place = await begun()
        notice = await tell(place)
        ann, bob = actors.person(ANN), actors.person(BOB)
        before = await notices.inbox(place.context, ann, project_id=place.project_id)
        assert (before.unseen, before.items[0].receipt.received_at) == (1, None)  # type: ignore[union-attr]
        place.clock.moment += timedelta(hours=1)
        await notices.seen(place.context, ann, project_id=place.project_id, notice_id=notice.id)
        after = await notices.inbox(place.context, ann, project_id=place.project_id)
        receipt = after.items[0].receipt
        assert after.unseen == 0
        assert receipt is not None
        assert (receipt.received_at, receipt.channel) == (NOW + timedelta(hours=1), notices_.Channel.INBOX)
        assert (await notices.inbox(place.context, bob)).unseen == 1
        async with place.records.read() as work:
            state = await notices.informed(work, "2.1-1", f"project:{place.project_id}")
            proof = await work.evidence.get(f"2.1-1/project:{place.project_id}/notices")
        assert state.proven
        assert proof is not None
        assert proof.outcome is evidence.Outcome.PROVEN
        place.clock.moment += timedelta(hours=1)
        await notices.seen(place.context, bob, notice_id=notice.id)
        again = await notices.inbox(place.context, bob)
        assert again.items[0].receipt == receipt
        assert again.items[0].seen_at == NOW + timedelta(hours=2)

    run(story())


def test_a_key_that_is_no_persons_can_see_it_as_well() -> None:
    async def story() -> None:
        place = await begun()
        notice = await tell(place)
        await notices.seen(place.context, place.customer, notice_id=notice.id)
        found = await notices.inbox(place.context, place.customer)
        assert (found.unseen, [each.seen_at for each in found.items]) == (0, [NOW])

    run(story())


def test_each_party_has_its_own_and_strangers_find_nothing() -> None:
    async def story() -> None:
        place = await begun()
        other = await projects_.create(place.context, actors.OPERATOR, account=place.stranger.name)
        empty(place)
        strange = await tell(place, project=other.id)
        mine, theirs = await tell(place), await tell(place, "3.1.3-3")
        for actor, own, foreign in [
            (place.customer, mine, [theirs, strange]),
            (actors.person(STAFF), theirs, [mine, strange]),
            (place.stranger, strange, [mine, theirs]),
        ]:
            found = await notices.inbox(place.context, actor)
            assert [each.notice.id for each in found.items] == [own.id]
            said = set()
            for each in [*foreign, None]:
                with pytest.raises(errors.NotFound) as refused:
                    await notices.seen(place.context, actor, notice_id=each.id if each else "no such")
                said.add(refused.value.message)
            assert said == {notices.NOT_THERE}
        with pytest.raises(errors.NotFound):
            await notices.inbox(place.context, place.stranger, project_id=place.project_id)
        with pytest.raises(errors.NotFound):
            await notices.seen(place.context, place.customer, project_id=place.project_id, notice_id=strange.id)
        of_project = await notices.inbox(place.context, actors.OPERATOR, project_id=place.project_id)
        assert [each.notice.id for each in of_project.items] == [theirs.id]

    run(story())


def test_pages_go_back_to_the_first_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "LOOKED_THROUGH", 10)

    async def story() -> None:
        place = await begun()
        made = [(await tell(place, text=str(number))).id for number in range(25)]
        seen: list[str] = []
        page = notices.Page(limit=7)
        while True:
            found = await notices.inbox(place.context, place.customer, page=page)
            seen += [each.notice.id for each in found.items]
            if not found.before:
                break
            page = notices.Page(limit=7, before=found.before)
        assert seen == made[::-1]

    run(story())


def test_only_what_was_not_seen() -> None:
    async def story() -> None:
        place = await begun()
        first, second = await tell(place), await tell(place)
        await notices.seen(place.context, place.customer, notice_id=first.id)
        found = await notices.inbox(place.context, place.customer, page=notices.Page(unseen_only=True))
        assert [each.notice.id for each in found.items] == [second.id]

    run(story())


@pytest.mark.parametrize("page", [notices.Page(limit=0), notices.Page(limit=201), notices.Page(before="no such")])
def test_a_bad_page_is_refused(page: notices.Page) -> None:
    async def story() -> None:
        place = await begun()
        with pytest.raises(errors.BadInput):
            await notices.inbox(place.context, place.customer, page=page)

    run(story())


def test_how_far_a_row_is_told() -> None:
    async def story() -> None:
        place = await begun()
        subject = f"project:{place.project_id}"
        async with place.records.begin() as work:
            assert (await notices.informed(work, "2.1-1", subject)).told is notices.Told.NOTHING
        notice = await tell(place)
        async with place.records.begin() as work:
            assert (await notices.informed(work, "2.1-1", subject)).told is notices.Told.PENDING
            (owed,) = await work.receipts.all()
            await outbox.missed(work, owed, at=owed.due_at)
            state = await notices.informed(work, "2.1-1", subject)
            proof = await work.evidence.get(f"2.1-1/{subject}/notices")
            later = await notices.informed(work, "2.1-1", subject, since=NOW + timedelta(seconds=1))
        assert state.told is notices.Told.MISSED
        assert later.told is notices.Told.NOTHING
        assert proof is not None
        assert proof.outcome is evidence.Outcome.BREACHED
        await notices.seen(place.context, place.customer, notice_id=notice.id)
        await tell(place)
        async with place.records.begin() as work:
            state = await notices.informed(work, "2.1-1", subject)
        assert (state.told, state.notices) == (notices.Told.PENDING, 2)

    run(story())


async def hooked() -> tuple[Setting, Webhooks]:
    place = await begun()
    hooks = Webhooks(Outside(place.clock))
    place.context = type(place.context)(
        **{name: getattr(place.context, name) for name in type(place.context).__dataclass_fields__}
        | {"webhooks": hooks}
    )
    return place, hooks


def test_a_webhooks_secret_is_shown_once_and_lies_sealed() -> None:
    async def story() -> None:
        place, hooks = await hooked()
        wanted = webhooks.Wanted(url=HOOK, least="warning", checkpoints=True)
        made, secret = await webhooks.create(place.context, place.customer, project_id=place.project_id, wanted=wanted)
        assert secret.startswith("whsec_")
        assert (made.address, made.least, made.checkpoints) == (HOOK, notices_.Severity.WARNING, True)
        named = {"project_id": place.project_id, "webhook_id": made.id}
        assert await webhooks.get(place.context, place.customer, **named) == made
        assert secret not in str(place.records.kept["preferences"])
        assert secret not in str(place.records.kept["ledger"])
        tried = await webhooks.try_out(place.context, place.customer, **named)
        assert (tried.arrived, hooks.secrets) == (True, [secret])
        _, second = await webhooks.rotate(place.context, place.customer, **named)
        await webhooks.try_out(place.context, place.customer, **named)
        assert hooks.secrets[-1] == f"{second} {secret}"
        changed = await webhooks.change(place.context, place.customer, **named, wanted=webhooks.Wanted(digest=True))
        assert (changed.digest, changed.least, changed.address) == (True, made.least, HOOK)
        await webhooks.remove(place.context, place.customer, **named)
        assert await webhooks.of_project(place.context, place.customer, project_id=place.project_id) == []
        assert place.records.kept["secrets"] == {}

    run(story())


def test_a_test_that_did_not_arrive_says_why() -> None:
    async def story() -> None:
        place, hooks = await hooked()
        made, _ = await webhooks.create(
            place.context, place.customer, project_id=place.project_id, wanted=webhooks.Wanted(url=HOOK)
        )
        hooks._outside.way(HOOK).failing = "It answered 503"
        tried = await webhooks.try_out(place.context, place.customer, project_id=place.project_id, webhook_id=made.id)
        assert tried == webhooks.Tried(arrived=False, answer="It answered 503")
        assert place.records.kept["notices"] == {}

    run(story())


def test_webhooks_are_the_customers_and_of_one_project() -> None:
    async def story() -> None:
        place, _ = await hooked()
        wanted = webhooks.Wanted(url=HOOK)
        made, _secret = await webhooks.create(place.context, place.customer, project_id=place.project_id, wanted=wanted)
        for actor in (actors.OPERATOR, actors.person(ANN)):  # the other party; and a viewer
            with pytest.raises(Refused):
                await webhooks.create(place.context, actor, project_id=place.project_id, wanted=wanted)
            with pytest.raises(Refused):
                await webhooks.remove(place.context, actor, project_id=place.project_id, webhook_id=made.id)
        other = await projects_.create(place.context, actors.OPERATOR, account=place.stranger.name)
        with pytest.raises(errors.NotFound):
            await webhooks.rotate(place.context, place.stranger, project_id=place.project_id, webhook_id=made.id)
        with pytest.raises(errors.NotFound):
            await webhooks.rotate(place.context, place.stranger, project_id=other.id, webhook_id=made.id)
        for _ in range(notices_.MOST_WEBHOOKS - 1):
            await webhooks.create(place.context, place.customer, project_id=place.project_id, wanted=wanted)
        with pytest.raises(errors.Conflict, match="at most"):
            await webhooks.create(place.context, place.customer, project_id=place.project_id, wanted=wanted)

    run(story())


@pytest.mark.parametrize("wanted", [webhooks.Wanted(), webhooks.Wanted(url=HOOK, least="loud")])
def test_a_webhook_that_makes_no_sense_is_refused(wanted: webhooks.Wanted) -> None:
    async def story() -> None:
        place, _ = await hooked()
        with pytest.raises(errors.BadInput):
            await webhooks.create(place.context, place.customer, project_id=place.project_id, wanted=wanted)
        assert place.records.kept.get("secrets", {}) == {}

    run(story())


@pytest.mark.parametrize("who", [ANN, STAFF], ids=["of the customer", "of the provider"])
def test_a_person_says_how_it_wants_to_be_told(who: people.Person) -> None:
    async def story() -> None:
        place = await begun()
        actor = actors.person(who)
        async with place.records.begin() as work:
            await work.people.put(who)
        assert await preferences.get(place.context, actor) == preferences.Mail(on=False, address=who.email)
        await preferences.set_(place.context, actor, preferences.Wanted(on=True, least="warning"))
        await preferences.set_(place.context, actor, preferences.Wanted(digest=True))
        assert await preferences.get(place.context, actor) == preferences.Mail(
            on=True, least=notices_.Severity.WARNING, digest=True, address=who.email
        )
        async with place.records.read() as work:
            (kept,) = await work.preferences.of(who.id)
            assert await work.preferences.of(place.project_id) == []
        assert kept.party == who.party
        await preferences.set_(place.context, actor, preferences.Wanted(on=False))
        assert not (await preferences.get(place.context, actor)).on

    run(story())


def test_a_key_has_no_mailbox() -> None:
    async def story() -> None:
        place = await begun()
        for actor in (place.customer, actors.OPERATOR):
            with pytest.raises(errors.Conflict, match="no mailbox"):
                await preferences.set_(place.context, actor, preferences.Wanted(on=True))

    run(story())


def test_nothing_leaves_where_nothing_is_set() -> None:
    async def story() -> None:
        letter = messengers.Letter(message_id="id", to="ann@example.org", subject="", text="")
        with pytest.raises(messengers.NotSent, match="STEWARD_SMTP_URL"):
            await messengers.NO_MAIL.send(letter)
        with pytest.raises(messengers.NotSent):
            await messengers.NO_WEBHOOKS.send(HOOK, "whsec_bmV3", "id", "test", {})

    run(story())
