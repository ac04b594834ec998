"""The life of a customer's account: suspended, resumed, closed. It is made with its first project (`projects`).

Suspending stops changes, nothing else. Closing ends everything that acts for the account, and waits until no cluster
is left. The hand-over gives the customer its first key and its first owner, once.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

import structlog

from steward.domain import accounts, actors, credentials, errors, people, projects
from steward.operations import access, history, oauth2, registry, rights
from steward.operations import context as context_
from steward.operations import credentials as credentials_
from steward.operations import people as people_
from steward.operations.registry import operation
from steward.ports import records

_log = structlog.get_logger()

LONGEST_REASON = 500
_PROJECT_STATUS = {
    accounts.Status.ACTIVE: projects.Status.OK,
    accounts.Status.SUSPENDED: projects.Status.SUSPENDED,
    accounts.Status.CLOSED: projects.Status.DELETED,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    operation: str
    actor: actors.Actor
    at: datetime
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """The secrets are kept nowhere: `invitation` sets the owner's password."""

    application: credentials.Application
    credential: credentials.Credential
    owner: people.Person
    invitation: str = dataclasses.field(repr=False)


@operation("account.hand_over")
async def hand_over(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    owner: people_.Invitation,
    description: str = "",
    rules: Sequence[tuple[str, str]] | None = None,
) -> HandedOver:
    """An account's first key and its first owner, together; the customer makes and invites all further ones."""
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        account = await access.account(work, actor, project.account)
        if account.handed_over_at is not None:
            raise errors.Conflict(
                f"Account {account.id} was handed over at {account.handed_over_at:%Y-%m-%d %H:%M} UTC; the customer "
                "invites its people itself",
                code="HANDED_OVER",
            )
        person, invitation = await people_.hand_over(work, actor, account, owner, now=now)
        application, credential = await credentials_.made(work, project, now=now, description=description, rules=rules)
    _log.info("account.hand_over", account=account.id, actor=actor.name)
    return HandedOver(application=application, credential=credential, owner=person, invitation=invitation)


async def all_of(context: context_.Context, actor: actors.Actor) -> Sequence[accounts.Account]:
    """One's own; the provider sees all."""
    async with context.records.read() as work:
        if actor.of_provider:
            return await work.accounts.all()
        return [await access.account(work, actor, actor.account)] if actor.account else []


async def get(context: context_.Context, actor: actors.Actor, *, account: str) -> accounts.Account:
    async with context.records.read() as work:
        return await access.account(work, actor, account)


@operation("account.suspend")
async def suspend(context: context_.Context, actor: actors.Actor, *, account: str, reason: str) -> accounts.Account:
    """The customer reads the reason in every refusal."""
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise errors.BadInput(f"[reason] tells the customer why, in 1 to {LONGEST_REASON} printable characters")
    asked = _Asked(operation="account.suspend", actor=actor, at=context.clock.now(), reason=reason.strip())
    async with context.records.begin() as work:
        return await _become(work, await _decided(work, actor, account), accounts.Status.SUSPENDED, asked)


@operation("account.resume")
async def resume(context: context_.Context, actor: actors.Actor, *, account: str) -> accounts.Account:
    asked = _Asked(operation="account.resume", actor=actor, at=context.clock.now())
    async with context.records.begin() as work:
        return await _become(work, await _decided(work, actor, account), accounts.Status.ACTIVE, asked)


@operation("account.close", "account.leave")
async def close(context: context_.Context, actor: actors.Actor, *, account: str) -> accounts.Account:
    """Either party ends it, each under its own row; no credential and no person of it works from then on."""
    name = "account.close" if actor.of_provider else "account.leave"
    registry.narrow(name)
    asked = _Asked(operation=name, actor=actor, at=context.clock.now())
    async with context.records.begin() as work:
        found = await access.account(work, actor, account)
        await rights.decided(work, actor)
        await _check_empty(work, found)
        closed = await _become(work, found, accounts.Status.CLOSED, asked)
        await _end_all(work, found.id, asked.at)
    return closed


async def _decided(work: records.Work, actor: actors.Actor, name: str) -> accounts.Account:
    found = await access.account(work, actor, name)
    await rights.decided(work, actor)
    if found.status is accounts.Status.CLOSED:
        raise errors.Conflict(f"Account {found.id} is closed for good")
    return found


async def _check_empty(work: records.Work, account: accounts.Account) -> None:
    for project in await work.projects.of_account(account.id):
        left = await work.clusters.of_project(project.id)
        if left:
            raise errors.Conflict(
                f"Project {project.id} still has {len(left)} clusters: the customer deletes them first, then the "
                "account can be closed",
                code="ACCOUNT_NOT_EMPTY",
                details={"project": project.id, "clusters": ", ".join(each.id for each in left[:10])},
            )


async def _become(
    work: records.Work, account: accounts.Account, status: accounts.Status, asked: _Asked
) -> accounts.Account:
    if (account.status, account.reason) == (status, asked.reason):
        return account
    changed = dataclasses.replace(account, status=status, reason=asked.reason, changed_at=asked.at)
    await work.accounts.put(changed)
    for project in await work.projects.of_account(account.id):
        await work.projects.save(dataclasses.replace(project, status=_PROJECT_STATUS[status]))
    deed = history.Deed(
        operation=asked.operation,
        type=f"account:{status.value}",
        message=asked.reason,
        facts={"status": status.value},
    )
    await history.of_account(work, deed, at=asked.at, actor=asked.actor, account=account.id)
    _log.info(asked.operation, account=account.id, status=status.value, actor=asked.actor.name)
    return changed


async def _end_all(work: records.Work, account: projects.AccountId, now: datetime) -> None:
    for person in await work.people.of(account):
        await people_.closed(work, person, now)
    await oauth2.remove_all(work, account)
    for credential in await work.credentials.of_account(account):
        if credential.status is not credentials.Status.EXPIRED:
            await work.credentials.save(dataclasses.replace(credential, status=credentials.Status.EXPIRED))
