"""People of both parties: invited, given a role, suspended, closed.

A customer's people are the customer's to manage, staff the provider's. The one exception is an account's first owner,
whom the provider may invite when it hands the account over. How people get a password is in `passwords`, how they sign
in in `sessions`.
"""

import dataclasses
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from steward.domain import accounts, actors, errors, people, projects
from steward.operations import access, accesses, history, registry, rights, tokens
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

_log = structlog.get_logger()

INVITATION_LIVES = timedelta(days=7)
MOST_PEOPLE = 1000
OPERATORS_EMAIL = "operator@localhost"  # of the person that the state folder's token stands for
_TOPMOST = (people.Role.OWNER, people.Role.OPERATOR)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """`account` only where the provider hands over to a customer; else it is the inviting party's own."""

    email: str
    role: str
    name: str = ""
    only: Sequence[str] = ()
    account: str = ""


@operation("person.invite", "staff.invite", "account.hand_over")
async def invite(context: context_.Context, actor: actors.Actor, wanted: Invitation) -> tuple[people.Person, str]:
    """The person, and the secret with which it sets its first password."""
    now = context.clock.now()
    async with context.records.begin() as work:
        account = await _account_for(work, actor, wanted)
        if account is not None and actor.of_provider and account.handed_over_at is None:
            registry.narrow("account.hand_over")
            await rights.decided(work, actor)
            return await hand_over(work, actor, account, wanted, now=now)
        name = tokens.narrow("person.invite", errors.PROVIDER if account is None else errors.CUSTOMER)
        await rights.decided(work, actor)
        person, secret = await _invited(work, wanted, account, now=now)
        await _written(work, name, actor, person, "invited", now=now)
    return person, secret


async def _account_for(work: records.Work, actor: actors.Actor, wanted: Invitation) -> accounts.Account | None:
    """None for the provider's own staff."""
    if actor.of_provider and not wanted.account:
        return None
    return await access.account(work, actor, wanted.account or actor.account or "")


async def hand_over(
    work: records.Work, actor: actors.Actor, account: accounts.Account, wanted: Invitation, *, now: datetime
) -> tuple[people.Person, str]:
    """The first owner, while `account.hand_over` is under way; from then on the customer manages its own."""
    if wanted.role != people.Role.OWNER:
        raise errors.BadInput("[role] the first person of an account is its owner, who invites all others")
    person, secret = await _invited(work, wanted, account, now=now)
    await work.accounts.put(dataclasses.replace(account, handed_over_at=now, changed_at=now))
    await _written(work, "account.hand_over", actor, person, "invited", now=now)
    return person, secret


async def _invited(
    work: records.Work, wanted: Invitation, account: accounts.Account | None, *, now: datetime
) -> tuple[people.Person, str]:
    if account is not None and account.status is accounts.Status.CLOSED:
        raise errors.Conflict(f"Account {account.id} is closed")
    email = people.checked_email(wanted.email)
    party = errors.PROVIDER if account is None else errors.CUSTOMER
    role = people.checked_role(wanted.role, party)
    if await work.people.by_key(email) is not None:
        raise errors.Conflict("This address cannot be invited: it stands for a person already")
    if len(await work.people.of(party if account is None else account.id)) >= MOST_PEOPLE:
        raise errors.Conflict(f"There are {MOST_PEOPLE} people already")
    person = people.Person(
        id=people.PersonId(str(uuid.uuid4())),
        email=email,
        name=people.checked_name(wanted.name),
        role=role,
        account=None if account is None else account.id,
        only=await _checked_only(work, account, role, wanted.only),
        created_at=now,
    )
    await work.people.put(person)
    _, secret = await tokens.made(work, person, people.Purpose.INVITATION, now=now, lifetime=INVITATION_LIVES)
    return person, secret


async def _checked_only(
    work: records.Work, account: accounts.Account | None, role: people.Role, only: Sequence[str]
) -> tuple[projects.ProjectId, ...]:
    if not only:
        return ()
    if account is None or role is people.Role.OWNER:
        raise errors.BadInput(f"[only] a person with the role {role.value} is not limited to projects")
    own = {each.id for each in await work.projects.of_account(account.id)}
    for each in only:
        if each not in own:
            raise errors.BadInput(f"[only] {each[:64]!r} is no project of this account")
    return tuple(projects.ProjectId(each) for each in dict.fromkeys(only))


async def all_of(context: context_.Context, actor: actors.Actor, *, account: str = "") -> Sequence[people.Person]:
    """One's own party's; the provider may name a customer's account."""
    async with context.records.read() as work:
        if actor.of_provider and not account:
            return await work.people.of(errors.PROVIDER)
        found = await access.account(work, actor, account or actor.account or "")
        return await work.people.of(found.id)


async def get(context: context_.Context, actor: actors.Actor, *, person_id: str) -> people.Person:
    async with context.records.read() as work:
        return await access.person(work, actor, person_id)


@operation("person.change", "staff.change")
async def change(
    context: context_.Context,
    actor: actors.Actor,
    *,
    person_id: str,
    role: str | None = None,
    only: Sequence[str] | None = None,
) -> people.Person:
    """In force with the person's next call."""
    now = context.clock.now()
    async with context.records.begin() as work:
        person, name = await _taken_on(work, actor, person_id, "person.change")
        wanted = person.role if role is None else people.checked_role(role, person.party)
        account = None if person.account is None else await access.account(work, actor, person.account)
        limits = await _checked_only(work, account, wanted, person.only if only is None else only)
        if wanted is not person.role:
            await _check_not_last(work, person)
        changed = dataclasses.replace(person, role=wanted, only=limits)
        if changed != person:
            await work.people.put(changed)
            await _written(work, name, actor, changed, "changed", now=now)
    return changed


@operation("person.suspend", "staff.suspend")
async def suspend(context: context_.Context, actor: actors.Actor, *, person_id: str) -> people.Person:
    """Ends its sessions and its access to clusters; its API tokens are worth nothing until it is resumed."""
    now = context.clock.now()
    async with context.records.begin() as work:
        person, name = await _taken_on(work, actor, person_id, "person.suspend")
        if person.status is people.Status.SUSPENDED:
            return person
        await _check_not_last(work, person)
        suspended = dataclasses.replace(person, status=people.Status.SUSPENDED)
        await work.people.put(suspended)
        await tokens.revoke_all(work, person, now, keep=(people.Purpose.API, people.Purpose.INVITATION))
        out_of = await accesses.end_all_of(work, context, actor, person.id)
        await _written(work, name, actor, suspended, "suspended", now=now)
    for subject in out_of:
        context.wake(subject)
    return suspended


@operation("person.resume", "staff.resume")
async def resume(context: context_.Context, actor: actors.Actor, *, person_id: str) -> people.Person:
    now = context.clock.now()
    async with context.records.begin() as work:
        person, name = await _taken_on(work, actor, person_id, "person.resume")
        if person.status is not people.Status.SUSPENDED:
            return person
        resumed = dataclasses.replace(person, status=people.Status.ACTIVE)
        await work.people.put(resumed)
        await _written(work, name, actor, resumed, "resumed", now=now)
    return resumed


@operation("person.close", "staff.close")
async def close(context: context_.Context, actor: actors.Actor, *, person_id: str) -> None:
    """For good; its address may be invited anew, as somebody else."""
    now = context.clock.now()
    async with context.records.begin() as work:
        person, name = await _taken_on(work, actor, person_id, "person.close")
        await _check_not_last(work, person)
        await closed(work, person, now)
        out_of = await accesses.end_all_of(work, context, actor, person.id)
        await _written(work, name, actor, person, "closed", now=now)
    for subject in out_of:
        context.wake(subject)


async def closed(work: records.Work, person: people.Person, now: datetime) -> None:
    """With everything that stood for it."""
    await work.people.put(
        dataclasses.replace(person, status=people.Status.CLOSED, password_hash="", second_factor=False)
    )
    await work.secrets.remove_all(person.id)
    await work.identities.remove_of(person.id)
    await tokens.revoke_all(work, person, now)


async def _taken_on(work: records.Work, actor: actors.Actor, person_id: str, name: str) -> tuple[people.Person, str]:
    """A person that the actor may manage, and the operation by the name it has for that person's party."""
    person = await access.person(work, actor, person_id)
    named = tokens.narrow(name, person.party)
    await rights.decided(work, actor)
    if person.status is people.Status.CLOSED:
        raise errors.Conflict(f"Person {person.id} is closed for good; invite the address anew")
    return person, named


async def _check_not_last(work: records.Work, person: people.Person) -> None:
    """Somebody has to be left who can manage people."""
    if person.role not in _TOPMOST or person.status is not people.Status.ACTIVE:
        return
    others = await work.people.of(person.account or errors.PROVIDER)
    if not any(
        each.id != person.id and each.role is person.role and each.status is people.Status.ACTIVE for each in others
    ):
        raise errors.Conflict(
            f"This is the last active {person.role.value}; give somebody else that role first", code="LAST_OF_ITS_ROLE"
        )


async def _written(
    work: records.Work, name: str, actor: actors.Actor, person: people.Person, what: str, *, now: datetime
) -> None:
    deed = history.Deed(operation=name, type=f"person:{what}", message=f"{what}, as {person.role.value}")
    await history.of_person(work, deed, at=now, actor=actor, person=person)
    _log.info(name, person=person.id, role=person.role.value, actor=actor.name)


async def begin(context: context_.Context, token: str) -> None:
    """At every start: the person that the state folder's token stands for. A token of an earlier file ends."""
    async with context.records.read() as work:
        if await work.tokens.by_key(tokens.digest(token)) is not None:
            return  # nothing is written: a service whose disk is full starts and reads
    now = context.clock.now()
    async with context.records.begin() as work:
        known = await _first_operator(work) or await _made_first_operator(work, now)
        if known.status is people.Status.CLOSED:
            return
        for each in await work.tokens.of(known.id):
            if each.expires_at is None and each.revoked_at is None:
                await work.tokens.put(dataclasses.replace(each, revoked_at=now))
        await work.tokens.put(
            people.Token(
                id=people.TokenId(str(uuid.uuid4())),
                person_id=known.id,
                purpose=people.Purpose.API,
                hash=tokens.digest(token),
                description="operator.token of the state folder",
                created_at=now,
            )
        )
    _log.info("operator.token_known", person=known.id)


async def begun(context: context_.Context) -> bool:
    """Whether `begin` was: from then on the records alone say who an operator is."""
    async with context.records.read() as work:
        return await _first_operator(work) is not None


async def _first_operator(work: records.Work) -> people.Person | None:
    """Also a closed one, which is not made anew."""
    staff = await work.people.of(errors.PROVIDER)
    return next((each for each in staff if each.email == OPERATORS_EMAIL), None)


async def _made_first_operator(work: records.Work, now: datetime) -> people.Person:
    person = people.Person(
        id=people.PersonId(str(uuid.uuid4())),
        email=OPERATORS_EMAIL,
        name="operator",
        role=people.Role.OPERATOR,
        status=people.Status.ACTIVE,
        created_at=now,
    )
    await work.people.put(person)
    deed = history.Deed(operation="staff.invite", type="person:invited", message="the first operator")
    await history.of_person(work, deed, at=now, actor=actors.OPERATOR, person=person)
    return person
