"""One OpenID provider: discovery, authorization code with PKCE, and what its ID token has to prove.

Where things are it says itself, once an hour; its keys are fetched anew when a token names one that is not known. Of an
ID token signature, issuer, audience, expiry, age and nonce are checked, with a minute for clocks that differ.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import joserfc.errors
from joserfc import jwk, jwt

from steward.domain import errors
from steward.ports import clock, openid

TIMEOUT = 10.0  # seconds for one request to the provider
SKEW_SECONDS = 60
OLDEST_SECONDS = 600  # an ID token is fetched right after the sign-in that it is of
_KNOWN_FOR = timedelta(hours=1)
_KEYS_AGAIN = timedelta(seconds=30)
_LARGEST = 1_000_000
_LONGEST_SUBJECT = 255
# Signatures by a key pair alone: with a shared secret whoever knows ours could sign for the provider.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_SCOPE = "openid email profile"
_UNREADABLE = (joserfc.errors.JoseError, ValueError, TypeError)  # a header of the wrong types is not caught by itself

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`second_factors` are the values of `amr` and `acr` that are believed to mean one."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str
    second_factors: frozenset[str] = frozenset()


class HttpOpenIdProvider:
    def __init__(self, config: Config, clock: clock.Clock, http: httpx2.AsyncClient) -> None:
        self._config = config
        self._clock = clock
        self._http = http
        self._found: tuple[datetime, Document] | None = None
        self._keys: tuple[datetime, jwk.KeySet] | None = None

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def issuer(self) -> str:
        return self._config.issuer

    async def address(self, attempt: openid.Attempt) -> str:
        endpoint = _text(await self._metadata(), "authorization_endpoint")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": attempt.back_to,
            "scope": _SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def claims(self, attempt: openid.Attempt, code: str) -> openid.Claims:
        metadata = await self._metadata()
        given = await self._exchanged(metadata, attempt, code)
        found = await self._proven(metadata, _text(given, "id_token"), attempt.nonce)
        said = found if "email" in found else {**await self._user_info(metadata, given, found["sub"]), **found}
        methods = said["amr"] if isinstance(said.get("amr"), list) else []
        return openid.Claims(
            issuer=self._config.issuer,
            subject=found["sub"],
            email=said["email"] if isinstance(said.get("email"), str) else "",
            email_verified=said.get("email_verified") is True,
            second_factor=not self._config.second_factors.isdisjoint(map(str, [*methods, said.get("acr")])),
        )

    async def _exchanged(self, metadata: Document, attempt: openid.Attempt, code: str) -> Document:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.back_to,
            "code_verifier": attempt.verifier,
        }
        secret, headers = self._config.client_secret, {"accept": "application/json"}
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in ways:
            pair = f"{quote(self._config.client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._config.client_id} | ({"client_secret": secret} if secret else {})
        answer = await self._asked("POST", _text(metadata, "token_endpoint"), data=form, headers=headers)
        if not answer.is_success:
            raise _wrong("It did not accept the code of this sign-in")
        return _document(answer)

    async def _user_info(self, metadata: Document, given: Document, subject: str) -> Document:
        """Providers that keep to the standard name the address there, not in the ID token."""
        if "userinfo_endpoint" not in metadata or "access_token" not in given:
            return {}
        headers = {"authorization": f"Bearer {_text(given, 'access_token')}"}
        answer = await self._asked("GET", _text(metadata, "userinfo_endpoint"), headers=headers)
        said = _document(answer) if answer.is_success else {}
        return said if said.get("sub") == subject else {}

    async def _proven(self, metadata: Document, token: str, nonce: str) -> dict[str, Any]:
        try:
            decoded = jwt.decode(token, await self._key_set(metadata), algorithms=_ALGORITHMS)
        except _UNREADABLE:
            try:  # its keys may be new ones
                decoded = jwt.decode(token, await self._key_set(metadata, anew=True), algorithms=_ALGORITHMS)
            except _UNREADABLE:
                raise _wrong("Its answer is not signed by a key of its own") from None
        claims = dict(decoded.claims)
        try:
            self._registry().validate(claims)
        except joserfc.errors.JoseError as reason:
            raise _wrong(f"Its answer is not for this sign-in: {str(reason)[:200]}") from None
        self._check_more(claims, nonce)
        return claims

    def _registry(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock.now().timestamp()),
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": self._config.issuer},
            aud={"essential": True, "value": self._config.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )

    def _check_more(self, claims: Document, nonce: str) -> None:
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._config.client_id:
            raise _wrong("Its answer is for another application")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode("utf-8", "replace"), nonce.encode()):
            raise _wrong("Its answer is of another sign-in")
        if claims["iat"] < self._clock.now().timestamp() - OLDEST_SECONDS:
            raise _wrong("Its answer is old")
        if not 1 <= len(claims["sub"]) <= _LONGEST_SUBJECT:
            raise _wrong("Its answer names nobody")

    async def _metadata(self) -> Document:
        now = self._clock.now()
        if self._found is None or now - self._found[0] > _KNOWN_FOR:
            address = f"{self._config.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = _document(_good(await self._asked("GET", address)))
            if found.get("issuer") != self._config.issuer:
                raise _unavailable("says that it is another one")
            self._found = (now, found)
        return self._found[1]

    async def _key_set(self, metadata: Document, *, anew: bool = False) -> jwk.KeySet:
        now = self._clock.now()
        age = None if self._keys is None else now - self._keys[0]
        if self._keys is None or age is None or age > (_KEYS_AGAIN if anew else _KNOWN_FOR):
            answer = _good(await self._asked("GET", _text(metadata, "jwks_uri")))
            try:
                self._keys = (now, jwk.KeySet.import_key_set(answer.json()))
            except (joserfc.errors.JoseError, ValueError, KeyError, TypeError):
                raise _unavailable("gives keys that cannot be read") from None
        return self._keys[1]

    async def _asked(self, method: str, url: str, **more: Any) -> httpx2.Response:
        if not url.startswith("https://") and not self._config.issuer.startswith("http://"):
            raise _unavailable("names an address without TLS")
        try:
            answer = await self._http.request(method, url, **more)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            raise _unavailable("does not answer") from None
        if len(answer.content) > _LARGEST or answer.status_code >= 500:
            raise _unavailable("answers nothing that can be read")
        return answer


def _good(answer: httpx2.Response) -> httpx2.Response:
    if not answer.is_success:
        raise _unavailable(f"answers {answer.status_code}")
    return answer


def _document(answer: httpx2.Response) -> Document:
    try:
        found = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise _unavailable("answers nothing that can be read")
    return found


def _text(document: Document, name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str):
        raise _unavailable(f"says nothing about its {name}")
    return found


def _unavailable(what: str) -> errors.Unavailable:
    return errors.Unavailable(
        f"The sign-in provider {what}. It is the provider's turn; sign in with your password meanwhile",
        code="OPENID_UNAVAILABLE",
    )


def _wrong(what: str) -> errors.Unauthenticated:
    return errors.Unauthenticated(f"The sign-in provider did not prove who you are. {what}", code="OPENID_REFUSED")
