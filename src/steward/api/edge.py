"""The outermost skin, around the whole application: query ids, headers, the size of bodies, the two prefixes, and
the address that a request really comes from.

A body is read here, once, and never past its limit: everything behind works on complete small bodies.
`/1.0` and `/v1` are one API; the prefix is cut off, so that routes and access rules know paths without it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steward.api import config as config_
from steward.api import errors as errors_
from steward.api import limits as limits_
from steward.api import proxies
from steward.domain import errors

_log = structlog.get_logger()

PREFIXES = (b"/1.0", b"/v1")
PATH = "steward.path"  # in the scope: the path after the prefix, escapes as they were sent
TYPED = "steward.typed_path"  # the whole path as it was sent
_OPEN = (b"/native", b"/console", b"/auth/validate", b"/auth/oauth2", b"/openapi.json")  # what answers without a prefix
_PREFIXED = "steward.prefixed"

_HEADERS = (
    (b"cache-control", b"no-cache, no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_OVH_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"X-Pagination-Cursor-Next, X-Ovh-Queryid"),
)


class _Gone(Exception):
    """The client left before its body was complete."""


class Edge:
    def __init__(
        self, app: ASGIApp, config: config_.ApiConfig, now: Callable[[], datetime], limits: limits_.Limits
    ) -> None:
        self.app = app
        self._limits = limits
        self._most = config.most_body_bytes
        self._proxies = config.trusted_proxies
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query_id = errors_.query_id(int(self._now().timestamp()))
        scope = _routed(scope)
        scope[errors_.QUERY_ID] = query_id
        if self._proxies:
            scope["client"] = (proxies.client(scope, self._proxies), 0)
        answer = _Answer(send, query_id, ovh=scope[_PREFIXED])
        clock = asyncio.get_running_loop().time
        try:
            self._limits.check_stranger(scope, clock())
            body = await _whole_body(scope, receive, self._most)
            await self.app(scope, _replayed(body, receive), answer.send)
        except _Gone:
            return
        except Exception as reason:
            # What the application let through it has answered already, unless it broke before that.
            if not answer.began:
                await errors_.answer(Request(scope), reason)(scope, receive, answer.send)
        finally:
            self._limits.note(scope, clock())


class _Answer:
    def __init__(self, send: Send, query_id: str, *, ovh: bool) -> None:
        self._send = send
        self._headers = ((b"x-ovh-queryid", query_id.encode()), *_HEADERS, *(_OVH_HEADERS if ovh else ()))
        self.began = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began = True
            # A copy: the answer to a repeated request is one object that is sent several times.
            message = {**message, "headers": list(message["headers"])}
            headers: list[tuple[bytes, bytes]] = message["headers"]
            present = {name for name, _ in headers}
            headers += [each for each in self._headers if each[0] not in present]
        await self._send(message)


def _routed(scope: Scope) -> Scope:
    """The scope with the prefix cut off; what has none, and needs one, gets a path that no route has."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    typed = raw.decode("latin-1")
    for prefix in PREFIXES:
        if raw.startswith(prefix + b"/"):
            length = len(prefix)
            after = typed[length:]
            return {**scope, "path": scope["path"][length:], PATH: after, TYPED: typed, _PREFIXED: True}
    known = any(raw == each or raw.startswith(each + b"/") for each in _OPEN)
    return {**scope, "path": scope["path"] if known else "/", PATH: typed, TYPED: typed, _PREFIXED: False}


async def _whole_body(scope: Scope, receive: Receive, most: int) -> bytes:
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    if length.isdigit() and len(length) < 20 and int(length) <= most:
        if int(length) == 0:
            return b""
    elif length:
        raise _too_large(most)
    elif b"transfer-encoding" not in headers:
        return b""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(most: int) -> errors.TooLarge:
    return errors.TooLarge(f"The body is larger than {most} bytes; no request of this API needs that many")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once, then whatever the server has to say (that the client left)."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message
