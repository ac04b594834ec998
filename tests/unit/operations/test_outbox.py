"""Whom an event makes a notice for: the matrix says it, and the outbox is written with what it tells of."""

import dataclasses
from typing import Any

import pytest

from steward.domain import actors, clusters, errors, events, evidence, notices, people, projects
from steward.operations import history, outbox
from steward.operations import notices as notices_
from steward.responsibility import matrix
from steward.responsibility import notices as table
from tests.unit.operations.setting import NOW, Setting, run

CONTRACT = matrix.load()
INFORMED = [(row, party) for row in CONTRACT.activities for party in table.informed(CONTRACT, row)]
OTHER = {errors.CUSTOMER: errors.PROVIDER, errors.PROVIDER: errors.CUSTOMER}


async def begun() -> Setting:
    """With a cluster, and nothing told yet."""
    place = await Setting().with_project()
    await place.ready()
    for name in ("notices", "receipts", "deliveries", "evidence"):
        place.records.kept[name] = {}
    return place


async def told(place: Setting, party: str = errors.CUSTOMER) -> list[notices.Notice]:
    async with place.records.read() as work:
        return [each for each in await work.notices.all() if each.party == party]


def event(place: Setting, activity: str, type_: str = "thing:done", **fields: Any) -> events.Event:
    return events.Event(
        at=NOW,
        project_id=projects.ProjectId(place.project_id),
        cluster_id=clusters.ClusterId(place.cluster_id),
        subject="cluster",
        subject_id=place.cluster_id,
        type=type_,
        message="The thing is done",
        activity=activity,
        **{"actor": "automation", **fields},
    )


def test_as_many_rows_inform_as_the_contract_says() -> None:
    parties = [party for _, party in INFORMED]
    assert (parties.count(errors.CUSTOMER), parties.count(errors.PROVIDER)) == (8, 13)


@pytest.mark.parametrize(("row", "party"), INFORMED)
def test_each_row_with_an_i_informs_that_party_and_no_other(row: str, party: str) -> None:
    async def story() -> None:
        place = await begun()
        before = len(await told(place, party)), len(await told(place, OTHER[party]))
        async with place.records.begin() as work:
            await history.keep(work, event(place, row, facts={history.PARTY: OTHER[party]}))
            state = await notices_.informed(work, row, f"cluster:{place.cluster_id}", since=NOW)
        assert (len(await told(place, party)), len(await told(place, OTHER[party]))) == (before[0] + 1, before[1])
        notice = (await told(place, party))[-1]
        assert (notice.activity, notice.type, notice.title) == (row, "thing:done", "The thing is done")
        assert notice.due_at > notice.created_at == NOW
        assert state.parties == {party: notices_.Told.PENDING}
        assert not state.proven

    run(story())


@pytest.mark.parametrize("row", sorted(set(CONTRACT.activities) - {row for row, _ in INFORMED}))
def test_a_row_without_an_i_informs_nobody(row: str) -> None:
    async def story() -> None:
        place = await begun()
        async with place.records.read() as work:
            before = len(await work.notices.all())
        for party in (errors.CUSTOMER, errors.PROVIDER):
            async with place.records.begin() as work:
                await history.keep(work, event(place, row, facts={history.PARTY: party}))
                assert len(await work.notices.all()) == before
                state = await notices_.informed(work, row, f"cluster:{place.cluster_id}")
                assert (state.told, state.parties) == (notices_.Told.NOTHING, {})

    run(story())


@pytest.mark.parametrize(("row", "party"), INFORMED)
def test_who_acted_alone_knows_already(row: str, party: str) -> None:
    async def story() -> None:
        place = await begun()
        before = len(await told(place, party))
        async with place.records.begin() as work:
            await history.keep(work, event(place, row, facts={history.PARTY: party}))
        assert len(await told(place, party)) == before

    run(story())


def test_an_order_tells_the_provider_and_an_installation_the_customer() -> None:
    async def story() -> None:
        place = await begun()
        await place.order()
        assert "cluster:ordered" in [each.type for each in await told(place, errors.PROVIDER)]
        assert await told(place) == []
        async with place.records.begin() as work:
            await history.keep(work, event(place, "2.1-1", "cluster:installed"))
        (notice,) = await told(place)
        assert notice.title == "Your cluster is installed"
        assert notice.cluster_id == place.cluster_id

    run(story())


def test_parts_of_a_result_are_not_told_one_by_one() -> None:
    async def story() -> None:
        place = await begun()
        async with place.records.begin() as work:
            for number in range(100):
                made = event(place, "3.2.2-4", "node:ready")
                await history.keep(work, dataclasses.replace(made, subject_id=str(number)))
            await history.keep(work, event(place, "3.2.2-4", "nodepool:ready"))
        assert [each.type for each in await told(place)] == ["nodepool:ready"]

    run(story())


def test_nothing_is_told_of_what_was_rolled_back() -> None:
    async def story() -> None:
        place = await begun()
        kept = {name: dict(rows) for name, rows in place.records.kept.items()}

        async def broken() -> None:
            async with place.records.begin() as work:
                await history.keep(work, event(place, "2.1-1", "cluster:installed"))
                raise errors.Unavailable("the disk is full")

        with pytest.raises(errors.Unavailable):
            await broken()
        assert place.records.kept == kept

    run(story())


@pytest.mark.parametrize(
    ("actor", "acted"),
    [
        ("automation", errors.PROVIDER),
        ("steward:3.2.1-3:mend", errors.PROVIDER),
        (actors.OPERATOR.name, errors.PROVIDER),
        ("op@steward.example", errors.PROVIDER),
        ("ab1-local", errors.CUSTOMER),
        ("ann@example.org", errors.CUSTOMER),
    ],
)
def test_whose_act_an_event_was_is_read_off_its_actor(actor: str, acted: str) -> None:
    async def story() -> None:
        place = await begun()
        async with place.records.begin() as work:
            await work.people.put(_person("ann@example.org", people.Role.ADMIN))
            await work.people.put(_person("op@steward.example", people.Role.OPERATOR))
        before = len(await told(place)), len(await told(place, errors.PROVIDER))
        async with place.records.begin() as work:
            await history.keep(work, event(place, "3.1.3-3", actor=actor))  # provider: I
            await history.keep(work, event(place, "3.2.2-4", actor=actor))  # customer: I
        by_provider = acted == errors.PROVIDER
        assert len(await told(place)) - before[0] == int(by_provider)
        assert len(await told(place, errors.PROVIDER)) - before[1] == int(not by_provider)

    run(story())


def _person(email: str, role: people.Role, **fields: Any) -> people.Person:
    account = projects.AccountId("ab1-local") if role.party == errors.CUSTOMER else None
    return people.Person(
        id=people.PersonId(f"id of {email}"),
        email=email,
        name="",
        role=role,
        created_at=NOW,
        **{"account": account, "status": people.Status.ACTIVE, **fields},
    )


def test_mail_goes_to_those_who_may_see_the_project_and_want_it() -> None:
    async def story() -> None:
        place = await begun()
        someones = [
            _person("wants@example.org", people.Role.VIEWER),
            _person("urgent-only@example.org", people.Role.VIEWER),
            _person("silent@example.org", people.Role.OWNER),
            _person("other-project@example.org", people.Role.ADMIN, only=(projects.ProjectId("f" * 32),)),
            _person("suspended@example.org", people.Role.ADMIN, status=people.Status.SUSPENDED),
            _person("stranger@example.org", people.Role.OWNER, account=projects.AccountId("zz9-local")),
            _person("staff@steward.example", people.Role.OPERATOR),
        ]
        async with place.records.begin() as work:
            for each in someones:
                await work.people.put(each)
                if not each.email.startswith("silent"):
                    least = "urgent" if each.email.startswith("urgent") else "info"
                    await work.preferences.put(_mail(each, least))
            await history.keep(work, event(place, "2.1-1", "cluster:installed"))
            notice = (await work.notices.of(place.project_id))[-1]
            found = await work.deliveries.of(notice.id)
        assert sorted((each.channel.value, each.address) for each in found) == [
            ("inbox", ""),
            ("mail", "wants@example.org"),
        ]

    run(story())


def _mail(person: people.Person, least: str) -> notices.Preference:
    return notices.Preference(
        id=person.id,
        party=person.party,
        person_id=person.id,
        channel=notices.Channel.MAIL,
        least=notices.Severity(least),
        created_at=NOW,
    )


def test_without_any_recipient_the_notice_stays_and_its_receipt_is_missing() -> None:
    async def story() -> None:
        place = await begun()
        async with place.records.begin() as work:
            await history.keep(work, event(place, "2.1-1", "cluster:installed"))
            (receipt,) = await work.receipts.of(notices.row("2.1-1", f"cluster:{place.cluster_id}", errors.CUSTOMER))
            proof = await work.evidence.get(f"2.1-1/cluster:{place.cluster_id}/{outbox.COLLECTOR}")
        assert receipt.received_at is None
        assert proof is not None
        assert proof.outcome is evidence.Outcome.UNKNOWN
        assert len(await told(place)) == 1

    run(story())


def test_a_notice_stands_in_the_ledger_without_its_words() -> None:
    async def story() -> None:
        place = await begun()
        async with place.records.begin() as work:
            await history.keep(work, event(place, "2.1-1", "cluster:installed"))
        log = place.records.kept["ledger"][f"project-{place.project_id}"]
        entry = next(each for each in log if each.kind == "notice" and each.facts["type"] == "cluster:installed")
        assert "The thing is done" not in str(entry.facts)
        assert entry.personal["text"] == "The thing is done"

    run(story())


def test_the_customer_is_told_of_a_project_or_not_at_all() -> None:
    async def story() -> None:
        place = await begun()
        news = outbox.News(
            at=NOW, activity="3.1.6-5", type="version:published", text="", acted=errors.PROVIDER, subject="fleet"
        )
        async with place.records.begin() as work:
            with pytest.raises(ValueError, match="names no project"):
                await outbox.inform(work, news)

    run(story())


def test_every_line_of_the_table_has_a_title_and_a_deadline() -> None:
    for type_, line in table.LINES.items():
        assert line.title.strip()
        assert line.deadline.total_seconds() > 0
        assert ":" in type_
    assert table.LINES.keys().isdisjoint(table.PARTS)
    assert set(table.PARTS.values()) <= table.LINES.keys()


def test_a_title_made_of_a_message_is_one_short_line() -> None:
    assert table.line_of("new:type", "a\nb " * 100).title.endswith("…")
    assert len(table.line_of("new:type", "a\nb " * 100).title) == table.LONGEST_TITLE
    assert "\n" not in table.line_of("new:type", "a\nb").title
