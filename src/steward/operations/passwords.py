"""How people come to a password and a second factor: by a token that works once, and loses its worth soon.

Staff get a second factor together with their password, for without one they cannot sign in; customers may take one.
"""

import dataclasses
from datetime import datetime, timedelta

import structlog

from steward.domain import actors, errors, people
from steward.kit import totp
from steward.operations import access, history, rights, sessions, tokens
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

_log = structlog.get_logger()

RESET_LIVES = timedelta(hours=1)
ISSUER = "steward"
_OFFERED = "second-factor-offered"  # of the sealed secrets of a person, until a first code confirms it


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """Shown once: `secret` is typed into an authenticator, or `address` is what its camera reads."""

    secret: str = dataclasses.field(repr=False)
    address: str = dataclasses.field(repr=False)


@operation("person.reset", "staff.reset")
async def reset(
    context: context_.Context, actor: actors.Actor, *, person_id: str, second_factor: bool = False
) -> tuple[people.Person, str, datetime]:
    """The secret with which the person sets a new password, and until when. Earlier ones end, and so does the tie to an
    account at an OpenID provider.

    `second_factor`: it was lost as well. Sessions end at once, the old password only when there is a new one.
    """
    now = context.clock.now()
    async with context.records.begin() as work:
        person = await access.person(work, actor, person_id)
        name = tokens.narrow("person.reset", person.party)
        await rights.decided(work, actor)
        if person.status not in (people.Status.INVITED, people.Status.ACTIVE):
            raise errors.Conflict(f"Person {person.id} is {person.status.value}")
        await tokens.revoke_all(work, person, now, keep=(people.Purpose.API,))
        await work.identities.remove_of(person.id)
        if second_factor and person.second_factor:
            person = await _without_second_factor(work, person)
        token, secret = await tokens.made(work, person, people.Purpose.RESET, now=now, lifetime=RESET_LIVES)
        deed = history.Deed(operation=name, type="person:reset", message="may set a new password")
        await history.of_person(work, deed, at=now, actor=actor, person=person)
    _log.info(name, person=person.id, actor=actor.name)
    return person, secret, token.expires_at or now


@operation("person.set_password", "staff.set_password")
async def redeem(context: context_.Context, secret: str, password: str) -> tuple[people.Person, SecondFactor | None]:
    """Of an invitation or a reset, once. The second factor where a new one was made."""
    async with context.records.read() as work:
        found = await _by_token(work, secret, context.clock.now())
    people.checked_password(password, email=found.person.email)
    hash = await context.passwords.hash(password)
    now = context.clock.now()
    async with context.records.begin() as work:
        person = (await _by_token(work, secret, now)).person
        name = tokens.narrow("person.set_password", person.party)
        await rights.decided(work, actors.person(person))
        await tokens.revoke_all(work, person, now, keep=(people.Purpose.API,))
        person = dataclasses.replace(person, password_hash=hash, status=people.Status.ACTIVE)
        factor = None
        if person.party == errors.PROVIDER and not person.second_factor:
            person, factor = await _new_second_factor(work, person)
        await work.people.put(person)
        await sessions.unlock(work, person)
        deed = history.Deed(operation=name, type="person:password_set", message="set a password")
        await history.of_person(work, deed, at=now, actor=actors.person(person), person=person)
    _log.info(name, person=person.id)
    return person, factor


async def whose(context: context_.Context, secret: str) -> people.Person:
    """For whom an invitation or a reset is; `errors.Forbidden` when it is worth nothing."""
    async with context.records.read() as work:
        return (await _by_token(work, secret, context.clock.now())).person


async def _by_token(work: records.Work, secret: str, now: datetime) -> tokens.Held:
    found = await tokens.held(work, secret, tokens.SETTING_PASSWORDS, now)
    if found is not None:
        return found
    raise errors.Forbidden(
        "This invitation is not valid: it was used, it ended, or a newer one was made. Ask for a new one",
        code="INVALID_INVITATION",
    )


async def _new_second_factor(work: records.Work, person: people.Person) -> tuple[people.Person, SecondFactor]:
    secret = totp.new_secret()
    await work.secrets.put(person.id, sessions.SECOND_FACTOR, secret)
    return dataclasses.replace(person, second_factor=True, second_factor_step=0), _shown(secret, person)


async def _without_second_factor(work: records.Work, person: people.Person) -> people.Person:
    await work.secrets.remove_all(person.id)
    without = dataclasses.replace(person, second_factor=False, second_factor_step=0)
    await work.people.put(without)
    return without


def _shown(secret: bytes, person: people.Person) -> SecondFactor:
    return SecondFactor(secret=totp.shown(secret), address=totp.address(secret, person=person.email, issuer=ISSUER))


@operation("person.second_factor", "staff.second_factor")
async def offer_second_factor(context: context_.Context, actor: actors.Actor) -> SecondFactor:
    """A new one for oneself. It takes the old one's place once a code of it was given."""
    async with context.records.begin() as work:
        person = await _oneself(work, actor)
        secret = totp.new_secret()
        await work.secrets.put(person.id, _OFFERED, secret)
    return _shown(secret, person)


@operation("person.second_factor", "staff.second_factor")
async def confirm_second_factor(context: context_.Context, actor: actors.Actor, *, code: str) -> None:
    now = context.clock.now()
    async with context.records.begin() as work:
        person = await _oneself(work, actor)
        secret = await work.secrets.get(person.id, _OFFERED)
        step = None if not secret else totp.step(secret, code.strip(), now)
        if secret is None or step is None:
            raise errors.Forbidden("The code is not right", code="SECOND_FACTOR_REFUSED")
        await work.secrets.put(person.id, sessions.SECOND_FACTOR, secret)
        await work.secrets.put(person.id, _OFFERED, b"")
        person = dataclasses.replace(person, second_factor=True, second_factor_step=step)
        await work.people.put(person)
        await _written(work, actor, person, "took a second factor", now)


@operation("person.second_factor", "staff.second_factor")
async def drop_second_factor(context: context_.Context, actor: actors.Actor, *, code: str) -> None:
    """With a code of it: a session that somebody left open is not enough. Staff keep theirs."""
    now = context.clock.now()
    async with context.records.begin() as work:
        person = await _oneself(work, actor)
        if person.party == errors.PROVIDER:
            raise errors.Conflict("Staff sign in with a second factor; take a new one instead of none")
        secret = await work.secrets.get(person.id, sessions.SECOND_FACTOR)
        step = None if secret is None or not person.second_factor else totp.step(secret, code.strip(), now)
        if step is None or step <= person.second_factor_step:
            raise errors.Forbidden("The code is not right, or was used already", code="SECOND_FACTOR_REFUSED")
        await _written(work, actor, await _without_second_factor(work, person), "gave up the second factor", now)


async def _oneself(work: records.Work, actor: actors.Actor) -> people.Person:
    person = await tokens.oneself(work, actor)
    tokens.narrow("person.second_factor", person.party)
    await rights.decided(work, actor)
    return person


async def _written(work: records.Work, actor: actors.Actor, person: people.Person, message: str, now: datetime) -> None:
    operation_name = tokens.named("person.second_factor", person.party)
    deed = history.Deed(operation=operation_name, type="person:second_factor", message=message)
    await history.of_person(work, deed, at=now, actor=actor, person=person)
