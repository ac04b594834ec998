"""The engine comes back to what fails, however often it did."""

from pathlib import Path

from steward.reconcile import engine
from steward.reconcile.outcome import DONE, Outcome
from tests import virtual
from tests.unit.reconcile import sites

FAILURES = 1100  # more than a float can be doubled


def test_a_thousand_failures_in_a_row_are_no_reason_to_give_up(ground: sites.Ground, tmp_path: Path) -> None:
    looks: list[float] = []

    async def story(clock: virtual.VirtualClock) -> None:
        async def fails(subject: str, lease: engine.Lease) -> Outcome:
            looks.append(clock.now().timestamp())
            if len(looks) <= 2:
                raise RuntimeError("not yet")
            return DONE

        async def everything() -> list[str]:
            return ["thing:1"]

        site = await ground.site(clock, folder=tmp_path)
        made = engine.Engine(
            site.records, clock, owner="here", handlers={"thing": fails}, everything=everything, audit_interval=3600
        )
        await made.start()
        await clock.until(lambda: len(looks) == 1)
        made._state.entries["thing:1"].errors = FAILURES  # which would take most of a day, and of this test's time
        await clock.until(lambda: len(looks) == 3, within=3 * engine.LONGEST_AFTER_ERROR)
        await made.stop()
        await site.records.close()

    virtual.run(story)
    assert looks[-1] - looks[-2] == engine.LONGEST_AFTER_ERROR
