"""One request with its caller: what every route gets, and the door that routes stand behind.

`SignedRoute` is of OVHcloud's API, `EitherRoute` of ours; both take a customer's signature, and a bearer token of
either party's people. Who calls is known before the body is looked at, and before anything else is said; what it may
do is decided by the operation, by the same contract for both parties.
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from steward.api import authentication, edge, errors, kept, limits, readers
from steward.api import config as config_
from steward.api.ovh import lists, replays, requests
from steward.domain import actors, credentials
from steward.operations import bearers
from steward.operations import context as context_

OPERATIONS = "x-steward-operation"
KEPT = "x-steward-kept"
IGNORED = "X-Steward-Ignored-Fields"
_MOST_NAMED = 30

_SHAPING = ("x-pagination-mode", "x-pagination-cursor", "x-pagination-size", "x-pagination-filter")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What the application holds in its state."""

    context: context_.Context
    config: config_.ApiConfig
    authentication: authentication.Authentication
    replays: replays.Replays
    limits: limits.Limits
    kept: kept.KeptAnswers
    readers: readers.Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    wiring: Wiring
    actor: actors.Actor
    credential: credentials.Credential | None = None  # of a signed one
    bearer: bearers.Bearer | None = None  # of one that bears a token

    @property
    def context(self) -> context_.Context:
        return self.wiring.context

    @property
    def now(self) -> datetime:
        return self.context.clock.now()

    @property
    def config(self) -> config_.ApiConfig:
        return self.wiring.config


async def _current(request: Request) -> Call:
    call: Call = request.state.call
    return call


async def _wiring(request: Request) -> Wiring:
    return wiring(request)


Caller = Annotated[Call, Depends(_current)]
Open = Annotated[Wiring, Depends(_wiring)]


def wiring(request: Request) -> Wiring:
    found: Wiring = request.app.state.wiring
    return found


class EitherRoute(APIRoute):
    """Signed writes go through the memory of what was answered already."""

    def get_route_handler(self) -> Handler:
        inner = self.behind_door(super().get_route_handler())

        async def handle(request: Request) -> Response:
            if "authorization" in request.headers:
                return await _borne(request, inner)
            return await _signed(request, inner)

        return handle

    def behind_door(self, made: Handler) -> Handler:
        """What is done once it is known who calls."""
        return _from_kept(made) if (self.openapi_extra or {}).get(KEPT) else made


def _from_kept(inner: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        if any(name in request.headers for name in _SHAPING):
            return await inner(request)
        call: Call = request.state.call
        key = (call.actor, request.scope[edge.PATH], request.scope["query_string"])
        return await call.wiring.kept.answer(key, lambda: inner(request))

    return answer


class SignedRoute(EitherRoute):
    """OVHcloud's own: its clients sign; who bears a token may as well. Their headers may ask for a part of a list."""

    def behind_door(self, made: Handler) -> Handler:
        inner = super().behind_door(made)
        return _in_parts(inner) if "GET" in (self.methods or ()) else inner


def _in_parts(inner: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        wanted = lists.asked(request.headers)
        whole = await inner(request)
        if wanted is None:
            return whole
        return lists.cut(whole, wanted, history=requests.flag(request.query_params.get("history")))

    return answer


async def _borne(request: Request, inner: Handler) -> Response:
    held = wiring(request)
    bearer = await held.authentication.bearer(request)
    spend(request, f"person {bearer.actor.person_id or bearer.actor.name}")
    request.state.call = Call(wiring=held, actor=bearer.actor, bearer=bearer)
    return await inner(request)


async def _signed(request: Request, inner: Handler) -> Response:
    held = wiring(request)
    signed = await held.authentication.customer(request)
    spend(request, f"credential {signed.credential.id}")
    call = Call(wiring=held, actor=signed.actor, credential=signed.credential)
    request.state.call = call
    if request.method == "GET":
        return await inner(request)

    async def act(context: context_.Context) -> Response:
        request.state.call = replace(call, wiring=replace(held, context=context))
        try:
            return await inner(request)
        except Exception as reason:
            return errors.answer(request, reason)

    body = hashlib.sha256(await request.body()).hexdigest()
    return await held.replays.once(
        held.context,
        (signed.credential.consumer_key, signed.signature, body),
        until=signed.timestamp + held.config.replay_window,
        act=act,
    )


def spend(request: Request, who: str) -> None:
    """One of the requests that whoever asks may make."""
    wiring(request).limits.spend(request.scope, who, asyncio.get_running_loop().time())


KEEPS = {KEPT: True}
"""For `openapi_extra` of a read that is asked for again and again. Its answer depends on the caller, the path, the
query and the records, and on nothing else: neither on the clock nor on the host (`kept.py`)."""


def changes(*operations: str) -> dict[str, Any]:
    """For `openapi_extra` of a route: the operations it carries out."""
    return {OPERATIONS: list(operations)}


def ignored(body: BaseModel) -> Mapping[str, str]:
    """The header that names what a body held and nobody reads."""
    names = _unknown(body, "")
    if not names:
        return {}
    return {IGNORED: ", ".join(quote(name[:100], safe="[].-_") for name in names[:_MOST_NAMED])}


def _unknown(body: BaseModel, where: str) -> list[str]:
    names = [where + name for name in body.model_extra or {}]
    for field in type(body).model_fields:
        value = getattr(body, field)
        if isinstance(value, BaseModel):
            names += _unknown(value, f"{where}{field}.")
        elif isinstance(value, list):
            for position, each in enumerate(value):
                if isinstance(each, BaseModel):
                    names += _unknown(each, f"{where}{field}[{position}].")
    return names
