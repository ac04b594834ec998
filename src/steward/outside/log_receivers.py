"""Hands lines of logs over to receivers that customers choose: GELF over TCP with TLS, or HTTP.

Where they may be is `targets`' to say. Each batch has a connection of its own, which the receiver has to close in good
order: GELF over TCP has no receipts, and whoever closes after the end was announced has read what came before. No
redirect is followed, no proxy asked. Certificates are always verified.
"""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from steward.domain import errors
from steward.kit import mutual_tls
from steward.outside import targets
from steward.ports import messengers
from steward.ports.log_receivers import Target

TIMEOUT = 10.0  # seconds for all of one attempt
LONGEST_URL = 2000
LONGEST_TOKEN = 4000
LONGEST_AUTHORITY = 64_000
TOKEN_FIELD = "_X-OVH-TOKEN"  # by which OVHcloud's Logs Data Platform knows the stream of a GELF message
DEFAULT_HEADER = "authorization"
_ENCRYPTED = {"gelf+tls": True, "https": True, "gelf+tcp": False, "http": False}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection", "user-agent"})

Messages = Sequence[Mapping[str, Any]]


class NetworkLogReceivers:
    """`allowed` are networks beside the public ones; there, and only there, it goes without TLS too."""

    def __init__(
        self,
        *,
        allowed: Sequence[targets.Network] = (),
        resolve: targets.Resolve | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._targets = targets.Targets(allowed, resolve)
        self._timeout = timeout
        self._public = ssl.create_default_context()

    def check(self, target: Target) -> None:
        """What can be told without asking anybody; the name's addresses are looked at with each batch."""
        url = _parsed(target.url)
        encrypted = _ENCRYPTED[url.scheme]
        if not encrypted and not self._targets.allowed:
            raise errors.BadInput("[url] must begin with gelf+tls:// or https://: logs do not go out in clear text")
        literal = targets.literal(url.host)
        if literal is not None and not self._targets.may(literal, encrypted=encrypted):
            raise errors.BadInput("[url] is an address that this service sends nothing to")
        if target.authority and not encrypted:
            raise errors.BadInput("[authority] has no meaning without TLS")
        self._trusting(target)
        if target.header and (not _HEADER.fullmatch(target.header) or target.header.lower() in _OURS):
            raise errors.BadInput("[header] is no name of a header that may be set")
        if len(target.token) > LONGEST_TOKEN or not (target.token.isascii() and target.token.isprintable()):
            raise errors.BadInput(f"[token] has at most {LONGEST_TOKEN} printable ASCII characters")

    async def send(self, target: Target, messages: Messages) -> None:
        try:
            url = _parsed(target.url)
            async with asyncio.timeout(self._timeout):
                await (self._gelf if url.scheme.startswith("gelf") else self._http)(url, target, messages)
        except TimeoutError:
            raise messengers.NotSent(f"It did not take the batch within {self._timeout:g} s") from None
        except errors.BadInput as reason:
            raise messengers.NotSent(reason.message, final=True) from None
        except (httpx2.HTTPError, OSError, EOFError, ValueError) as reason:
            raise messengers.NotSent(f"It could not be reached ({targets.plain(reason)})") from None

    def _trusting(self, target: Target) -> ssl.SSLContext | None:
        """What verifies the receiver; None without TLS."""
        if not _ENCRYPTED[_parsed(target.url).scheme]:
            return None
        if not target.authority:
            return self._public
        try:
            return mutual_tls.trusting(target.authority)
        except (ssl.SSLError, ValueError):
            raise errors.BadInput("[authority] is no certificate in PEM form") from None

    async def _http(self, url: httpx2.URL, target: Target, messages: Messages) -> None:
        """One message a line; what the receiver says beside its status is not read."""
        context = self._trusting(target)
        port = url.port or (443 if context else 80)
        pinned = await self._targets.pinned(url.host, port, encrypted=context is not None)
        headers = {
            "host": url.netloc.decode(),
            "content-type": "application/x-ndjson",
            "user-agent": "steward-logs",
        }
        if target.token:
            bare = target.header.lower() in ("", DEFAULT_HEADER) and " " not in target.token
            headers[target.header or DEFAULT_HEADER] = f"Bearer {target.token}" if bare else target.token
        async with httpx2.AsyncClient(
            verify=context or self._public, follow_redirects=False, trust_env=False, timeout=self._timeout
        ) as client:
            request = client.build_request(
                "POST",
                url.copy_with(host=str(pinned)),
                content=b"".join(_json(each) + b"\n" for each in messages),
                headers=headers,
                extensions={"sni_hostname": url.host},
            )
            response = await client.send(request, stream=True)
            await response.aclose()
        if not 200 <= response.status_code < 300:
            raise messengers.NotSent(f"It answered {response.status_code}")

    async def _gelf(self, url: httpx2.URL, target: Target, messages: Messages) -> None:
        context = self._trusting(target)
        pinned = await self._targets.pinned(url.host, url.port or 0, encrypted=context is not None)
        more = {TOKEN_FIELD: target.token} if target.token else {}
        async with self._connected(pinned, url, context) as (reader, writer):
            for each in messages:
                writer.write(_json({**each, **more}) + b"\0")
                await writer.drain()
            # This was all: once the other side has closed as well, it has read it.
            if context is None:
                writer.write_eof()
                await _until_end(reader)
            else:
                writer.close()
                await writer.wait_closed()

    @asynccontextmanager
    async def _connected(
        self, address: targets.Address, url: httpx2.URL, context: ssl.SSLContext | None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        how: dict[str, Any] = {}
        if context is not None:
            how = {"ssl": context, "server_hostname": url.host, "ssl_shutdown_timeout": self._timeout}
        reader, writer = await asyncio.open_connection(str(address), url.port, **how)
        writer.transport.set_write_buffer_limits(high=1)  # of 0, asyncio with TLS never gets going
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def _until_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass


def _json(message: Mapping[str, Any]) -> bytes:
    """ASCII, so that whatever stands in a log can be encoded; without the byte that ends a message."""
    return json.dumps(message, separators=(",", ":")).encode()


def _parsed(url: str) -> httpx2.URL:
    if len(url) > LONGEST_URL or not url.isprintable():
        raise errors.BadInput(f"[url] must be printable and at most {LONGEST_URL} characters")
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise errors.BadInput("[url] is no URL") from None
    if parsed.scheme not in _ENCRYPTED or not parsed.host:
        raise errors.BadInput("[url] must begin with gelf+tls://, gelf+tcp:// or https://, and name a host")
    if parsed.userinfo:
        raise errors.BadInput("[url] must hold no password: give the secret as the token")
    if parsed.scheme.startswith("gelf") and (parsed.port is None or parsed.path not in ("", "/") or parsed.query):
        raise errors.BadInput("[url] of GELF is a host and a port, as in gelf+tls://logs.example.org:12202")
    return parsed
