"""The OpenID provider of the settings, if there is one."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from steward.domain import errors
from steward.outside import openid
from steward.ports import clock
from steward.settings import Settings


def check(settings: Settings) -> None:
    """Refused before anything is changed: half a configuration, and a provider that anybody on the way can be."""
    if not settings.oidc_issuer:
        return
    if not settings.oidc_client_id:
        raise errors.Unavailable("STEWARD_OIDC_ISSUER needs STEWARD_OIDC_CLIENT_ID beside it")
    parts = urlsplit(settings.oidc_issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise errors.Unavailable("STEWARD_OIDC_ISSUER must be an https:// address: what it says is believed")
    for path in (settings.oidc_client_secret_file, settings.oidc_authority):
        if path is not None:
            _read(path)


@asynccontextmanager
async def provider(settings: Settings, now: clock.Clock) -> AsyncIterator[openid.HttpOpenIdProvider | None]:
    """It is asked when somebody signs in, not before: steward starts without it."""
    if not settings.oidc_issuer:
        yield None
        return
    secret = settings.oidc_client_secret_file
    config = openid.Config(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret="" if secret is None else _read(secret).strip(),
        name=settings.oidc_name,
        second_factors=frozenset(settings.oidc_second_factors),
    )
    authority = settings.oidc_authority
    verify = ssl.create_default_context(cafile=None if authority is None else str(authority))
    loopback = _is_loopback(urlsplit(settings.oidc_issuer).hostname or "")
    async with httpx2.AsyncClient(
        verify=verify, timeout=openid.TIMEOUT, follow_redirects=False, trust_env=not loopback
    ) as http:
        yield openid.HttpOpenIdProvider(config, now, http)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as reason:
        raise errors.Unavailable(f"{path} cannot be read ({reason.strerror})") from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
