"""How one person wants to be told beside the inbox: by mail or not, from which severity on, one by one or gathered.

Of oneself only; mail goes to the address that the person signs in with, so nobody can have it sent to another.
"""

from dataclasses import dataclass, replace

from steward.domain import actors, errors, people
from steward.domain import notices as notices_
from steward.operations import context as context_
from steward.operations import registry, rights
from steward.operations.registry import operation
from steward.ports import records


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """`address` is the person's."""

    on: bool
    least: notices_.Severity = notices_.Severity.INFO
    digest: bool = False
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """None: as it is."""

    on: bool | None = None
    least: str | None = None
    digest: bool | None = None


async def get(context: context_.Context, actor: actors.Actor) -> Mail:
    async with context.records.read() as work:
        person = await _person(work, actor)
        return _shown(person, await work.preferences.get(_id(person)))


@operation("preference.set", "staff_preference.set")
async def set_(context: context_.Context, actor: actors.Actor, wanted: Wanted) -> Mail:
    registry.narrow("staff_preference.set" if actor.of_provider else "preference.set")
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        person = await _person(work, actor)
        found = await work.preferences.get(_id(person))
        before = _shown(person, found)
        on = before.on if wanted.on is None else wanted.on
        if not on:
            await work.preferences.remove(_id(person))
            await work.paces.remove_of(_id(person))
            return Mail(on=False, address=person.email)
        made = found or notices_.Preference(
            id=_id(person),
            party=person.party,
            person_id=person.id,
            channel=notices_.Channel.MAIL,
            created_at=context.clock.now(),
        )
        changed = replace(
            made,
            least=made.least if wanted.least is None else notices_.checked_severity(wanted.least),
            digest=made.digest if wanted.digest is None else wanted.digest,
        )
        await work.preferences.put(changed)
    return _shown(person, changed)


def _id(person: people.Person) -> str:
    """One per person: asking twice changes the same."""
    return str(person.id)


def _shown(person: people.Person, found: notices_.Preference | None) -> Mail:
    if found is None:
        return Mail(on=False, address=person.email)
    return Mail(on=True, least=found.least, digest=found.digest, address=person.email)


async def _person(work: records.Work, actor: actors.Actor) -> people.Person:
    found = None if actor.person_id is None else await work.people.get(actor.person_id)
    if found is None:
        raise errors.Conflict(
            "A key belongs to no person, and has no mailbox: sign in as a person to say how you want to be told",
            code="NO_PERSON",
        )
    return found
