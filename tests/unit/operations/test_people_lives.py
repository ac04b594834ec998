"""Random lives of people and of what stands for them: what ended once never works again, and nothing else ends."""

import dataclasses
import itertools
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from steward.domain import errors, people
from steward.operations import accounts, bearers, passwords, sessions, tokens
from steward.operations import people as people_
from tests.unit.operations import setting

PASSWORD = "seven small brown foxes"
DAYS = st.integers(min_value=1, max_value=3)


@dataclasses.dataclass
class Known:
    """A secret that somebody was given. `over` once it must never work again."""

    secret: str
    person: str
    ends: Any
    session: bool = False
    over: bool = False


class Lives(RuleBasedStateMachine):
    persons = Bundle("persons")
    secrets = Bundle("secrets")

    @initialize()
    def begin(self) -> None:
        self.service = setting.run(setting.Setting().with_project())
        self.numbers = itertools.count(1)
        self.emails: dict[str, str] = {}
        self.status: dict[str, people.Status] = {}
        self.known: list[Known] = []
        self.closed = False
        self._invited(people.Role.OWNER)  # somebody is left whatever happens to the others

    def run(self, story: Coroutine[Any, Any, Any]) -> Any:
        """None where it was refused."""
        try:
            return setting.run(story)
        except errors.Refusal:
            return None

    def _invited(self, role: people.Role) -> str:
        email = f"person{next(self.numbers)}@x.example"
        wanted = people_.Invitation(email=email, role=role.value)
        person, secret = setting.run(people_.invite(self.service.context, self.service.customer, wanted))
        setting.run(passwords.redeem(self.service.context, secret, PASSWORD))
        assert self.run(passwords.redeem(self.service.context, secret, PASSWORD)) is None, "an invitation worked twice"
        self.emails[person.id], self.status[person.id] = email, people.Status.ACTIVE
        return person.id

    @rule(target=persons, role=st.sampled_from([people.Role.ADMIN, people.Role.VIEWER]))
    def invite(self, role: people.Role) -> Any:
        return multiple() if self.closed else self._invited(role)

    @rule(target=secrets, person=persons)
    def sign_in(self, person: str) -> Any:
        made = self.run(sessions.sign_in(self.service.context, self.emails[person], PASSWORD))
        alive = self.status[person] is people.Status.ACTIVE and not self.closed
        assert (made is not None) == alive
        return self._given(made.secret, person, made.expires_at, session=True) if made else multiple()

    @rule(target=secrets, person=persons, days=DAYS)
    def token(self, person: str, days: int) -> Any:
        signed_in = self.run(sessions.sign_in(self.service.context, self.emails[person], PASSWORD))
        if signed_in is None:
            return multiple()
        token, secret = setting.run(tokens.create(self.service.context, signed_in.actor, description="x", days=days))
        setting.run(sessions.sign_out(self.service.context, signed_in.secret))
        return self._given(secret, person, token.expires_at)

    def _given(self, secret: str, person: str, ends: Any, *, session: bool = False) -> Known:
        self.known.append(Known(secret, person, ends, session=session))
        return self.known[-1]

    @rule(secret=secrets)
    def revoke(self, secret: Known) -> None:
        held = setting.run(bearers.find(self.service.context, secret.secret))
        if held is None:
            return
        if secret.session:
            setting.run(sessions.sign_out(self.service.context, secret.secret))
        else:
            setting.run(tokens.revoke(self.service.context, held.actor, token_id=held.held.token.id))
        secret.over = True

    @rule(person=persons)
    def suspend(self, person: str) -> None:
        if self._changed(person, people_.suspend(self._context, self._customer, person_id=person)):
            self.status[person] = people.Status.SUSPENDED
            self._end(person, sessions_only=True)

    @rule(person=persons)
    def resume(self, person: str) -> None:
        if self._changed(person, people_.resume(self._context, self._customer, person_id=person)):
            self.status[person] = people.Status.ACTIVE

    @rule(person=persons)
    def close(self, person: str) -> None:
        self.run(people_.close(self._context, self._customer, person_id=person))
        self.status[person] = people.Status.CLOSED
        self._end(person)

    @rule(person=persons)
    def reset(self, person: str) -> None:
        if self._changed(person, passwords.reset(self._context, self._customer, person_id=person)):
            self._end(person, sessions_only=True)

    @rule(seconds=st.integers(min_value=1, max_value=200_000))
    def pass_time(self, seconds: int) -> None:
        self.service.clock.moment += timedelta(seconds=seconds)

    @rule()
    def close_account(self) -> None:
        if self.run(accounts.close(self._context, self._customer, account=self._customer.name)):
            self.closed = True
            for person in self.status:
                self._end(person)

    def _changed(self, person: str, story: Coroutine[Any, Any, Any]) -> bool:
        return self.run(story) is not None and self.status[person] is not people.Status.CLOSED and not self.closed

    def _end(self, person: str, *, sessions_only: bool = False) -> None:
        for each in self.known:
            if each.person == person and (each.session or not sessions_only):
                each.over = True

    @property
    def _context(self) -> Any:
        return self.service.context

    @property
    def _customer(self) -> Any:
        return self.service.customer

    @invariant()
    def only_what_should_works(self) -> None:
        now = self.service.clock.now() if hasattr(self, "service") else None
        for each in getattr(self, "known", []):
            each.over = each.over or each.ends <= now
            held = setting.run(bearers.find(self.service.context, each.secret))
            wanted = not each.over and self.status[each.person] is people.Status.ACTIVE and not self.closed
            assert (held is not None) == wanted, each


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
