"""Whatever both parties do and whatever breaks, in any order: an access is never longer than its window, never given by
who asked for it, and its end is always proved by a refused call."""

import contextlib
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from steward.domain import accesses, actors, errors
from steward.operations import accesses as accesses_
from steward.reconcile import accesses as reconciler
from tests import virtual
from tests.unit import persons
from tests.unit.reconcile import ears, sites, test_accesses
from tests.unit.reconcile.test_random_lives import settings

PICK = strategies.integers(0, 11)
ANYBODY = (
    sites.CUSTOMER,
    persons.CARA,
    persons.VERA,
    persons.EVE,
    persons.SUSI,
    persons.OTTO,
    persons.PAUL,
    actors.OPERATOR,
    actors.automation("3.2.1-3", "flow"),
)
WHO = strategies.sampled_from(ANYBODY)
SLACK = timedelta(seconds=120)  # of a steward that was dead, or a cluster that did not answer, at the end of a window
GROUND = sites.Ground()


class Accesses(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        folder = tempfile.TemporaryDirectory(prefix="steward-accesses-", dir=ears.forgetful_disk())
        self._folder = Path(self._stack.enter_context(folder))
        self._errors = self._stack.enter_context(ears.open_for_errors())
        self._time = virtual.Time()
        self._stack.callback(self._time.close)
        self.made: list[str] = []
        self.site = self._time.run(GROUND.site(self._time.clock, folder=self._folder))
        self._time.run(self.site.begin())
        self.cluster_id = self._time.run(self.site.standing(0))
        self.healthy_since = self.site.clock.now()

    def play(self, story: Coroutine[Any, Any, Any]) -> None:
        async def whole() -> None:
            await self._revived()  # what ran on while the last story ended may have been its death
            with contextlib.suppress(errors.Refusal):
                await story
            await self._revived()

        self._time.run(whole())

    async def _revived(self) -> None:
        if await self.site.revive():
            self.healthy_since = self.site.clock.now()

    @precondition(lambda self: len(self.made) < 4)
    @rule(
        who=WHO,
        scope=strategies.sampled_from(list(accesses.Scope)),
        minutes=strategies.sampled_from([0, 1, 2, 241]),
        emergency=strategies.booleans(),
        activity=strategies.sampled_from(["3.2.1-3", "3.1.1-1", "2.3-1", "9.9-9"]),
    )
    def request(self, who: actors.Actor, scope: accesses.Scope, minutes: int, emergency: bool, activity: str) -> None:
        wanted = accesses_.Request(
            activity=activity, scope=scope, reason="because", minutes=minutes, emergency=emergency
        )

        async def story() -> None:
            made = await accesses_.request(
                self.site.context, who, project_id=self.site.project_id, cluster_id=self.cluster_id, wanted=wanted
            )
            assert who in (persons.SUSI, persons.OTTO, persons.PAUL), "only named people of the provider ask"
            assert 1 <= made.minutes <= accesses.LONGEST_MINUTES
            assert activity in ("3.2.1-3", "3.1.1-1"), "a row of the customer's that was not lent"
            self.made.append(made.id)

        self.play(story())

    @precondition(lambda self: self.made)
    @rule(number=PICK, who=WHO)
    def approve(self, number: int, who: actors.Actor) -> None:
        async def story() -> None:
            act = accesses_.approve_emergency if who.of_provider else accesses_.approve
            given = await act(self.site.context, who, project_id=self.site.project_id, access_id=self._picked(number))
            assert given.approved_by != given.requested_by
            if who.of_provider:
                assert given.emergency
                assert who in (persons.OTTO, persons.PAUL), "support cannot approve, nor can what is nobody"
            else:
                assert who in (sites.CUSTOMER, persons.CARA), "viewers and strangers cannot consent"

        self.play(story())

    @precondition(lambda self: self.made)
    @rule(number=PICK, who=WHO, verb=strategies.sampled_from(["deny", "end", "collect"]))
    def act(self, number: int, who: actors.Actor, verb: str) -> None:
        async def story() -> None:
            access_id = self._picked(number)
            named = {"project_id": self.site.project_id, "access_id": access_id}
            if verb == "collect":
                before = await test_accesses.now(self.site, access_id)
                await accesses_.collect(self.site.context, who, **named)
                assert before.collected_at is None, "it is shown once"
                assert who.name == before.requested_by
                assert before.approved_at is not None
            else:
                await {"deny": accesses_.deny, "end": accesses_.end}[verb](self.site.context, who, **named)
                assert who not in (persons.EVE, persons.VERA)

        self.play(story())

    @rule(seconds=strategies.sampled_from([0.1, 1.0, 5.0, 30.0, 70.0]))
    def wait(self, seconds: float) -> None:
        self.play(self.site.clock.sleep(seconds))

    @rule(crossings=strategies.integers(1, 40))
    def kill_soon(self, crossings: int) -> None:
        life = self.site.steward.life
        left = [crossings]

        def gate() -> None:
            left[0] -= 1
            if left[0] == 0:
                life.end()

        life.on_gate = gate

    @rule()
    def mute(self) -> None:
        self.site.faults.mute(self.cluster_id)

    @rule()
    def mend(self) -> None:
        self.site.faults.mend(self.cluster_id)
        self.healthy_since = self.site.clock.now()

    @invariant()
    def as_it_must_be(self) -> None:
        assert not self._errors, ears.said(self._errors)
        self._time.run(self._check())

    async def _check(self) -> None:
        now = self.site.clock.now()
        standing = test_accesses.bound(self.site, self.cluster_id)
        for access_id in self.made:
            found = await test_accesses.now(self.site, access_id)
            rights = [each for each in standing if access_id in each]
            if found.status is accesses.Status.ENDED:
                assert found.refused_with in ("403 Forbidden", accesses.NEVER_MADE)
                assert not rights
            if found.status in (accesses.Status.REQUESTED, accesses.Status.DENIED):
                assert not rights
            if found.expires_at is not None:
                assert found.approved_at is not None
                assert found.expires_at == found.approved_at + timedelta(minutes=found.minutes)
                late = max(found.expires_at, self.healthy_since) + SLACK
                muted = self.site.world.places[self.cluster_id].faults.muted
                assert not rights or muted or now < late, "rights that outlive their window"
            await self._check_certificate(found)

    async def _check_certificate(self, found: accesses.Access) -> None:
        async with self.site.records.read() as work:
            issued = await work.issuances.of(self.cluster_id)
        mine = [each for each in issued if each.user == reconciler.accesses.user_of(found)]
        assert len(mine) <= 1
        for each in mine:
            assert found.expires_at is not None, "a credential of what nobody approved"
            assert each.expires_at <= found.expires_at

    def teardown(self) -> None:
        try:
            self.site.steward.life.on_gate = lambda: None
            self.mend()
            self.play(self.site.clock.sleep(300))
            self.play(self._all_over())
            self.as_it_must_be()
        finally:
            self._time.run(self._end())
            self._stack.close()

    async def _all_over(self) -> None:
        for access_id in self.made:
            found = await test_accesses.now(self.site, access_id)
            fine = (accesses.Status.REQUESTED, accesses.Status.DENIED, accesses.Status.ENDED)
            assert found.status in fine, found

    async def _end(self) -> None:
        await self.site.steward.kill()
        await self.site.records.close()

    def _picked(self, number: int) -> str:
        return self.made[number % len(self.made)]


class TestAccesses(Accesses.TestCase):  # type: ignore[name-defined,misc]  # made by hypothesis
    settings = settings(6, 15)


@pytest.mark.campaign
class TestManyAccesses(Accesses.TestCase):  # type: ignore[name-defined,misc]  # made by hypothesis
    settings = settings(30, 30)


@pytest.mark.soak
@pytest.mark.timeout(7200)
class TestLongAccesses(Accesses.TestCase):  # type: ignore[name-defined,misc]  # made by hypothesis
    settings = settings(300, 60)
