"""Signing in to the console in a real browser, by an OpenID provider that is not ours, on another site."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from steward.kit import totp
from tests.browser import chromium
from tests.browser.test_console import invitation, look, set_password
from tests.openid import provider
from tests.system import service as service_

pytestmark = [pytest.mark.browser, pytest.mark.loopback]

ANNA, OLGA, EVE = "shop.anna@customer.example", "olga@provider.example", "eve@elsewhere.example"
SECRET = "a secret of the tests / with what forms escape"


def account(email: str, *, verified: bool = True, otp: bool = False) -> provider.Account:
    claims = {"email": email, "email_verified": verified, "name": email.partition("@")[0]}
    return provider.Account(claims=claims, amr=("pwd", "otp") if otp else ("pwd",))


ACCOUNTS = {
    "anna": account(ANNA),
    "olga": account(OLGA),
    "olga-with-key": account("oscar@provider.example", otp=True),
    "eve": account(EVE),
    "mallory": account(ANNA, verified=False),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service_.Service]:
    """The provider is `localhost`, the console `127.0.0.1`: to a browser two sites."""
    folder: Path = tmp_path_factory.mktemp("openid")
    port, providers = service_.free_port(), service_.free_port()
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    client = provider.Client(id="console", secret=SECRET, redirects=(f"http://127.0.0.1:{port}/console/openid/back",))
    with provider.running(
        folder / "provider", ACCOUNTS, [client], provider.Where(at=f"localhost:{providers}")
    ) as running:
        settings = {
            "STEWARD_RUNTIME": "simulated",
            "STEWARD_OIDC_ISSUER": running.issuer,
            "STEWARD_OIDC_CLIENT_ID": "console",
            "STEWARD_OIDC_CLIENT_SECRET_FILE": str(secret),
            "STEWARD_OIDC_NAME": "Example ID",
            "STEWARD_OIDC_SECOND_FACTORS": '["otp"]',
        }
        served = service_.Service(folder, "h9", IPv4Network("100.96.0.0/12"), port, settings)
        served.start()
        try:
            yield served
            assert served.stop() == 0
        finally:
            if served.process is not None:
                served.kill()


@pytest.fixture
def browser(service: service_.Service) -> Iterator[chromium.Browser]:
    with chromium.running(service.url) as opened:
        yield opened


def by_provider(browser: chromium.Browser, login: str, path: str = "/console/sign-in") -> None:
    browser.see(path)
    browser.press("Sign in with Example ID")
    assert browser.driver.title == "Provider of tests"
    browser.fill(login=login, password=ACCOUNTS[login].password)
    browser.press("Continue")


def test_an_owner_is_invited_and_needs_no_password(service: service_.Service, browser: chromium.Browser) -> None:
    service.native("POST", "/native/projects", {"account": "shop", "description": "Shop"})
    invitation(service, email=ANNA, role="owner", name="Anna", account="shop")
    browser.see("/console/sign-in")
    look(browser)
    by_provider(browser, "anna", "/console/tickets")
    assert browser.path == "/console/tickets"
    assert ANNA in browser.one("header").text
    assert [each for each in browser.complaints() if service.url in each] == []
    browser.press("Sign out")
    # The provider remembers her, so that one click is enough.
    browser.press("Sign in with Example ID")
    assert browser.path == "/console/inbox"


def test_staff_give_their_own_code(service: service_.Service, browser: chromium.Browser) -> None:
    set_password(browser, invitation(service, email=OLGA, role="operator", name="Olga"))
    secret = base64.b32decode(browser.one("code.secret").text)
    by_provider(browser, "olga")
    assert browser.path.startswith("/console/code")
    browser.fill(code=totp.code(secret, datetime.now(UTC)))
    browser.press("Go on")
    assert browser.path == "/console/inbox"
    assert "operator" in browser.one("header").text


def test_staff_whose_second_factor_the_provider_saw(service: service_.Service, browser: chromium.Browser) -> None:
    invitation(service, email="oscar@provider.example", role="support", name="Oscar")
    by_provider(browser, "olga-with-key")
    assert browser.path == "/console/inbox"
    assert "support" in browser.one("header").text


@pytest.mark.parametrize("login", ["eve", "mallory"])
def test_strangers_stay_outside(service: service_.Service, browser: chromium.Browser, login: str) -> None:
    by_provider(browser, login)
    assert "Nobody was invited" in browser.one("[role=alert]").text
    browser.see("/console/inbox")
    assert browser.path.startswith("/console/sign-in")
