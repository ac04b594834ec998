"""Signed messages to addresses that customers choose (Standard Webhooks), lending nobody our place in the network.

The name is resolved here, once; every address that it has must be a public one, or lie in a network that the operator
allows; and the connection goes to the address that was looked at, not to what the name says a moment later. No
redirect is followed, no proxy asked, no connection kept: two names on one address share nothing.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx2
import standardwebhooks

from steward.domain import errors
from steward.ports import clock, messengers

TIMEOUT = 10.0  # seconds for all of one attempt
LONGEST_URL = 2000
_GONE = 410
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# What translates to IPv4 in ways of its own, and what was an inner range once; Python calls them global.
_NEVER = tuple(ipaddress.IPv6Network(each) for each in ("64:ff9b:1::/48", "fec0::/10"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class HttpWebhooks:
    """`allowed` are networks beside the public ones; there, and only there, plain http is sent too."""

    def __init__(
        self,
        clock: clock.Clock,
        *,
        allowed: Sequence[Network] = (),
        authority: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._clock = clock
        self._allowed = tuple(allowed)
        self._resolve = resolve or _resolved
        self._timeout = timeout
        self._http = httpx2.AsyncClient(
            verify=authority or ssl.create_default_context(),
            follow_redirects=False,
            trust_env=False,
            timeout=timeout,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def check(self, url: str) -> None:
        """What can be told without asking anybody; the name's addresses are looked at with each sending."""
        parsed = _parsed(url)
        if parsed.scheme != "https" and not self._allowed:
            raise errors.BadInput("[url] must begin with https://")
        literal = _literal(parsed.host)
        if literal is not None and not self._may(literal, parsed.scheme):
            raise errors.BadInput("[url] is an address that this service sends nothing to")

    async def send(self, url: str, secret: str, message_id: str, type: str, payload: Mapping[str, Any]) -> str:
        body = json.dumps({"type": type, "data": payload}, separators=(",", ":"), ensure_ascii=False)
        headers = self._signed(secret, message_id, body)
        try:
            async with asyncio.timeout(self._timeout):
                status = await self._post(_parsed(url), headers, body.encode())
        except TimeoutError:
            raise messengers.NotSent(f"No answer within {self._timeout:g} s") from None
        except errors.BadInput as reason:
            raise messengers.NotSent(reason.message, final=True) from None
        except (httpx2.HTTPError, OSError, ValueError) as reason:
            raise messengers.NotSent(f"It could not be reached ({_plain(reason)})") from None
        if not 200 <= status < 300:
            raise messengers.NotSent(f"It answered {status}", final=status == _GONE)
        return f"{status} {message_id}"

    async def close(self) -> None:
        await self._http.aclose()

    async def _post(self, url: httpx2.URL, headers: Mapping[str, str], body: bytes) -> int:
        """Its status; what the receiver says beside it is not read."""
        host = url.host
        pinned = url.copy_with(host=str(await self._pinned(url)))
        request = self._http.build_request(
            "POST",
            pinned,
            content=body,
            headers={**headers, "host": url.netloc.decode()},
            extensions={"sni_hostname": host},
        )
        response = await self._http.send(request, stream=True)
        await response.aclose()
        return response.status_code

    async def _pinned(self, url: httpx2.URL) -> Address:
        port = url.port or (443 if url.scheme == "https" else 80)
        literal = _literal(url.host)
        found = [literal] if literal else [ipaddress.ip_address(each) for each in await self._resolve(url.host, port)]
        if not found:
            raise OSError("the name has no address")
        if not all(self._may(each, url.scheme) for each in found):
            raise messengers.NotSent("The name leads to an address that this service sends nothing to")
        return found[0]

    def _may(self, address: Address, scheme: str) -> bool:
        """Public, in every form in which an inner address may be wrapped; else allowed by the operator."""
        if any(address.version == each.version and address in each for each in self._allowed):
            return True
        if any(address.version == each.version and address in each for each in _NEVER):
            return False
        return scheme == "https" and all(each.is_global and not each.is_multicast for each in _meant(address))

    def _signed(self, secret: str, message_id: str, body: str) -> dict[str, str]:
        """Of several secrets, separated by spaces, each signs: a receiver may know the old one still."""
        now = self._clock.now()
        signatures = [standardwebhooks.Webhook(each).sign(message_id, now, body) for each in secret.split()]
        return {
            "content-type": "application/json",
            "user-agent": "steward-webhooks",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def _parsed(url: str) -> httpx2.URL:
    if len(url) > LONGEST_URL or not url.isprintable():
        raise errors.BadInput(f"[url] must be printable and at most {LONGEST_URL} characters")
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise errors.BadInput("[url] is no URL") from None
    if parsed.scheme not in ("https", "http") or not parsed.host:
        raise errors.BadInput("[url] must begin with https:// and name a host")
    if parsed.userinfo:
        raise errors.BadInput("[url] must hold no password: it is shown to everybody in the project")
    return parsed


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _meant(address: Address) -> list[Address]:
    """The address, and what it stands for where it is an IPv4 one in IPv6's clothes."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    wrapped: list[Address] = [
        each for each in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if each is not None
    ]
    if address in _NAT64:
        wrapped.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return wrapped if address.ipv4_mapped is not None else [address, *wrapped]


async def _resolved(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def _plain(reason: Exception) -> str:
    """What kind of failure it was; texts of libraries may hold what was sent."""
    cause: BaseException | None = reason
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return type(reason).__name__
