"""The outermost skin, around the whole application: query ids, headers, the size of bodies, the two prefixes, HEAD,
and the address that a request really comes from.

A body is read here, once, and never past its limit: everything behind works on complete small bodies.
`/1.0` and `/v1` are one API; the prefix is cut off, so that routes and access rules know paths without it. HEAD is GET
without the body; a browser's question beforehand (OPTIONS) is answered here, as it carries no credentials.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

import structlog
from fastapi import Request
from starlette.responses import Response
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
METHOD = "steward.typed_method"  # as it was sent, and signed
PREFIXED = "steward.prefixed"
# What answers without a prefix.
_OPEN = (b"/native", b"/console", b"/auth/validate", b"/auth/oauth2", b"/v3", b"/openapi.json", b"/docs")

_HEADERS = (
    (b"cache-control", b"no-cache, no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_OVH_HEADERS = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"X-Pagination-Cursor-Next, X-Pagination-Elements, X-Ovh-Queryid, X-Steward-Ignored-Fields, Retry-After",
    ),
)
_ASKED_HEADERS = (
    "Accept, Authorization, Content-Type, Pragma, X-Ovh-Application, X-Ovh-Consumer, X-Ovh-Signature, X-Ovh-Timestamp, "
    "X-Pagination-Cursor, X-Pagination-Filter, X-Pagination-Mode, X-Pagination-Number, X-Pagination-Size, "
    "X-Pagination-Sort, X-Pagination-Sort-Order"
)
_PREFLIGHT_SECONDS = "600"

Methods = Callable[[str], frozenset[str]]


class _Gone(Exception):
    """The client left before its body was complete, or has all that it asked for."""


class Edge:
    """`methods` says which methods a path has."""

    def __init__(
        self,
        app: ASGIApp,
        config: config_.ApiConfig,
        now: Callable[[], datetime],
        limits: limits_.Limits,
        methods: Methods,
    ) -> None:
        self.app = app
        self._limits = limits
        self._methods = methods
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
        answer = _Answer(send, query_id, scope, self._allowed)
        clock = asyncio.get_running_loop().time
        try:
            self._limits.check_stranger(scope, clock())
            if scope["method"] == "OPTIONS" and scope[PREFIXED]:
                await self._preflight(scope)(scope, receive, answer.send)
                return
            body = await _whole_body(scope, receive, self._most)
            await self.app(scope, _replayed(body, receive), answer.send)
        except _Gone:
            return
        except Exception as reason:
            # What the application let through it has answered already, unless it broke before that.
            if not answer.began:
                await _last(errors_.answer(Request(scope), reason), scope, receive, answer)
        finally:
            self._limits.note(scope, clock())

    def _preflight(self, scope: Scope) -> Response:
        allowed = self._allowed(scope)
        if not allowed:
            raise errors.NotFound("Got an invalid (or empty) URL", code="INVALID_URL")
        return Response(
            status_code=204,
            headers={
                "allow": allowed,
                "access-control-allow-methods": allowed,
                "access-control-allow-headers": _ASKED_HEADERS,
                "access-control-max-age": _PREFLIGHT_SECONDS,
            },
        )

    def _allowed(self, scope: Scope) -> str:
        """Methods of a path, as the header `Allow` has them; empty where there is no such path."""
        methods = set(self._methods(scope["path"]))
        if not methods:
            return ""
        also = {"HEAD"} if "GET" in methods else set()
        return ", ".join(sorted(methods | also | ({"OPTIONS"} if scope[PREFIXED] else set())))


async def _last(response: Response, scope: Scope, receive: Receive, answer: "_Answer") -> None:
    try:
        await response(scope, receive, answer.send)
    except _Gone:
        return


class _Answer:
    def __init__(self, send: Send, query_id: str, scope: Scope, allowed: Callable[[Scope], str]) -> None:
        self._send = send
        self._scope = scope
        self._allowed = allowed
        self._head = scope[METHOD] == "HEAD"
        self._headers = ((b"x-ovh-queryid", query_id.encode()), *_HEADERS, *(_OVH_HEADERS if scope[PREFIXED] else ()))
        self.began = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.began = True
            # A copy: the answer to a repeated request is one object that is sent several times.
            message = {**message, "headers": list(message["headers"])}
            headers: list[tuple[bytes, bytes]] = message["headers"]
            if message["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
                headers[:] = [each for each in headers if each[0] != b"allow"]
                headers.append((b"allow", self._allowed(self._scope).encode()))
            present = {name for name, _ in headers}
            headers += [each for each in self._headers if each[0] not in present]
        await self._send(message)
        if self._head and message["type"] == "http.response.start":
            await self._send({"type": "http.response.body", "body": b""})
            raise _Gone


def _routed(scope: Scope) -> Scope:
    """The scope with the prefix cut off; what has none, and needs one, gets a path that no route has."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    typed = raw.decode("latin-1")
    method = {"method": "GET" if scope["method"] == "HEAD" else scope["method"], METHOD: scope["method"]}
    for prefix in PREFIXES:
        if raw.startswith(prefix + b"/"):
            length = len(prefix)
            after = typed[length:]
            return {**scope, **method, "path": scope["path"][length:], PATH: after, TYPED: typed, PREFIXED: True}
    known = any(raw == each or raw.startswith(each + b"/") for each in _OPEN)
    path = scope["path"] if known else "/"
    return {**scope, **method, "path": path, PATH: typed, TYPED: typed, PREFIXED: False}


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
