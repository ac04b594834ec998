"""Who calls: an application by OVHcloud's signature, or a person or a program of either party by a bearer token.

Unknown keys cost as much work as known ones, and secrets are compared in constant time. A request that could be read
in two ways, with a signature and a token or with a header twice, is nobody's.
"""

import asyncio
import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from steward.api import config as config_
from steward.api import edge
from steward.api import errors as errors_
from steward.api.ovh import signatures
from steward.domain import actors, credentials, errors
from steward.operations import bearers, tokens
from steward.operations import context as context_
from steward.operations import credentials as credentials_
from steward.operations import people as people_

# Below the second in which a revoked credential has to fail, also where another process revoked it.
CACHED_SECONDS = 0.5
_MOST_CACHED = 2000
_LONGEST_KEY = 64
LAST_USE_SECONDS = 300  # a last use is written at most this often

# What a consumer key may always ask about itself.
_OWN = frozenset({"/auth/currentCredential", "/auth/details", "/auth/logout"})
_NOBODY = "0" * 32
_OF_OPENSTACK = "OpenStack/"  # what the cluster autoscaler writes before the token that it signed in for
_SIGNED_BY = (b"x-ovh-consumer", b"x-ovh-signature")
_SAY_WHO = frozenset({b"authorization", b"x-ovh-application", b"x-ovh-timestamp", *_SIGNED_BY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request whose signature was right; `timestamp` is the client's, in our time window."""

    actor: actors.Actor
    credential: credentials.Credential
    signature: str
    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Headers:
    application: str
    consumer: str
    timestamp: str
    signature: str


class Authentication:
    def __init__(self, context: context_.Context, config: config_.ApiConfig) -> None:
        self._context = context
        self._config = config
        self._cached: dict[tuple[str, str], tuple[float, credentials_.Pair]] = {}
        # Apart, so that made-up keys drive no known ones out; kept, so that time does not tell them from known ones.
        self._strangers: dict[tuple[str, str], tuple[float, credentials_.Pair]] = {}
        self._bearers: dict[str, tuple[float, bearers.Bearer]] = {}
        self._used: dict[int, datetime] = {}

    def forget(self) -> None:
        """After a credential, a person or an account changed: the next request reads it anew."""
        self._cached.clear()
        self._strangers.clear()
        self._bearers.clear()

    async def bearer(self, request: Request) -> bearers.Bearer:
        """A person or a program of either party, as it is now."""
        check_one_way(request)
        secret = borne(request)
        found = await self._borne(secret)
        if found is not None and found.usable(self._context.clock.now()):
            return found
        if found is None and await self._first_operator(secret):
            return bearers.FIRST_OPERATOR
        raise errors.Forbidden("This token is not valid: it is unknown, ended or revoked", code="INVALID_CREDENTIAL")

    async def _borne(self, secret: str) -> bearers.Bearer | None:
        key, now = tokens.digest(secret), asyncio.get_running_loop().time()
        known = self._bearers.get(key)
        if known is not None and known[0] > now:
            return known[1]
        found = await bearers.find(self._context, secret)
        if found is not None:
            if len(self._bearers) >= _MOST_CACHED:
                self._bearers.clear()
            self._bearers[key] = (now + CACHED_SECONDS, found)
            await bearers.used(self._context, found)
        return found

    async def _first_operator(self, token: str) -> bool:
        """The token of the configuration, for as long as the records know no operator."""
        configured = self._config.operator_token
        same = hmac.compare_digest(token.encode("utf-8", "replace"), configured.encode())
        return same and bool(configured) and not await people_.begun(self._context)

    def link_token(self, credential_id: int) -> str:
        """Whoever has the link may see a pending request; nobody can make one up."""
        secret = self._config.operator_token.encode()
        return hmac.new(secret, b"validation page of credential %d" % credential_id, hashlib.sha256).hexdigest()

    def check_link(self, credential_id: int, token: str) -> None:
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.link_token(credential_id).encode()):
            raise errors.NotFound("This link is not valid")

    async def customer(self, request: Request) -> Signed:
        check_one_way(request)
        headers = _headers(request)
        application, credential = await self._pair(headers)
        moment = self._context.clock.now()
        right = signatures.matches(headers.signature, await self._expected(request, headers, application))
        if application is None:
            raise errors.Forbidden("This application key is invalid", code="INVALID_KEY")
        if not signatures.in_time(headers.timestamp, moment.timestamp(), self._config.replay_window):
            raise errors.BadInput(
                f"Query out of time: X-Ovh-Timestamp must be within {self._config.replay_window} s of /auth/time",
                code="QUERY_TIME_OUT",
            )
        if credential is None or credential.application_key != application.key:
            raise _invalid_credential()
        if not right:
            raise errors.BadInput("Invalid signature", code="INVALID_SIGNATURE")
        if not credential.usable(moment) or credential.account is None:
            raise _invalid_credential()
        _check_rights(request, credential)
        await self._remember_use(credential)
        return Signed(
            actor=actors.customer(credential.account),
            credential=credential,
            signature=headers.signature,
            timestamp=int(headers.timestamp),
        )

    async def still(self, request: Request) -> bool:
        """Of an answer that goes on: whether who asked for it may be told more. The signature was good when it came."""
        if "authorization" in request.headers:
            try:
                await self.bearer(request)
            except errors.Forbidden:
                return False
            return True
        _, credential = await self._pair(_headers(request))
        return credential is not None and credential.usable(self._context.clock.now())

    async def _expected(
        self, request: Request, headers: _Headers, application: credentials.Application | None
    ) -> list[str]:
        body = await request.body()
        typed = signatures.urls(
            self._config.base_url,
            request.headers.get("host", ""),
            request.scope[edge.TYPED],
            request.scope["query_string"].decode("latin-1"),
            loopback_names=self._config.loopback_names,
        )
        return [
            signatures.signature(
                secret=application.secret if application else _NOBODY,
                consumer_key=headers.consumer,
                method=request.scope[edge.METHOD],
                url=url,
                body=body,
                timestamp=headers.timestamp,
            )
            for url in typed
        ]

    async def _pair(self, headers: _Headers) -> credentials_.Pair:
        key = (headers.application, headers.consumer)
        now = asyncio.get_running_loop().time()
        known = self._cached.get(key) or self._strangers.get(key)
        if known is not None and known[0] > now:
            return known[1]
        pair = await credentials_.find(
            self._context, application_key=headers.application, consumer_key=headers.consumer
        )
        kept = self._strangers if None in pair else self._cached
        if len(kept) >= _MOST_CACHED:
            kept.clear()
        kept[key] = (now + CACHED_SECONDS, pair)
        return pair

    async def _remember_use(self, credential: credentials.Credential) -> None:
        """Tried once per period, whether or not the storage took it."""
        now = self._context.clock.now()
        last = self._used.get(credential.id, credential.last_use)
        if last is None or (now - last).total_seconds() > LAST_USE_SECONDS:
            if len(self._used) >= _MOST_CACHED:
                self._used.clear()
            self._used[credential.id] = now
            await credentials_.used(self._context, credential_id=credential.id, at=now)


def check_one_way(request: Request) -> None:
    """Proxies and logs may take another one of two headers than we do, and addresses are written down by everybody."""
    seen: set[bytes] = set()
    for name, _ in request.scope["headers"]:
        if name in _SAY_WHO:
            if name in seen:
                raise errors.BadInput(f"The header {name.decode()} is there twice", code="AMBIGUOUS_CREDENTIAL")
            seen.add(name)
    if b"authorization" in seen and not seen.isdisjoint(_SIGNED_BY):
        raise errors.BadInput("A request is signed or bears a token, not both", code="AMBIGUOUS_CREDENTIAL")
    if b"access_token=" in request.scope["query_string"]:
        raise errors.BadInput(
            "A token in an address is not taken, for addresses are written down everywhere: send it in the header "
            "Authorization, and revoke this one",
            code="TOKEN_IN_ADDRESS",
        )


def borne(request: Request) -> str:
    """The token of a request that bears one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise errors.Unauthenticated("You must login first: a bearer token is missing")
    return token.strip().removeprefix(_OF_OPENSTACK)


def _headers(request: Request) -> _Headers:
    given = request.headers
    found = _Headers(
        application=given.get("x-ovh-application", ""),
        consumer=given.get("x-ovh-consumer", ""),
        timestamp=given.get("x-ovh-timestamp", ""),
        signature=given.get("x-ovh-signature", ""),
    )
    if not found.application or not (found.consumer or found.signature):
        raise errors.Unauthenticated("You must login first")
    if len(found.application) > _LONGEST_KEY:
        raise errors.Forbidden("This application key is invalid", code="INVALID_KEY")
    if len(found.consumer) > _LONGEST_KEY:
        raise _invalid_credential()
    return found


def _invalid_credential() -> errors.Forbidden:
    return errors.Forbidden("This credential is not valid", code="INVALID_CREDENTIAL")


def _check_rights(request: Request, credential: credentials.Credential) -> None:
    path = request.scope[edge.PATH]
    if not _from_allowed_place(request, credential.allowed_ips):
        raise errors.Forbidden("This credential is not valid from this address", code="FORBIDDEN")
    if path not in _OWN and not credential.grants(request.method, path):
        raise errors.Forbidden("This call has not been granted", code=errors_.NOT_GRANTED)


def _from_allowed_place(request: Request, allowed: tuple[str, ...]) -> bool:
    if not allowed:
        return True
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(block) for block in allowed)
