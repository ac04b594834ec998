"""A running OpenID provider that this project did not write, and a client of it without a browser.

`running` starts it, with the people and clients of the test; `sign_in` fetches tokens as a person with a browser and an
application would together (authorization code with PKCE).
"""

import base64
import contextlib
import dataclasses
import hashlib
import json
import secrets
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

from steward.outside import certificates, clock
from steward.ports import certificates as ports
from tests import node_programs

SOURCES = Path(__file__).parent
REDIRECT = "http://localhost:8000"  # of an application that nobody needs to reach


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """`claims` beside `sub`, which is the login: email, email_verified, name, groups, roles."""

    password: str = "a password at the provider"
    claims: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    amr: Sequence[str] = ("pwd",)
    acr: str = "one"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Client:
    """Public where it has no secret."""

    id: str
    secret: str = ""
    redirects: Sequence[str] = (REDIRECT,)
    refreshes: bool = False

    def as_json(self) -> dict[str, Any]:
        kind = {"client_secret": self.secret} if self.secret else {"token_endpoint_auth_method": "none"}
        return {
            "client_id": self.id,
            "redirect_uris": list(self.redirects),
            "grant_types": ["authorization_code", *(["refresh_token"] if self.refreshes else [])],
            "response_types": ["code"],
            **kind,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tls:
    """PEM files; `authority` is what the certificate is verified with."""

    certificate: Path
    key: Path
    authority: Path


def certified(folder: Path, *names: str) -> Tls:
    """By an authority of its own; `names` are the addresses that it serves at."""
    maker = certificates.EllipticCertificates(clock.SystemClock())
    authority = maker.authority("OpenID provider of tests")
    asked = ports.Request(common_name="provider", names=names, client=False, valid_for=timedelta(days=1))
    made = maker.issue(authority, asked)
    files = Tls(certificate=folder / "tls.crt", key=folder / "tls.key", authority=folder / "ca.crt")
    files.certificate.write_text(made.certificate)
    files.key.write_text(made.key)
    files.authority.write_text(authority.certificate)
    return files


@dataclasses.dataclass(frozen=True, kw_only=True)
class Provider:
    issuer: str
    accounts: Mapping[str, Account]
    clients: Sequence[Client]
    tls: Tls | None = None

    def sign_in(self, login: str, client: Client, scope: str = "openid email profile groups") -> dict[str, Any]:
        """`id_token`, `access_token`, and `refresh_token` where the client refreshes."""
        verifier = secrets.token_urlsafe(48)
        with httpx2.Client(verify=self._trust(), trust_env=False, timeout=30) as browser:
            found = browser.get(f"{self.issuer}/.well-known/openid-configuration").json()
            asked = {
                "client_id": client.id,
                "response_type": "code",
                "scope": scope,
                "redirect_uri": client.redirects[0],
                "code_challenge": _challenge(verifier),
                "code_challenge_method": "S256",
            }
            page = _followed(browser, browser.get(found["authorization_endpoint"], params=asked), client.redirects[0])
            assert isinstance(page, httpx2.Response), page
            form = {"login": login, "password": self.accounts[login].password}
            back = _followed(browser, browser.post(page.url, data=form), client.redirects[0])
            assert isinstance(back, str), back.text
            wanted = {
                "grant_type": "authorization_code",
                "client_id": client.id,
                "code": parse_qs(urlsplit(back).query)["code"][0],
                "redirect_uri": client.redirects[0],
                "code_verifier": verifier,
            }
            known = (client.id, client.secret) if client.secret else None
            answer = browser.post(found["token_endpoint"], data=wanted, auth=known)
            assert answer.status_code == 200, answer.text
            tokens: dict[str, Any] = answer.json()
            return tokens

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.tls.authority) if self.tls else None)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _followed(browser: httpx2.Client, answer: httpx2.Response, until: str) -> httpx2.Response | str:
    """The page at the end, or the address of the application that it leads to."""
    while answer.is_redirect:
        to = urljoin(str(answer.url), answer.headers["location"])
        if to.startswith(until):
            return to
        answer = browser.get(to)
    return answer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Where:
    """`at` an address and a port, which its issuer names as well. `within` is a command that starts it somewhere else,
    as in another network namespace."""

    at: str
    tls: Tls | None = None
    within: Sequence[str] = ()


@contextlib.contextmanager
def running(
    folder: Path,
    accounts: Mapping[str, Account],
    clients: Sequence[Client],
    where: Where,
    **more: Any,
) -> Iterator[Provider]:
    """`more` goes into its configuration: `ttl`, `jwks`."""
    at, tls = where.at, where.tls
    folder.mkdir(parents=True, exist_ok=True)
    issuer = f"{'https' if tls else 'http'}://{at}"
    host, _, port = at.rpartition(":")
    listen: dict[str, Any] = {"host": host, "port": int(port)}
    if tls is not None:
        listen["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
    known = {login: dataclasses.asdict(each) for login, each in accounts.items()}
    content = {"issuer": issuer, "listen": listen, "accounts": known, "clients": [each.as_json() for each in clients]}
    config = folder / "provider.json"
    config.write_text(json.dumps({**content, **more}, default=list))
    with (folder / "provider.log").open("ab") as log:
        process = subprocess.Popen(
            [*where.within, "node", str(node_programs.installed(SOURCES)), str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first == b"ready\n", (folder / "provider.log").read_text()[-2000:]
        yield Provider(issuer=issuer, accounts=dict(accounts), clients=list(clients), tls=tls)
    finally:
        process.terminate()
        process.communicate(timeout=30)
