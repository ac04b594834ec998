"""Credentials: an account's first are handed over by the provider, all others are made, validated and revoked by it.

Secrets leave here once, in the answer to whoever they were made for; no log line holds one.
"""

import dataclasses
import ipaddress
import secrets
from collections.abc import Sequence
from datetime import datetime

import structlog

from steward.domain import accounts, actors, credentials, errors, projects
from steward.operations import access, history, registry, rights
from steward.operations import context as context_
from steward.operations.registry import activity_of, operation
from steward.ports import records

_log = structlog.get_logger()

KEY_LENGTH = 16
SECRET_LENGTH = 32
MOST_IPS = 100
LONGEST_TEXT = 500
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

Issued = tuple[credentials.Application, credentials.Credential]
Pair = tuple[credentials.Application | None, credentials.Credential | None]


def _token(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def usual_rules() -> tuple[credentials.AccessRule, ...]:
    """Whatever a customer does here; the account, not the rules, decides which projects there are for it.

    A project of somebody else then answers 404 like one that never was, as at OVHcloud. Who wants less names rules.
    """
    paths = (
        "/cloud/project",
        "/cloud/project/*",
        "/dbaas/logs",
        "/dbaas/logs/*",
        "/auth/*",
        "/me",
        "/me/*",
        "/native/*",
    )
    return tuple(credentials.AccessRule(method, path) for path in paths for method in credentials.METHODS)


@operation("credential.create", "account.hand_over")
async def issue(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    description: str = "",
    rules: Sequence[tuple[str, str]] | None = None,
    days: int | None = None,
) -> Issued:
    """An application and its validated consumer key, for the account of a project.

    The provider hands over an account's first; from then on the customer makes its own (3.1.2-1).
    """
    now = context.clock.now()
    async with context.records.begin() as work:
        name = await _hand_over_or_create(work, actor, project_id, now)
        project = await access.project(work, actor, project_id)
        application, credential = await made(work, project, now=now, description=description, rules=rules)
        ends = credentials.end_after(days, now)
        if ends is not None:
            credential = dataclasses.replace(credential, expires_at=ends)
            await work.credentials.save(credential)
        await _written(work, name, actor, credential, now)
    return application, credential


async def made(
    work: records.Work,
    project: projects.Project,
    *,
    now: datetime,
    description: str,
    rules: Sequence[tuple[str, str]] | None = None,
) -> Issued:
    application = credentials.Application(
        key=credentials.ApplicationKey(_token(KEY_LENGTH)),
        secret=_token(SECRET_LENGTH),
        name=projects.checked_description(description) or f"project {project.id}",
        created_at=now,
    )
    await work.credentials.save_application(application)
    credential = await work.credentials.add(
        credentials.Credential(
            id=0,
            consumer_key=credentials.ConsumerKey(_token(SECRET_LENGTH)),
            application_key=application.key,
            account=project.account,
            rules=usual_rules() if rules is None else credentials.checked_rules(list(rules)),
            status=credentials.Status.VALIDATED,
            description=description,
            created_at=now,
        )
    )
    return application, credential


async def _hand_over_or_create(work: records.Work, actor: actors.Actor, project_id: str, now: datetime) -> str:
    account = None
    if actor.of_provider:
        project = await work.projects.get(projects.ProjectId(project_id))
        account = None if project is None else await work.accounts.get(project.account)
    if account is None or account.handed_over_at is not None:
        registry.narrow("credential.create")
        return "credential.create"
    registry.narrow("account.hand_over")
    if account.status is accounts.Status.CLOSED:
        raise errors.Conflict(f"Account {account.id} is closed")
    await work.accounts.put(dataclasses.replace(account, handed_over_at=now, changed_at=now))
    return "account.hand_over"


@operation("credential.request")
async def request(
    context: context_.Context,
    actor: actors.Actor,
    *,
    application_key: str,
    rules: Sequence[tuple[str, str]],
    redirection: str | None = None,
    allowed_ips: Sequence[str] = (),
) -> credentials.Credential:
    """A consumer key that can do nothing until somebody validates it."""
    checked = credentials.checked_rules(list(rules))
    blocks = _checked_ips(allowed_ips)
    if redirection is not None and (len(redirection) > LONGEST_TEXT or not redirection.isprintable()):
        raise errors.BadInput(f"[redirection] must be printable and at most {LONGEST_TEXT} characters")
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        application = await work.credentials.application(application_key)
        if application is None:
            raise errors.Forbidden("This application key is invalid", code="INVALID_KEY")
        credential = await work.credentials.add(
            credentials.Credential(
                id=0,
                consumer_key=credentials.ConsumerKey(_token(SECRET_LENGTH)),
                application_key=application.key,
                account=None,
                rules=checked,
                status=credentials.Status.PENDING,
                allowed_ips=blocks,
                redirection=redirection,
                created_at=context.clock.now(),
            )
        )
    _log.info("credential.request", credential=credential.id, actor=actor.name)
    return credential


def _checked_ips(blocks: Sequence[str]) -> tuple[str, ...]:
    if len(blocks) > MOST_IPS:
        raise errors.BadInput(f"[allowedIPs] at most {MOST_IPS} ranges")
    checked = []
    for block in blocks:
        try:
            checked.append(str(ipaddress.ip_network(block, strict=False)))
        except ValueError:
            raise errors.BadInput(f"[allowedIPs] Given data ({block[:64]}) is not valid for type ipBlock") from None
    return tuple(checked)


@operation("credential.validate")
async def validate(
    context: context_.Context, actor: actors.Actor, *, credential_id: int, days: int | None = None
) -> credentials.Credential:
    """The actor's account takes the application's request on itself; its caller has checked that it holds the link."""
    now = context.clock.now()
    ends = credentials.end_after(days, now)
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        credential = await _pending(work, credential_id, now)
        validated = dataclasses.replace(
            credential, account=actor.account, status=credentials.Status.VALIDATED, expires_at=ends
        )
        await work.credentials.save(validated)
        await _written(work, "credential.validate", actor, validated, now)
    return validated


@operation("credential.refuse")
async def refuse(context: context_.Context, actor: actors.Actor, *, credential_id: int) -> credentials.Credential:
    """Nobody can validate it afterwards; its caller has checked that it holds the link."""
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        credential = await _pending(work, credential_id, context.clock.now())
        refused = dataclasses.replace(credential, account=actor.account, status=credentials.Status.REFUSED)
        await work.credentials.save(refused)
        await _written(work, "credential.refuse", actor, refused, context.clock.now())
    return refused


async def _pending(work: records.Work, credential_id: int, now: datetime) -> credentials.Credential:
    credential = await _get(work, credential_id)
    state = credential.state(now)
    if state is not credentials.Status.PENDING:
        raise errors.Conflict(
            f"Credential {credential_id} is {state.value}; only a pending one can be granted or refused",
            name="ConflictError",
        )
    return credential


@operation("credential.revoke")
async def revoke(
    context: context_.Context, actor: actors.Actor, *, credential_id: int, account: projects.AccountId | None = None
) -> None:
    """With an account, only that account's. Revoking twice is fine."""
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        credential = await _get(work, credential_id)
        if account is not None and credential.account != account:
            raise _unknown(credential_id)
        if credential.status is credentials.Status.EXPIRED:
            return
        revoked = dataclasses.replace(credential, status=credentials.Status.EXPIRED)
        await work.credentials.save(revoked)
        await _written(work, "credential.revoke", actor, revoked, context.clock.now())


@operation("credential.revoke")
async def revoke_of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str, credential_id: int
) -> None:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
    await revoke(context, actor, credential_id=credential_id, account=project.account)


async def revoke_own(context: context_.Context, actor: actors.Actor, *, credential_id: int) -> None:
    await own(context, actor, credential_id=credential_id)
    await revoke(context, actor, credential_id=credential_id, account=actor.account)


@operation("credential.revoke")
async def revoke_application(context: context_.Context, actor: actors.Actor, *, application_key: str) -> None:
    """All that the actor's account granted to it."""
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        for each in await _of(work, actor):
            if each.application_key == application_key and each.status is not credentials.Status.EXPIRED:
                revoked = dataclasses.replace(each, status=credentials.Status.EXPIRED)
                await work.credentials.save(revoked)
                await _written(work, "credential.revoke", actor, revoked, context.clock.now())


async def all_own(context: context_.Context, actor: actors.Actor) -> Sequence[credentials.Credential]:
    """Of the actor's account."""
    async with context.records.read() as work:
        return await _of(work, actor)


async def own(context: context_.Context, actor: actors.Actor, *, credential_id: int) -> credentials.Credential:
    found = next((each for each in await all_own(context, actor) if each.id == credential_id), None)
    if found is None:
        raise _unknown(credential_id)
    return found


async def applications(context: context_.Context, actor: actors.Actor) -> Sequence[credentials.Application]:
    """Those that may act for the actor's account, or once might; oldest first."""
    async with context.records.read() as work:
        keys = dict.fromkeys(each.application_key for each in await _of(work, actor))
        found = [await work.credentials.application(key) for key in keys]
    return [each for each in found if each is not None]


async def _of(work: records.Work, actor: actors.Actor) -> Sequence[credentials.Credential]:
    return [] if actor.account is None else await work.credentials.of_account(actor.account)


async def all_of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str
) -> Sequence[credentials.Credential]:
    """Those of the project's account."""
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        return await work.credentials.of_account(project.account)


async def get(context: context_.Context, actor: actors.Actor, *, credential_id: int) -> credentials.Credential:
    async with context.records.read() as work:
        return await _get(work, credential_id)


async def with_application(context: context_.Context, *, credential_id: int) -> Pair:
    """What the page of a pending request shows; its caller has checked that the visitor holds the link."""
    async with context.records.read() as work:
        credential = await work.credentials.get(credential_id)
        if credential is None:
            return None, None
        return await work.credentials.application(credential.application_key), credential


async def find(context: context_.Context, *, application_key: str, consumer_key: str) -> Pair:
    """For the edge, which checks signatures."""
    async with context.records.read() as work:
        application = await work.credentials.application(application_key)
        credential = await work.credentials.by_consumer_key(consumer_key)
        if credential is not None and credential.account is not None:
            account = await work.accounts.get(credential.account)
            if account is not None and account.status is accounts.Status.CLOSED:
                credential = dataclasses.replace(credential, status=credentials.Status.EXPIRED)
        return application, credential


async def used(context: context_.Context, *, credential_id: int, at: datetime) -> None:
    """Remember when it was last used; a storage that takes no writes does not stop reading."""
    try:
        async with context.records.begin() as work:
            await work.credentials.touch(credential_id, at)
    except errors.Unavailable:
        _log.warning("credential.last_use_not_written", credential=credential_id)


async def _get(work: records.Work, credential_id: int) -> credentials.Credential:
    credential = await work.credentials.get(credential_id) if 0 < credential_id < 2**31 else None
    if credential is None:
        raise _unknown(credential_id)
    return credential


def _unknown(credential_id: int) -> errors.NotFound:
    return errors.NotFound(f"Credential {credential_id} does not exist")


async def _written(
    work: records.Work, name: str, actor: actors.Actor, credential: credentials.Credential, at: datetime
) -> None:
    if credential.account is not None:
        facts = {"credential": str(credential.id), "status": credential.status.value}
        deed = history.Deed(operation=name, type=f"credential:{credential.status.value}", message="", facts=facts)
        await history.of_account(work, deed, at=at, actor=actor, account=credential.account)
    _log.info(name, credential=credential.id, actor=actor.name, activity=activity_of(name))
