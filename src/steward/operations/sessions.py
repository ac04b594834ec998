"""Signing in with address, password and second factor, and the sessions that come of it.

An unknown address costs what a known one does, and is locked out like one: neither time nor answer tells which
addresses there are. Staff of the provider sign in with a second factor or not at all.
"""

import dataclasses
import hashlib
from datetime import datetime, timedelta

import structlog

from steward.domain import actors, errors, people
from steward.kit import totp
from steward.operations import context as context_
from steward.operations import rights, tokens
from steward.operations.registry import operation
from steward.ports import records

_log = structlog.get_logger()

LIFETIME = timedelta(hours=8)
HALF_LIVES = timedelta(minutes=5)  # between the password and the code
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
OVER = "SIGN_IN_OVER"  # the code came too late
SECOND_FACTOR = "second-factor"  # of the sealed secrets of a person
_LONGEST = 1000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`secret` is the session's, for a cookie; it is kept nowhere."""

    secret: str = dataclasses.field(repr=False)
    actor: actors.Actor
    person: people.Person
    expires_at: datetime


class Wrong(errors.Unauthenticated):
    """What is wrong with a sign-in; `counts` towards the lock-out."""

    def __init__(self, message: str, *, code: str, counts: bool = True) -> None:
        super().__init__(message, code=code)
        self.counts = counts


class SecondFactorRequired(Wrong):
    """`half` says for a few minutes that the password was right, so that nobody has to keep the password."""

    def __init__(self, half: str) -> None:
        super().__init__("The code of your second factor is needed", code="SECOND_FACTOR_REQUIRED", counts=False)
        self.half = half


@operation("session.start", "staff_session.start")
async def sign_in(context: context_.Context, email: str, password: str, code: str = "") -> SignedIn:
    """A refused one is counted before it is told."""
    address = email[:_LONGEST].strip().lower()
    async with context.records.read() as work:
        known = await work.people.by_key(address)
    hash = known.password_hash if known is not None else ""
    right = await context.passwords.matches(password[:_LONGEST], hash)
    now = context.clock.now()
    async with context.records.begin() as work:
        outcome = await _judged(work, address, code.strip(), right=right and bool(hash), now=now)
        ended = await concluded(work, address, outcome, now)
    return told(ended)


@operation("session.start", "staff_session.start")
async def go_on(context: context_.Context, half: str, code: str) -> SignedIn:
    """The second step of a sign-in whose password was right; a wrong code counts as a wrong password does."""
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await tokens.held(work, half, (people.Purpose.HALF,), now)
        outcome: people.Person | Wrong
        if found is None:
            address, outcome = "", Wrong("Your sign-in took too long; begin again", code=OVER, counts=False)
        else:
            address = found.person.email
            locked = await _locked(work, address, now)
            outcome = locked or await second_factor(work, found.person, code.strip() or "-", now)
        if found is not None and isinstance(outcome, people.Person):
            await work.tokens.remove(found.token.id)
        by_provider = found is not None and found.token.by_provider
        ended = await concluded(work, address, outcome, now, by_provider=by_provider)
    return told(ended)


async def concluded(
    work: records.Work, address: str | None, outcome: people.Person | Wrong, now: datetime, *, by_provider: bool = False
) -> SignedIn | Wrong:
    """Without an address nothing is counted: nobody guessed a password."""
    if isinstance(outcome, people.Person):
        return await _begun(work, outcome, now, by_provider=by_provider)
    if outcome.counts and address is not None:
        await _count(work, address, now)
    return outcome


def told(ended: SignedIn | Wrong) -> SignedIn:
    """After the transaction, or what it counted would be lost."""
    if isinstance(ended, Wrong):
        if not isinstance(ended, SecondFactorRequired):
            _log.warning("session.refused", code=ended.code)
        raise ended
    _log.info("session.started", person=ended.person.id)
    return ended


async def _locked(work: records.Work, address: str, now: datetime) -> Wrong | None:
    attempts = await work.attempts.get(_key(address))
    if attempts is None or not attempts.locked(now):
        return None
    return Wrong(
        f"Too many failed sign-ins with this address; try again in {int(LOCKED_FOR.total_seconds() // 60)} minutes",
        code="SIGN_IN_LOCKED",
        counts=False,
    )


async def _judged(work: records.Work, address: str, code: str, *, right: bool, now: datetime) -> people.Person | Wrong:
    """Read anew: the password took its time."""
    locked = await _locked(work, address, now)
    if locked is not None:
        return locked
    person = await work.people.by_key(address)
    if person is None or not right or person.status not in (people.Status.ACTIVE, people.Status.SUSPENDED):
        return Wrong("The address or the password is not right", code="SIGN_IN_REFUSED")
    if person.status is people.Status.SUSPENDED:
        return Wrong("You are suspended; ask somebody who manages people", code="PERSON_SUSPENDED", counts=False)
    return await second_factor(work, person, code, now)


async def second_factor(
    work: records.Work, person: people.Person, code: str, now: datetime, *, by_provider: bool = False
) -> people.Person | Wrong:
    if not person.second_factor:
        if person.party == errors.CUSTOMER:
            return person
        return Wrong(
            "Staff sign in with a second factor, and you have none: ask an operator for a reset of your password",
            code="SECOND_FACTOR_MISSING",
            counts=False,
        )
    if not code:
        await _drop_expired(work, person, now)
        token, half = await tokens.made(work, person, people.Purpose.HALF, now=now, lifetime=HALF_LIVES)
        await work.tokens.put(dataclasses.replace(token, by_provider=by_provider))
        return SecondFactorRequired(half)
    secret = await work.secrets.get(person.id, SECOND_FACTOR)
    step = None if secret is None else totp.step(secret, code, now)
    if step is None or step <= person.second_factor_step:
        return Wrong("The code is not right, or was used already", code="SECOND_FACTOR_REFUSED")
    return dataclasses.replace(person, second_factor_step=step)


async def _begun(work: records.Work, person: people.Person, now: datetime, *, by_provider: bool) -> SignedIn:
    actor = actors.person(person)
    tokens.narrow("session.start", person.party)
    await rights.decided(work, actor)
    await unlock(work, person)
    await work.people.put(dataclasses.replace(person, last_sign_in=now))
    await _drop_expired(work, person, now)
    token, secret = await tokens.made(work, person, people.Purpose.SESSION, now=now, lifetime=LIFETIME)
    await work.tokens.put(dataclasses.replace(token, by_provider=by_provider))
    return SignedIn(secret=secret, actor=actor, person=person, expires_at=token.expires_at or now)


async def _drop_expired(work: records.Work, person: people.Person, now: datetime) -> None:
    for each in await work.tokens.of(person.id):
        if each.purpose in (people.Purpose.SESSION, people.Purpose.HALF) and not each.usable(now):
            await work.tokens.remove(each.id)


async def unlock(work: records.Work, person: people.Person) -> None:
    await work.attempts.remove(_key(person.email))


async def _count(work: records.Work, address: str, now: datetime) -> None:
    """Also of addresses that are nobody's; what is old is forgotten on the way."""
    for old in await work.attempts.due(now):
        await work.attempts.remove(old.id)
    known = await work.attempts.get(_key(address))
    failed = 1 if known is None else known.failed + 1
    locked = failed >= MOST_FAILURES
    await work.attempts.put(
        people.Attempts(
            id=_key(address),
            failed=0 if locked else failed,
            locked_until=now + LOCKED_FOR if locked else None,
            forget_at=now + LOCKED_FOR,
        )
    )
    if locked:
        _log.warning("session.locked_out", minutes=int(LOCKED_FOR.total_seconds() // 60))


def _key(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()


async def session(context: context_.Context, secret: str) -> actors.Actor:
    """Whom a session stands for; `errors.Unauthenticated` once it ended, however it did."""
    async with context.records.read() as work:
        found = await tokens.held(work, secret, (people.Purpose.SESSION,), context.clock.now())
    if found is None:
        raise errors.Unauthenticated("Your session has ended; sign in again")
    return found.actor


@operation("session.end", "staff_session.end")
async def sign_out(context: context_.Context, secret: str) -> None:
    """`errors.Unauthenticated` when there is none: nothing is left to end."""
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await tokens.held(work, secret, (people.Purpose.SESSION,), now)
        if found is None:
            raise errors.Unauthenticated("Your session has ended already")
        tokens.narrow("session.end", found.person.party)
        await rights.decided(work, found.actor)
        await work.tokens.put(dataclasses.replace(found.token, revoked_at=now))
