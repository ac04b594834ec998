"""Answers that nobody can ask for again are forgotten."""

from collections.abc import Callable
from datetime import timedelta

from steward.domain import replays
from steward.reconcile import housekeeping
from tests.unit.reconcile.sites import Site

Play = Callable[..., None]


def test_marks_and_their_answers_go_once_their_signature_is_too_old(play: Play) -> None:
    async def story(site: Site) -> None:
        now = site.clock.now()
        many = [replays.Mark(id=f"{number:064x}", until=now) for number in range(housekeeping.PAGE + 20)]
        late = replays.Mark(id="f" * 64, until=now + timedelta(hours=1))
        async with site.records.begin() as work:
            for each in [*many, late]:
                await work.replays.put(each)
                await work.secrets.put(each.owner, replays.ANSWER, b"{}")
        await site.clock.sleep(2 * housekeeping.SOON)
        async with site.records.read() as work:
            assert list(await work.replays.all()) == [late]
            assert await work.secrets.get(late.owner, replays.ANSWER) is not None
            assert await work.secrets.get(many[0].owner, replays.ANSWER) is None

    play(story)
