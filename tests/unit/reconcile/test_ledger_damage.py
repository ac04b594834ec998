"""A ledger that somebody cut or altered: it is said, the place is named, and nothing is signed that would hide it."""

from collections.abc import Callable

import pytest

from steward.domain import ledgers
from steward.kit import notes
from steward.operations import ledgers as ledgers_
from steward.reconcile import ledgers as jobs
from tests.unit.reconcile import logs
from tests.unit.reconcile.sites import CUSTOMER, Site

Play = Callable[..., None]


@pytest.mark.parametrize("how", ["rows", "size", "leaf", "tree", "first"])
def test_a_ledger_that_was_cut_is_called_damaged_and_the_place_is_named(play: Play, how: str, told: list[str]) -> None:
    async def story(site: Site) -> None:
        await site.standing(1)
        held = await logs.quiet(site)
        kept = await ledgers_.checkpoint(site.context, CUSTOMER, project_id=site.project_id)
        name, last = logs.log(site), kept.size - 1
        where = f"where log = '{name}'"
        statements = {
            "rows": [f"delete from ledger_entries {where} and position = {last}"],
            "size": [
                f"delete from ledger_entries {where} and position >= 2",
                f"update ledger_sizes set size = 2, roots = (select hash from ledger_hashes {where} and level = 1 "
                f"and position = 0) {where}",
            ],
            "leaf": [f"update ledger_entries set leaf = replace(leaf, 'party', 'parti') {where} and position = 3"],
            "tree": [f"delete from ledger_hashes {where} and level = 2 and position = 0"],
            "first": [f"delete from ledger_entries {where} and position = 0"],
        }[how]
        first = {"rows": last, "size": 2, "leaf": 3, "tree": 0, "first": 0}[how]
        logs.cut(site, *statements)
        await jobs.read_again(held)
        state = await ledgers_.state(site.context, CUSTOMER, project_id=site.project_id)
        assert state.damage is not None
        assert state.damage.index == first
        async with site.records.read() as work:
            own = logs.kinds(await work.ledger.entries(ledgers.PROVIDER_LOG))
            assert own.count("damage") == 1
        found = logs.judged(await logs.exported(site), saved=[notes.unverified(kept.note)])
        if how == "tree":
            assert found.holds  # the entries are all there: the export shows more than the table can prove
        else:
            assert found.fault is not None
            assert found.fault.index == first
            assert found.fault.kind == ("altered" if how == "leaf" else "removed")
        assert told

    play(story)


@pytest.mark.parametrize("how", ["cut", "another tree"])
def test_nothing_is_signed_that_contradicts_what_was_signed(play: Play, how: str, told: list[str]) -> None:
    async def story(site: Site) -> None:
        await site.standing(0)
        held = await logs.quiet(site)
        kept = await ledgers_.checkpoint(site.context, CUSTOMER, project_id=site.project_id)
        where = f"where log = '{logs.log(site)}'"
        if how == "cut":
            logs.cut(
                site,
                f"delete from ledger_entries {where} and position >= 1",
                f"update ledger_sizes set size = 1, roots = (select hash from ledger_entries {where}) {where}",
            )
        else:
            logs.cut(site, f"update ledger_entries set hash = zeroblob(32) {where} and position = {kept.size - 1}")
            logs.cut(site, f"update ledger_hashes set hash = zeroblob(32) {where}")
            await site.order(0)
        for _ in range(2):
            assert logs.log(site) not in await jobs.sign_grown(held)
        assert await ledgers_.checkpoint(site.context, CUSTOMER, project_id=site.project_id) == kept
        assert "ledger.damaged" in told
        async with site.records.read() as work:
            signed = await work.ledger.checkpoint(ledgers.PROVIDER_LOG)
            assert signed is not None, "other logs are signed all the same"

    play(story)


def test_a_part_of_the_tree_that_was_lost_keeps_no_other_log_from_being_signed(play: Play, told: list[str]) -> None:
    async def story(site: Site) -> None:
        await site.standing(0)
        held = await logs.quiet(site)
        await ledgers_.checkpoint(site.context, CUSTOMER, project_id=site.project_id)
        async with site.records.begin() as work:
            for name in (logs.log(site), ledgers.PROVIDER_LOG):
                for _ in range(2):
                    draft = ledgers.Draft(kind="note", at=site.clock.now(), activity="3.1.6-2", subject="x", facts={})
                    await work.ledger.append(name, draft)
            size = await work.ledger.size(logs.log(site))
        where = f"where log = '{logs.log(site)}'"
        logs.cut(site, f"delete from ledger_hashes {where}", f"update ledger_sizes set roots = x'' {where}")
        signed = await jobs.sign_grown(held)
        assert size > 2
        assert (logs.log(site) in signed, ledgers.PROVIDER_LOG in signed) == (False, True)
        assert told

    play(story)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What operators find in the service's log."""
    found: list[str] = []

    class Log:
        def error(self, event: str, **_: object) -> None:
            found.append(event)

        info = error

    monkeypatch.setattr(jobs, "log", Log())
    monkeypatch.setattr(ledgers_, "_log", Log())
    return found


def test_a_ledger_that_is_whole_again_is_no_longer_called_damaged(play: Play, told: list[str]) -> None:
    async def story(site: Site) -> None:
        await site.standing(0)
        held = await logs.quiet(site)
        where = f"where log = '{logs.log(site)}' and position = 1"
        logs.cut(site, f"update ledger_entries set leaf = leaf || ' ' {where}")
        await jobs.read_again(held)
        await jobs.read_again(held)
        assert (await ledgers_.state(site.context, CUSTOMER, project_id=site.project_id)).damage is not None
        logs.cut(site, f"update ledger_entries set leaf = trim(leaf) {where}")
        await jobs.read_again(held)
        assert (await ledgers_.state(site.context, CUSTOMER, project_id=site.project_id)).damage is None
        assert told == ["ledger.damaged", "ledger.whole_again"]

    play(story)
