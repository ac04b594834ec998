"""What stands for a person: API tokens, sessions, invitations. Each is shown once, kept as a hash, and ends.

A token counts only while its person does: suspended, closed, or of a closed account, it fails at once.
"""

import dataclasses
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from steward.domain import accounts, actors, errors, people
from steward.operations import access, history, registry, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records
from steward.responsibility import operations

_log = structlog.get_logger()

PREFIX = "stw_"  # so that scanners for leaked secrets can know one
USUAL_DAYS, MOST_DAYS = 90, 366
MOST_TOKENS = 100
LAST_USE_SECONDS = 300  # a last use is written at most this often
_LONGEST_SECRET = 200
LONGEST_DESCRIPTION = 255
SETTING_PASSWORDS = (people.Purpose.INVITATION, people.Purpose.RESET)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A token that counts, and whom it stands for."""

    token: people.Token
    person: people.Person

    @property
    def actor(self) -> actors.Actor:
        return actors.person(self.person)


def digest(secret: str) -> str:
    """Random secrets of 256 bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def named(name: str, party: str) -> str:
    """The operation, or its twin of the provider's staff."""
    return name if party == errors.CUSTOMER else operations.staff_twin(name)


def narrow(name: str, party: str) -> str:
    """To what this call asks for; which of the twins it is."""
    wanted = named(name, party)
    registry.narrow(wanted)
    return wanted


async def made(
    work: records.Work,
    person: people.Person,
    purpose: people.Purpose,
    *,
    now: datetime,
    lifetime: timedelta,
    description: str = "",
) -> tuple[people.Token, str]:
    """A new one with its secret, which is kept nowhere."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = people.Token(
        id=people.TokenId(str(uuid.uuid4())),
        person_id=person.id,
        purpose=purpose,
        hash=digest(secret),
        description=description,
        created_at=now,
        expires_at=now + lifetime,
    )
    await work.tokens.put(token)
    return token, secret


async def held(work: records.Work, secret: str, purposes: Sequence[people.Purpose], now: datetime) -> Held | None:
    """Found by its hash: how long that takes says nothing about a secret."""
    if len(secret) > _LONGEST_SECRET:
        return None
    token = await work.tokens.by_key(digest(secret))
    if token is None or token.purpose not in purposes or not token.usable(now):
        return None
    person = await work.people.get(token.person_id)
    first = token.purpose in SETTING_PASSWORDS
    awaited = (people.Status.INVITED, people.Status.ACTIVE) if first else (people.Status.ACTIVE,)
    if person is None or person.status not in awaited or await _account_closed(work, person):
        return None
    return Held(token=token, person=person)


async def _account_closed(work: records.Work, person: people.Person) -> bool:
    if person.account is None:
        return False
    account = await work.accounts.get(person.account)
    return account is not None and account.status is accounts.Status.CLOSED


async def used(context: context_.Context, found: Held) -> None:
    """Remember when it was last used; a storage that takes no writes does not stop reading."""
    now = context.clock.now()
    last = found.token.last_use
    if last is not None and (now - last).total_seconds() < LAST_USE_SECONDS:
        return
    try:
        async with context.records.begin() as work:
            token = await work.tokens.get(found.token.id)
            if token is not None:
                await work.tokens.put(dataclasses.replace(token, last_use=now))
    except errors.Unavailable:
        _log.warning("token.last_use_not_written", token=found.token.id)


async def revoke_all(
    work: records.Work, person: people.Person, now: datetime, *, keep: Sequence[people.Purpose] = ()
) -> None:
    """All that stands for the person, but for the purposes to keep."""
    for each in await work.tokens.of(person.id):
        if each.revoked_at is None and each.purpose not in keep:
            await work.tokens.put(dataclasses.replace(each, revoked_at=now))


@operation("token.create", "staff_token.create")
async def create(
    context: context_.Context, actor: actors.Actor, *, description: str, days: int = USUAL_DAYS
) -> tuple[people.Token, str]:
    """An API token of one's own."""
    name = narrow("token.create", actor.party)
    if not description.strip() or len(description) > LONGEST_DESCRIPTION or not description.isprintable():
        raise errors.BadInput(
            f"[description] says what the token is for, in 1 to {LONGEST_DESCRIPTION} printable characters"
        )
    if not 1 <= days <= MOST_DAYS:
        raise errors.BadInput(f"[days] a token lives 1 to {MOST_DAYS} days")
    now = context.clock.now()
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        person = await oneself(work, actor)
        if len([each for each in await _of(work, person.id) if each.usable(now)]) >= MOST_TOKENS:
            raise errors.Conflict(f"You have {MOST_TOKENS} tokens; revoke one that is not used first")
        token, secret = await made(
            work, person, people.Purpose.API, now=now, lifetime=timedelta(days=days), description=description.strip()
        )
        deed = history.Deed(operation=name, type="token:created", message="", facts={"token": token.id})
        await history.of_person(work, deed, at=now, actor=actor, person=person)
    _log.info(name, token=token.id, person=person.id)
    return token, secret


async def all_of(context: context_.Context, actor: actors.Actor, *, person_id: str = "") -> Sequence[people.Token]:
    """One's own API tokens, or those of a person of one's own party."""
    async with context.records.read() as work:
        person = await access.person(work, actor, person_id) if person_id else await oneself(work, actor)
        return await _of(work, person.id)


async def _of(work: records.Work, person_id: people.PersonId) -> Sequence[people.Token]:
    return [each for each in await work.tokens.of(person_id) if each.purpose is people.Purpose.API]


@operation("token.revoke", "staff_token.revoke", "person.revoke_token", "staff.revoke_token")
async def revoke(context: context_.Context, actor: actors.Actor, *, token_id: str, person_id: str = "") -> None:
    """At once. Without a person one's own; another's takes the role that manages people. Twice is fine."""
    now = context.clock.now()
    async with context.records.begin() as work:
        person = await access.person(work, actor, person_id) if person_id else await oneself(work, actor)
        own = person.id == actor.person_id
        name = narrow("token.revoke" if own else "person.revoke_token", person.party)
        await rights.decided(work, actor)
        token = await work.tokens.get(token_id)
        if token is None or token.person_id != person.id or token.purpose is not people.Purpose.API:
            raise errors.NotFound(f"Token {token_id[:64]!r} does not exist")
        if token.revoked_at is not None:
            return
        await work.tokens.put(dataclasses.replace(token, revoked_at=now))
        deed = history.Deed(operation=name, type="token:revoked", message="", facts={"token": token.id})
        await history.of_person(work, deed, at=now, actor=actor, person=person)
    _log.info(name, token=token.id, person=person.id)


async def oneself(work: records.Work, actor: actors.Actor) -> people.Person:
    """The person that calls; an application is none."""
    person = None if actor.person_id is None else await work.people.get(actor.person_id)
    if person is None:
        raise errors.Conflict(
            "This is for a person, and the call is signed with an application's key; bear a person's token"
        )
    return person
