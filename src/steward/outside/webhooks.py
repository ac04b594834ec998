"""Signed messages to addresses that customers choose (Standard Webhooks), lending nobody our place in the network.

Where they may go is `targets`' to say. No redirect is followed, no proxy asked, no connection kept: two names on one
address share nothing.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import standardwebhooks

from steward.domain import errors
from steward.outside import targets
from steward.ports import clock, messengers

TIMEOUT = 10.0  # seconds for all of one attempt
LONGEST_URL = 2000
_GONE = 410


class HttpWebhooks:
    """`allowed` are networks beside the public ones; there, and only there, plain http is sent too."""

    def __init__(
        self,
        clock: clock.Clock,
        *,
        allowed: Sequence[targets.Network] = (),
        authority: ssl.SSLContext | None = None,
        resolve: targets.Resolve | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._clock = clock
        self._targets = targets.Targets(allowed, resolve)
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
        if parsed.scheme != "https" and not self._targets.allowed:
            raise errors.BadInput("[url] must begin with https://")
        literal = targets.literal(parsed.host)
        if literal is not None and not self._targets.may(literal, encrypted=parsed.scheme == "https"):
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
            raise messengers.NotSent(f"It could not be reached ({targets.plain(reason)})") from None
        if not 200 <= status < 300:
            raise messengers.NotSent(f"It answered {status}", final=status == _GONE)
        return f"{status} {message_id}"

    async def close(self) -> None:
        await self._http.aclose()

    async def _post(self, url: httpx2.URL, headers: Mapping[str, str], body: bytes) -> int:
        """Its status; what the receiver says beside it is not read."""
        host, encrypted = url.host, url.scheme == "https"
        port = url.port or (443 if encrypted else 80)
        pinned = url.copy_with(host=str(await self._targets.pinned(host, port, encrypted=encrypted)))
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
