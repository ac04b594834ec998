"""Each carried row of the contract turned proven by what happens, and turned stale or breached as well."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from steward.responsibility import evidence_rules
from steward.responsibility.coverage import State
from tests import virtual
from tests.unit.reconcile import ears, lives, sites
from tests.unit.reconcile.sites import Site

DAY = 86_400.0
GOOD = (State.PROVEN, State.ATTESTED)
States = dict[str, State]
CARRIED = sorted(each.activity for each in evidence_rules.RULES.values() if each.carried)
LIVING = [each for each in CARRIED if not evidence_rules.RULES[each].at_end]
ENDING = [each for each in CARRIED if evidence_rules.RULES[each].at_end]
pytestmark = pytest.mark.campaign  # a day of virtual time for each row


@pytest.fixture(scope="module")
def told(ground: sites.Ground) -> Callable[[str], dict[str, str]]:
    """One whole life, lived once: what its report said while it stood, after its end, and long after anybody looked."""
    said: dict[str, dict[str, str]] = {}

    async def life(site: Site) -> None:
        cluster_id = await lives.full(site)
        said["stands"] = await _said(site, cluster_id)
        await site.steward.kill()
        await site.clock.sleep(400 * DAY)
        said["unwatched"] = await _said(site, cluster_id)

    async def end(site: Site) -> None:
        cluster_id = await site.standing(2)
        said["before"] = await _said(site, cluster_id)
        await site.delete(cluster_id)
        await site.until_deleted(cluster_id)
        said["gone"] = await _said(site, cluster_id)
        await site.steward.kill()
        await site.clock.sleep(400 * DAY)
        said["long gone"] = await _said(site, cluster_id)

    for story in (life, end):
        _played(ground, story)
    return said.__getitem__


async def _said(site: Site, cluster_id: str) -> dict[str, str]:
    found = await lives.report(site, cluster_id)
    return {each.activity.id: f"{each.row.state.value}: {each.row.reason}" for each in found.lines}


def _played(ground: sites.Ground, story: Callable[..., object]) -> None:
    with tempfile.TemporaryDirectory(dir=ears.forgetful_disk(), prefix="steward-test-") as folder:

        async def whole(clock: virtual.VirtualClock) -> None:
            site = await ground.site(clock, folder=Path(folder))
            await site.begin()
            try:
                await story(site)  # type: ignore[misc]  # a story is awaited
            finally:
                await site.steward.kill()
                await site.records.close()

        virtual.run(whole)


def state(said: str) -> State:
    return State(said.partition(":")[0])


@pytest.mark.parametrize("activity", LIVING)
def test_it_is_proven_by_what_happened(told: Callable[[str], dict[str, str]], activity: str) -> None:
    assert state(told("stands")[activity]) in GOOD, told("stands")[activity]


@pytest.mark.parametrize("activity", LIVING)
def test_it_is_proven_no_longer_once_nobody_looks(told: Callable[[str], dict[str, str]], activity: str) -> None:
    assert state(told("unwatched")[activity]) not in (*GOOD, State.NOT_APPLICABLE), told("unwatched")[activity]


@pytest.mark.parametrize("activity", ENDING)
def test_the_end_is_proven_at_the_end(told: Callable[[str], dict[str, str]], activity: str) -> None:
    assert state(told("before")[activity]) is State.NOT_APPLICABLE
    assert state(told("gone")[activity]) is State.PROVEN, told("gone")[activity]


@pytest.mark.parametrize("activity", ENDING)
def test_the_end_is_not_proven_for_ever(told: Callable[[str], dict[str, str]], activity: str) -> None:
    assert state(told("long gone")[activity]) is State.STALE, told("long gone")[activity]


def test_rows_that_nothing_carries_are_unknown(told: Callable[[str], dict[str, str]]) -> None:
    for moment in ("stands", "unwatched", "gone"):
        for activity, said in told(moment).items():
            if not evidence_rules.RULES[activity].carried:
                assert state(said) is State.UNKNOWN, f"{moment} {activity} {said}"
