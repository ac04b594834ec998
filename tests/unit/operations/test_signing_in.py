"""Signing in: the same work for known and unknown addresses, codes that work once, lock-outs that end."""

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from steward.domain import actors, errors, people
from steward.kit import totp
from steward.operations import bearers, passwords, sessions, tokens
from steward.operations import people as people_
from tests import fakes
from tests.unit.operations import setting

PASSWORD = "seven small brown foxes"
ANN, SAM = "ann@x.example", "sam@provider.example"


class Desk:
    """Ann, an owner of the customer, and Sam of the provider's support."""

    def __init__(self) -> None:
        self.service = setting.Setting()
        self.hashes = fakes.Passwords()
        self.service.context = dataclasses.replace(self.service.context, passwords=self.hashes)
        self.factor = b""

    async def opened(self) -> "Desk":
        await self.service.with_project()
        for actor, email, role in ((self.service.customer, ANN, "owner"), (actors.OPERATOR, SAM, "support")):
            wanted = people_.Invitation(email=email, role=role)
            _, secret = await people_.invite(self.service.context, actor, wanted)
            person, _ = await passwords.redeem(self.service.context, secret, PASSWORD)
        async with self.service.records.read() as work:
            self.factor = await work.secrets.get(person.id, sessions.SECOND_FACTOR) or b""
        return self

    async def refused(self, email: str, password: str = PASSWORD, code: str = "") -> str:
        with pytest.raises(errors.Unauthenticated) as refusal:
            await self.signs_in(email, password, code)
        return refusal.value.code

    async def signs_in(self, email: str, password: str = PASSWORD, code: str = "") -> sessions.SignedIn:
        return await sessions.sign_in(self.service.context, email, password, code)

    def code(self, seconds: int = 0) -> str:
        return totp.code(self.factor, self.service.clock.now() + timedelta(seconds=seconds))

    def later(self, seconds: float) -> None:
        self.service.clock.moment += timedelta(seconds=seconds)


def test_a_session_is_its_persons_until_it_ends() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        made = await desk.signs_in(" Ann@X.example ")
        actor = await sessions.session(desk.service.context, made.secret)
        assert (actor.name, actor.role, actor.account) == (ANN, people.Role.OWNER, "ab1-local")
        assert made.secret not in repr(made)
        desk.later(sessions.LIFETIME.total_seconds() - 1)
        await sessions.session(desk.service.context, made.secret)
        desk.later(1)
        with pytest.raises(errors.Unauthenticated):
            await sessions.session(desk.service.context, made.secret)

    setting.run(story())


def test_signed_out_is_out() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        made, other = await desk.signs_in(ANN), await desk.signs_in(ANN)
        await sessions.sign_out(desk.service.context, made.secret)
        for act in (sessions.session, sessions.sign_out):
            with pytest.raises(errors.Unauthenticated):
                await act(desk.service.context, made.secret)
        await sessions.session(desk.service.context, other.secret)

    setting.run(story())


def test_purposes_do_not_mix() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        signed_in = await desk.signs_in(ANN)
        _, token = await tokens.create(desk.service.context, signed_in.actor, description="x")
        _, reset, _ = await passwords.reset(
            desk.service.context, desk.service.customer, person_id=str(signed_in.person.id)
        )
        for secret in (token, reset):
            with pytest.raises(errors.Unauthenticated):
                await sessions.session(desk.service.context, secret)
        assert await bearers.find(desk.service.context, reset) is None
        with pytest.raises(errors.Forbidden):
            await passwords.redeem(desk.service.context, token, PASSWORD)

    setting.run(story())


@pytest.mark.parametrize(
    ("email", "password"),
    [(ANN, "wrong"), ("nobody@x.example", PASSWORD), ("", ""), ("x" * 100_000, "y" * 100_000), ("\ud800", "\ud800")],
)
def test_every_refusal_costs_one_comparison_and_one_transaction(email: str, password: str) -> None:
    async def story() -> None:
        desk = await Desk().opened()
        compared, commits = desk.hashes.compared, desk.service.records.commits
        assert await desk.refused(email, password) == "SIGN_IN_REFUSED"
        assert (desk.hashes.compared, desk.service.records.commits) == (compared + 1, commits + 1)
        async with desk.service.records.read() as work:
            (counted,) = await work.attempts.all()
        assert counted.failed == 1
        assert email not in repr(counted) or not email

    setting.run(story())


def test_who_was_only_invited_cannot_sign_in() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        wanted = people_.Invitation(email="bob@x.example", role="viewer")
        await people_.invite(desk.service.context, desk.service.customer, wanted)
        for password in ("", PASSWORD, "hash of "):
            assert await desk.refused("bob@x.example", password) == "SIGN_IN_REFUSED"

    setting.run(story())


def test_guesses_at_the_same_time_are_all_counted() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        outcomes = await asyncio.gather(*(desk.refused(ANN, f"guess {number}") for number in range(20)))
        assert outcomes.count("SIGN_IN_REFUSED") == sessions.MOST_FAILURES
        assert outcomes.count("SIGN_IN_LOCKED") == 20 - sessions.MOST_FAILURES
        assert await desk.refused(ANN) == "SIGN_IN_LOCKED"
        desk.later(sessions.LOCKED_FOR.total_seconds() - 1)
        assert await desk.refused(ANN) == "SIGN_IN_LOCKED"
        desk.later(1)
        await desk.signs_in(ANN)

    setting.run(story())


def test_old_failures_are_forgotten() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        for number in range(200):
            await desk.refused(f"nobody{number}@x.example")
        desk.later(sessions.LOCKED_FOR.total_seconds())
        for number in range(3):
            await desk.refused(f"other{number}@x.example")
        async with desk.service.records.read() as work:
            assert len(await work.attempts.all()) == 3

    setting.run(story())


def test_a_code_works_once_and_not_later() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        old, code = desk.code(-30), desk.code()
        await desk.signs_in(SAM, code=code)
        for again in (code, old):
            assert await desk.refused(SAM, code=again) == "SECOND_FACTOR_REFUSED"
        desk.later(30)
        await desk.signs_in(SAM, code=desk.code())
        assert await desk.refused(SAM, code=desk.code(120)) == "SECOND_FACTOR_REFUSED"

    setting.run(story())


def test_wrong_codes_lock_out_as_wrong_passwords_do() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        assert await desk.refused(SAM) == "SECOND_FACTOR_REQUIRED"
        for _ in range(sessions.MOST_FAILURES):
            assert await desk.refused(SAM, code="000000x") == "SECOND_FACTOR_REFUSED"
        assert await desk.refused(SAM, code=desk.code()) == "SIGN_IN_LOCKED"

    setting.run(story())


def test_a_lost_second_factor_is_made_anew_with_the_password() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        async with desk.service.records.read() as work:
            sam = await work.people.by_key(SAM)
        assert sam is not None
        context = desk.service.context
        _, secret, _ = await passwords.reset(context, actors.OPERATOR, person_id=sam.id)
        _, factor = await passwords.redeem(context, secret, PASSWORD)
        assert factor is None
        await desk.signs_in(SAM, code=desk.code())
        desk.later(60)
        _, secret, _ = await passwords.reset(context, actors.OPERATOR, person_id=sam.id, second_factor=True)
        assert await desk.refused(SAM, code=desk.code()) == "SECOND_FACTOR_MISSING"
        _, factor = await passwords.redeem(context, secret, PASSWORD)
        assert factor is not None
        assert factor.secret not in repr(factor)
        assert await desk.refused(SAM, code=desk.code()) == "SECOND_FACTOR_REFUSED"
        async with desk.service.records.read() as work:
            desk.factor = await work.secrets.get(sam.id, sessions.SECOND_FACTOR) or b""
        await desk.signs_in(SAM, code=desk.code())

    setting.run(story())


def test_the_ledger_names_nobody() -> None:
    async def story() -> None:
        desk = await Desk().opened()
        log = desk.service.records.kept["ledger"][f"project-{desk.service.project_id}"]
        drafts = [each for each in log if each.subject.startswith("person:")]
        assert [each.facts["operation"] for each in drafts] == ["person.invite", "person.set_password"]
        assert {each.activity for each in drafts} == {"3.1.2-1"}
        for each in drafts:
            assert each.personal["person"] == ANN
            assert ANN not in repr(each.facts) + each.subject
        staff = [each for each in desk.service.records.kept["ledger"]["provider"] if each.subject.startswith("person:")]
        assert {each.activity for each in staff} == {"3.1.2-2"}

    setting.run(story())
