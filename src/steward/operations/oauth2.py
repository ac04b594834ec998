"""OAuth2 clients of a party: made, described, removed; and the access tokens that they are given for their secret.

A customer's clients are its owners' to manage, the provider's its operators'. What a client may do, its role says. Its
tokens end after an hour (those for one project after a day), with the client, or when one of them signs out.
"""

import dataclasses
import hmac
import secrets
from collections.abc import Sequence

import structlog

from steward.domain import accounts, actors, errors, oauth2, projects
from steward.operations import access, history, rights, tokens
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

_log = structlog.get_logger()

PREFIX = f"{tokens.PREFIX}at_"  # of access tokens
MOST_CLIENTS = 100  # of a party
MOST_TOKENS = 1000  # of a client at once; the oldest end first
_LONGEST = 200
_NO_HASH = "0" * 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    name: str
    description: str = ""
    role: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A token that counts, and the client that it was given to."""

    token: oauth2.AccessToken
    client: oauth2.Client

    @property
    def actor(self) -> actors.Actor:
        return actors.client(self.client, self.token.project_id)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """`secret` is the token as it is borne; it is kept nowhere."""

    token: oauth2.AccessToken
    client: oauth2.Client
    secret: str = dataclasses.field(repr=False)


class WrongClient(errors.Unauthenticated):
    """Unknown, with a wrong secret, or asking for a project out of its reach: the answer does not tell which."""


@operation("oauth2_client.create", "staff_oauth2_client.create")
async def create(context: context_.Context, actor: actors.Actor, wanted: Wanted) -> tuple[oauth2.Client, str]:
    """The client, and its secret, which is kept nowhere."""
    name = tokens.narrow("oauth2_client.create", actor.party)
    secret, now = secrets.token_hex(32), context.clock.now()
    client = oauth2.Client(
        id=oauth2.ClientId(secrets.token_hex(8)),
        account=actor.account,
        role=oauth2.checked_role(wanted.role, actor.party),
        name=oauth2.checked_name(wanted.name),
        description=oauth2.checked_description(wanted.description),
        secret_hash=tokens.digest(secret),
        created_at=now,
    )
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        if len(await work.oauth2_clients.of(_owner(actor.account))) >= MOST_CLIENTS:
            raise errors.Conflict(f"There are {MOST_CLIENTS} OAuth2 clients already; remove one that is not used first")
        await work.oauth2_clients.put(client)
        deed = history.Deed(operation=name, type="client:created", message=f"OAuth2 client {client.name} was made")
        await history.of_client(work, deed, at=now, actor=actor, client=client)
    _log.info(name, client=client.id, role=client.role.value, actor=actor.name)
    return client, secret


@operation("oauth2_client.change", "staff_oauth2_client.change")
async def change(
    context: context_.Context,
    actor: actors.Actor,
    *,
    client_id: str,
    name: str | None = None,
    description: str | None = None,
) -> oauth2.Client:
    """What it is called and for; its role is given once."""
    now = context.clock.now()
    async with context.records.begin() as work:
        client = await _own(work, actor, client_id)
        operation_name = tokens.narrow("oauth2_client.change", client.party)
        await rights.decided(work, actor)
        changed = dataclasses.replace(
            client,
            name=client.name if name is None else oauth2.checked_name(name),
            description=client.description if description is None else oauth2.checked_description(description),
        )
        if changed != client:
            await work.oauth2_clients.put(changed)
            deed = history.Deed(operation=operation_name, type="client:changed", message="")
            await history.of_client(work, deed, at=now, actor=actor, client=changed)
    return changed


@operation("oauth2_client.remove", "staff_oauth2_client.remove")
async def remove(context: context_.Context, actor: actors.Actor, *, client_id: str) -> None:
    """With its tokens, at once."""
    now = context.clock.now()
    async with context.records.begin() as work:
        client = await _own(work, actor, client_id)
        name = tokens.narrow("oauth2_client.remove", client.party)
        await rights.decided(work, actor)
        await _removed(work, client)
        deed = history.Deed(operation=name, type="client:removed", message=f"OAuth2 client {client.name} was removed")
        await history.of_client(work, deed, at=now, actor=actor, client=client)
    _log.info(name, client=client.id, actor=actor.name)


async def remove_all(work: records.Work, account: projects.AccountId) -> None:
    """Of an account that is closed."""
    for client in await work.oauth2_clients.of(_owner(account)):
        await _removed(work, client)


async def _removed(work: records.Work, client: oauth2.Client) -> None:
    await work.oauth2_clients.remove(client.id)
    await work.access_tokens.remove_of(client.id)


async def all_of(context: context_.Context, actor: actors.Actor) -> Sequence[oauth2.Client]:
    """Of one's own party."""
    async with context.records.read() as work:
        return await work.oauth2_clients.of(_owner(actor.account))


async def get(context: context_.Context, actor: actors.Actor, *, client_id: str) -> oauth2.Client:
    async with context.records.read() as work:
        return await _own(work, actor, client_id)


async def _own(work: records.Work, actor: actors.Actor, client_id: str) -> oauth2.Client:
    found = await work.oauth2_clients.get(client_id)
    if found is None or found.account != actor.account:
        raise errors.NotFound(f"OAuth2 client {client_id[:64]!r} does not exist")
    return found


def _owner(account: projects.AccountId | None) -> str:
    return account or errors.PROVIDER


@operation("access_token.issue", "staff_access_token.issue")
async def issue(context: context_.Context, client_id: str, secret: str, *, project_id: str | None = None) -> Issued:
    """For a client's own secret, good in one project where one is named. `WrongClient` costs the same whatever was
    wrong."""
    now, made = context.clock.now(), PREFIX + secrets.token_urlsafe(32)
    async with context.records.read() as work:  # a wrong secret makes no writer wait
        await _known(work, client_id, secret, project_id)
    async with context.records.begin() as work:
        client = await _known(work, client_id, secret, project_id)
        tokens.narrow("access_token.issue", client.party)
        await rights.decided(work, actors.client(client))
        for each in await work.access_tokens.of(client.id):
            if not each.usable(now):
                await work.access_tokens.remove(each.hash)
        lives = oauth2.TOKEN_LIVES if project_id is None else oauth2.PROJECT_TOKEN_LIVES
        token = oauth2.AccessToken(
            hash=tokens.digest(made),
            client_id=client.id,
            project_id=None if project_id is None else projects.ProjectId(project_id),
            created_at=now,
            expires_at=now + lives,
        )
        await work.access_tokens.put(token)
        await work.access_tokens.keep_latest(client.id, MOST_TOKENS)
        await work.oauth2_clients.put(dataclasses.replace(client, last_use=now))
    return Issued(token=token, client=client, secret=made)


async def _known(work: records.Work, client_id: str, secret: str, project_id: str | None) -> oauth2.Client:
    client = await work.oauth2_clients.get(client_id[:_LONGEST])
    expected = _NO_HASH if client is None else client.secret_hash
    right = hmac.compare_digest(tokens.digest(secret[:_LONGEST]), expected)
    if client is None or not right or await _closed(work, client) or not await _reached(work, client, project_id):
        raise WrongClient("The client is not known, or its secret is not right", code="INVALID_CLIENT")
    return client


async def _reached(work: records.Work, client: oauth2.Client, project_id: str | None) -> bool:
    """The provider's own programs reach every project: no token could bind them to one."""
    if project_id is None:
        return True
    if client.account is None:
        return False
    try:
        await access.seen(work, actors.client(client), project_id)
    except errors.NotFound:
        return False
    return True


async def _closed(work: records.Work, client: oauth2.Client) -> bool:
    account = None if client.account is None else await work.accounts.get(client.account)
    return account is not None and account.status is accounts.Status.CLOSED


async def held(work: records.Work, secret: str) -> Held | None:
    token = await work.access_tokens.get(tokens.digest(secret[:_LONGEST]))
    client = None if token is None else await work.oauth2_clients.get(token.client_id)
    if token is None or client is None or await _closed(work, client):
        return None
    return Held(token=token, client=client)


@operation("access_token.end", "staff_access_token.end")
async def sign_out(context: context_.Context, actor: actors.Actor, secret: str) -> None:
    """This token alone; the client may ask for another."""
    async with context.records.begin() as work:
        tokens.narrow("access_token.end", actor.party)
        await rights.decided(work, actor)
        await work.access_tokens.remove(tokens.digest(secret))
