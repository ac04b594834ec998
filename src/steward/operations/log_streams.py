"""Streams of logs: an account's own, made, changed, tried out and removed; and the operations that clients wait for.

An account has one log service from the beginning, named as OVHcloud's are. OVHcloud's model of a stream has no word for
where it goes: that is its destination, with a secret that lies sealed and is shown to nobody.
"""

import dataclasses
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from steward.domain import actors, errors, gelf, logs, projects
from steward.operations import access, history, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import log_receivers, messengers, records

SECRET = "token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """None: as it is."""

    title: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """All of it: what is left out is none. A token of None stays as it is, where the URL's host stays."""

    url: str
    authority: str = ""
    header: str = ""
    token: str | None = dataclasses.field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    arrived: bool
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    name: str
    account: projects.AccountId
    since: datetime


async def services(context: context_.Context, actor: actors.Actor) -> Sequence[Service]:
    """The caller's own; who belongs to no account has none."""
    if actor.account is None:
        return []
    async with context.records.read() as work:
        account = await work.accounts.get(actor.account)
    since = logs.KIND_SINCE if account is None else account.created_at
    return [Service(name=logs.service_name(actor.account), account=actor.account, since=since)]


async def service(context: context_.Context, actor: actors.Actor, name: str) -> Service:
    found = [each for each in await services(context, actor) if each.name == name]
    if not found:
        raise errors.NotFound(access.NO_SERVICE)
    return found[0]


async def streams(context: context_.Context, actor: actors.Actor) -> Sequence[logs.Stream]:
    account = _account(actor)
    async with context.records.read() as work:
        return await work.log_streams.of(account)


async def get(context: context_.Context, actor: actors.Actor, stream_id: str) -> logs.Stream:
    async with context.records.read() as work:
        return await _one(work, actor, stream_id)


async def operation_of(context: context_.Context, actor: actors.Actor, operation_id: str) -> logs.Operation:
    """One that still waits for a subscription that is gone came to nothing."""
    account = _account(actor)
    async with context.records.read() as work:
        found = await work.log_operations.get(operation_id) if access.is_uuid(operation_id) else None
        if found is None or found.account != account:
            raise errors.NotFound("This operation does not exist")
        if found.state is logs.State.PENDING and await work.log_subscriptions.get(found.subscription_id or "") is None:
            return dataclasses.replace(found, state=logs.State.FAILURE)
        return found


@operation("log_stream.create")
async def create(
    context: context_.Context, actor: actors.Actor, *, title: str, description: str = ""
) -> logs.Operation:
    now, account = context.clock.now(), _account(actor)
    async with context.records.begin() as work:
        await _decided(work, actor)
        if len(await work.log_streams.of(account)) >= logs.MOST_STREAMS:
            raise errors.QuotaExceeded(f"An account has at most {logs.MOST_STREAMS} streams; remove one first")
        made = logs.Stream(
            id=str(uuid.uuid4()),
            account=account,
            title=logs.checked_title(title),
            description=logs.checked_description(description),
            created_at=now,
            updated_at=now,
        )
        await work.log_streams.put(made)
        deed = history.Deed(operation="log_stream.create", type="stream:created", message="A stream was made")
        return await _done(work, actor, made, deed, now)


@operation("log_stream.change")
async def change(context: context_.Context, actor: actors.Actor, stream_id: str, wanted: Wanted) -> logs.Operation:
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await _own(work, actor, stream_id)
        changed = dataclasses.replace(
            found,
            title=found.title if wanted.title is None else logs.checked_title(wanted.title),
            description=found.description
            if wanted.description is None
            else logs.checked_description(wanted.description),
            updated_at=now,
        )
        await work.log_streams.put(changed)
        deed = history.Deed(operation="log_stream.change", type="stream:changed", message="A stream was renamed")
        return await _done(work, actor, changed, deed, now)


@operation("log_stream.change")
async def redirect(
    context: context_.Context, actor: actors.Actor, stream_id: str, wanted: Destination | None
) -> logs.Stream:
    """Where it goes from now on; None for nowhere. Subscribed logs follow at once."""
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await _own(work, actor, stream_id)
        changed = await _redirected(context, work, found, wanted)
        changed = dataclasses.replace(changed, updated_at=now)
        await work.log_streams.put(changed)
        deed = history.Deed(
            operation="log_stream.change", type="stream:redirected", message="A stream got another destination"
        )
        await _done(work, actor, changed, deed, now)
    return changed


@operation("log_stream.test")
async def try_out(context: context_.Context, actor: actors.Actor, stream_id: str) -> Tried:
    """One message, handed over now and once."""
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await _own(work, actor, stream_id)
        target = await target_of(work, found)
        deed = history.Deed(operation="log_stream.test", type="stream:tested", message="A stream was tried out")
        await _done(work, actor, found, deed, now)
    if target is None:
        return Tried(arrived=False, answer="The stream has no destination yet")
    message = gelf.of_test(stream_id=found.id, now=now)
    try:
        await context.log_receivers.send(target, [message])
    except messengers.NotSent as reason:
        return Tried(arrived=False, answer=str(reason))
    return Tried(arrived=True, answer="The receiver took it")


@operation("log_stream.remove")
async def remove(context: context_.Context, actor: actors.Actor, stream_id: str) -> logs.Operation:
    """With its secret; not while a cluster's log goes there."""
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await _own(work, actor, stream_id)
        used = await _used_by(work, found)
        if used:
            raise errors.Conflict(
                f"The log of cluster {used[0].cluster_id} goes to stream {found.id} (subscription {used[0].id}); end "
                "that first",
                name="ConflictError",
            )
        await work.log_streams.remove(found.id)
        await work.secrets.remove_all(found.secret_owner)
        deed = history.Deed(operation="log_stream.remove", type="stream:removed", message="A stream was removed")
        return await _done(work, actor, found, deed, now)


async def target_of(work: records.Work, stream: logs.Stream) -> log_receivers.Target | None:
    """What logs are handed over to; None where it leads nowhere."""
    if not stream.url:
        return None
    token = await work.secrets.get(stream.secret_owner, SECRET) if stream.has_token else None
    return log_receivers.Target(
        url=stream.url, authority=stream.authority, header=stream.header, token=(token or b"").decode()
    )


async def _redirected(
    context: context_.Context, work: records.Work, found: logs.Stream, wanted: Destination | None
) -> logs.Stream:
    held = await work.secrets.get(found.secret_owner, SECRET) if found.has_token else None
    token = "" if wanted is None else wanted.token
    if token is None:
        # A secret was given for one receiver, and goes to no other without being given anew.
        same = wanted is not None and wanted.url == found.url
        token = held.decode() if held is not None and same else ""
    if wanted is not None:
        target = log_receivers.Target(url=wanted.url, authority=wanted.authority, header=wanted.header, token=token)
        context.log_receivers.check(target)
    await work.secrets.remove_all(found.secret_owner)
    if token:
        await work.secrets.put(found.secret_owner, SECRET, token.encode())
    return dataclasses.replace(
        found,
        url="" if wanted is None else wanted.url,
        authority="" if wanted is None else wanted.authority,
        header="" if wanted is None else wanted.header,
        has_token=bool(token),
    )


async def _used_by(work: records.Work, stream: logs.Stream) -> list[logs.Subscription]:
    found = []
    for project in await work.projects.of_account(stream.account):
        for cluster in await work.clusters.of_project(project.id):
            found += [each for each in await work.log_subscriptions.of(cluster.id) if each.stream_id == stream.id]
    return found


async def _one(work: records.Work, actor: actors.Actor, stream_id: str) -> logs.Stream:
    found = await work.log_streams.get(stream_id) if access.is_uuid(stream_id) else None
    if found is None or found.account != actor.account:
        raise errors.NotFound("This stream does not exist")
    return found


async def _own(work: records.Work, actor: actors.Actor, stream_id: str) -> logs.Stream:
    """To change it."""
    found = await _one(work, actor, stream_id)
    await _decided(work, actor)
    return found


async def _decided(work: records.Work, actor: actors.Actor) -> None:
    """Streams are the whole account's: whoever is limited to some of its projects reads them, and changes none."""
    await rights.decided(work, actor)
    if actor.only:
        raise errors.Forbidden(
            "Streams are the whole account's; you are limited to some of its projects",
            details={
                "whoMay": "Members and keys of the whole account",
                "howToAsk": "Ask an owner of the account to do it, or to take your limits away",
            },
        )


async def _done(
    work: records.Work, actor: actors.Actor, stream: logs.Stream, deed: history.Deed, now: datetime
) -> logs.Operation:
    """Written down in every project's ledger, and over by the time the answer leaves."""
    deed = dataclasses.replace(deed, facts={"stream": stream.id})
    await history.of_account(work, deed, at=now, actor=actor, account=stream.account)
    done = logs.Operation(
        id=str(uuid.uuid4()),
        account=stream.account,
        state=logs.State.SUCCESS,
        stream_id=stream.id,
        created_at=now,
        updated_at=now,
    )
    await work.log_operations.put(done)
    return done


def _account(actor: actors.Actor) -> projects.AccountId:
    if actor.account is None:
        raise errors.NotFound(access.NO_SERVICE)
    return actor.account
