"""Whoever bears a token: a person by an API token or a session, a program by an access token. The edge calls it."""

from dataclasses import dataclass
from datetime import datetime

from steward.domain import actors, people
from steward.operations import context as context_
from steward.operations import oauth2, sessions, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """`held` is what the token is; none of the first operator's, which the configuration holds."""

    actor: actors.Actor
    ends: datetime | None = None
    held: tokens.Held | oauth2.Held | None = None

    @property
    def federated(self) -> bool:
        """A session that an OpenID provider opened."""
        return isinstance(self.held, tokens.Held) and self.held.token.by_provider

    def usable(self, now: datetime) -> bool:
        return self.ends is None or self.ends > now


FIRST_OPERATOR = Bearer(actor=actors.OPERATOR)


async def find(context: context_.Context, secret: str) -> Bearer | None:
    """Found by its hash: how long that takes says nothing about a secret."""
    now = context.clock.now()
    held: tokens.Held | oauth2.Held | None
    async with context.records.read() as work:
        if secret.startswith(oauth2.PREFIX):
            held = await oauth2.held(work, secret)
        else:
            held = await tokens.held(work, secret, (people.Purpose.API, people.Purpose.SESSION), now)
    if held is None or not held.token.usable(now):
        return None
    return Bearer(actor=held.actor, ends=held.token.expires_at, held=held)


async def used(context: context_.Context, found: Bearer) -> None:
    if isinstance(found.held, tokens.Held):
        await tokens.used(context, found.held)


async def end(context: context_.Context, found: Bearer, secret: str) -> None:
    """What was borne is worth nothing from now on."""
    if isinstance(found.held, oauth2.Held):
        await oauth2.sign_out(context, found.actor, secret)
    elif isinstance(found.held, tokens.Held) and found.held.token.purpose is people.Purpose.SESSION:
        await sessions.sign_out(context, secret)
    elif isinstance(found.held, tokens.Held):
        await tokens.revoke(context, found.actor, token_id=found.held.token.id)
