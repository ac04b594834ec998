"""How a cluster's API server meets whoever connects: its certificate, its protocol, and whom it refuses.

Called by `guests`. Each look opens connections of its own, so that nothing kept from before is what is seen.
"""

import asyncio
import contextlib
import ipaddress
import ssl
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

from steward.kit import mutual_tls
from steward.outside import guest_lines
from steward.ports import guests

SECONDS = 5.0
ASKED = "/api/v1/namespaces?limit=1"  # what nobody may list without rights


async def greeting(access: guests.Access, names: Sequence[str], source: str = "") -> guests.Greeting:
    """`source` is the address to call from; empty: any."""
    certificate, protocol, distrust = await _met(access, source)
    return guests.Greeting(
        protocol=protocol,
        old_protocol=await _speaks_old(access, source),
        distrust=distrust,
        missing=[each for each in names if not _has(certificate, each)],
        expires_at=_end(certificate),
        anonymous=0 if distrust else await _status(access, mutual_tls.trusting(access.authority), source),
    )


async def answer_to(access: guests.Access, stranger: guests.Access, source: str = "") -> int:
    shown = replace(access, certificate=stranger.certificate, key=stranger.key, user="")
    client = guest_lines.connect(shown, source=source)
    async with client:
        return await _asked(client, shown)


async def _met(access: guests.Access, source: str) -> tuple[Mapping[str, Any], str, str]:
    """The certificate that was shown, the protocol, and why it is not to be trusted; empty where it is."""
    try:
        certificate, protocol = await _connected(access, mutual_tls.trusting(access.authority), source)
    except ssl.SSLCertVerificationError as reason:
        said = f"its certificate is not of the cluster's own authority, or for another server: {reason.verify_message}"
        return {}, "", said
    return certificate, protocol, ""


async def _connected(access: guests.Access, context: ssl.SSLContext, source: str) -> tuple[Mapping[str, Any], str]:
    """`NotAnswering` where there is no connection; `SSLError` where there is one, and no agreement on it."""
    place = urlsplit(access.server)
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(
                place.hostname, place.port, ssl=context, local_addr=(source, 0) if source else None
            )
    except ssl.SSLError:
        raise
    except (OSError, TimeoutError) as reason:
        raise guests.NotAnswering(f"{access.server} was not reached: {reason or 'no answer'}") from reason
    secured: ssl.SSLObject = writer.get_extra_info("ssl_object")
    try:
        return secured.getpeercert() or {}, secured.version() or ""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _speaks_old(access: guests.Access, source: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: only whether it would speak at all is asked
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Python warns of protocols that are asked about here because they must be refused.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        await _connected(access, context, source)
    except ssl.SSLError:
        return False
    except guests.NotAnswering as reason:
        # It was there a moment ago; some servers end a connection that they do not agree on without a word.
        if isinstance(reason.__cause__, ConnectionError):
            return False
        raise
    return True


async def _status(access: guests.Access, context: ssl.SSLContext, source: str) -> int:
    """Of a request without credentials."""
    async with httpx2.AsyncClient(
        base_url=access.server,
        transport=guest_lines.transport(context, source),
        timeout=SECONDS,
        headers={"User-Agent": "steward"},
        trust_env=False,
    ) as client:
        return await _asked(client, access)


async def _asked(client: httpx2.AsyncClient, access: guests.Access) -> int:
    try:
        return (await client.get(ASKED)).status_code
    except (httpx2.TransportError, ssl.SSLError) as reason:
        raise guests.NotAnswering(f"GET {access.server}{ASKED} failed: {reason}") from reason


def _has(certificate: Mapping[str, Any], name: str) -> bool:
    known = {value for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address")}
    try:
        return str(ipaddress.ip_address(name)) in known
    except ValueError:
        return name in known


def _end(certificate: Mapping[str, Any]) -> datetime:
    """Of a certificate that is not trusted nothing is known: it counts as ended."""
    text = certificate.get("notAfter")
    seconds = ssl.cert_time_to_seconds(text) if isinstance(text, str) else 0
    return datetime.fromtimestamp(seconds, UTC)
