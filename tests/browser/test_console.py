"""The console in a real browser, on a served steward: a day's clicks, and whether every page can be read."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from steward.kit import totp
from tests.browser import chromium
from tests.system import service as service_

pytestmark = [pytest.mark.browser, pytest.mark.loopback]

OWNER, STAFF, PASSWORD = "anna@customer.example", "olga@provider.example", "correct horse battery"
PAGES = ("inbox", "clusters", "contract", "accesses", "delegations", "tickets", "tickets/new", "keys", "you", "no-page")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service_.Service]:
    """With clusters that are figures in memory: nothing here needs a real one."""
    folder: Path = tmp_path_factory.mktemp("console")
    network, port = IPv4Network("100.96.0.0/12"), service_.free_port()
    served = service_.Service(folder, "h8", network, port, {"STEWARD_RUNTIME": "simulated"})
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


def invitation(service: service_.Service, **person: str) -> str:
    made: dict[str, Any] = service.native("POST", "/native/people", person)
    return str(made["invitation"])


def owner_of(service: service_.Service, account: str) -> str:
    """An owner's invitation to a new account with a project."""
    service.native("POST", "/native/projects", {"account": account, "description": "Shop in production"})
    return invitation(service, email=f"{account}.{OWNER}", role="owner", name="Anna", account=account)


def set_password(browser: chromium.Browser, token: str) -> None:
    browser.see(f"/console/password?token={token}")
    browser.fill(password=PASSWORD, again=PASSWORD)
    browser.press("Set the password")


def sign_in(browser: chromium.Browser, email: str) -> None:
    browser.fill(email=email, password=PASSWORD)
    browser.press("Sign in")


def unseen(browser: chromium.Browser) -> int:
    return int(re.findall(r"Not seen \((\d+)\)", browser.text)[0])


def test_an_owner_reads_a_notice_and_accepts_the_contract(service: service_.Service, browser: chromium.Browser) -> None:
    set_password(browser, owner_of(service, "first"))
    assert "Your password is set" in browser.text
    sign_in(browser, f"first.{OWNER}")
    assert browser.path == "/console/inbox"
    before = unseen(browser)
    assert before > 0
    title = browser.one("article.fresh h3").text
    browser.press("Mark as seen")
    assert "Marked as seen" in browser.text
    assert unseen(browser) == before - 1
    assert browser.one("section[aria-labelledby=old] article h3").text == title

    browser.leave(browser.one("nav a[href='/console/contract']").click)
    assert "Nothing is accepted yet" in browser.text
    browser.press("Accept version")
    assert "The contract is accepted." in browser.text
    assert f"by first.{OWNER}" in browser.text
    assert browser.complaints() == []

    browser.press("Sign out")
    browser.see("/console/contract")
    assert browser.path.startswith("/console/sign-in")


def test_staff_enrol_a_second_factor_and_sign_in_with_it(service: service_.Service, browser: chromium.Browser) -> None:
    set_password(browser, invitation(service, email=STAFF, role="operator", name="Olga"))
    secret = base64.b32decode(browser.one("code.secret").text)
    picture = browser.one(".factor img")
    assert browser.driver.execute_script("return arguments[0].naturalWidth", picture) > 100
    browser.press("I have it")
    sign_in(browser, STAFF)
    assert browser.path.startswith("/console/code")
    browser.fill(code=totp.code(secret, datetime.now(UTC)))
    browser.press("Go on")
    assert browser.path == "/console/inbox"
    assert "provider" in browser.one("header").text
    assert browser.complaints() == []


def test_every_page_can_be_read(service: service_.Service, browser: chromium.Browser) -> None:
    """At the width of a telephone and of a large screen, in light and in dark, without anything from elsewhere."""
    set_password(browser, owner_of(service, "second"))
    for path in ("sign-in", "password"):
        browser.see(f"/console/{path}")
        look(browser)
    browser.see("/console/sign-in")
    sign_in(browser, f"second.{OWNER}")
    browser.press("Mark as seen")
    grounds = set()
    for path in PAGES:
        browser.see(f"/console/{path}")
        grounds |= look(browser)
        missing = [each for each in browser.complaints() if "no-page" not in each]
        assert missing == [], path
    assert len(grounds) == 2, "the style sheet does not tell light from dark, or does not load"


def look(browser: chromium.Browser) -> set[str]:
    grounds = set()
    for dark in (False, True):
        for width in chromium.WIDTHS:
            browser.at_width(width, dark=dark)
            assert browser.overflow() <= 0, (browser.path, width)
        assert browser.faint() == [], (browser.path, dark)
        grounds.add(browser.ground())
    # What is folded away has no name to anybody until it is opened.
    browser.driver.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    for field in browser.driver.find_elements(By.CSS_SELECTOR, "input:not([type=hidden]), select, textarea"):
        assert field.accessible_name, (browser.path, field.get_attribute("name"))
    return grounds


def test_the_keyboard_is_enough(service: service_.Service, browser: chromium.Browser) -> None:
    set_password(browser, owner_of(service, "third"))
    browser.see("/console/sign-in")
    active = browser.driver.switch_to.active_element
    assert active.get_attribute("name") == "email"
    active.send_keys(f"third.{OWNER}", Keys.TAB)
    password = browser.driver.switch_to.active_element
    browser.leave(lambda: password.send_keys(PASSWORD, Keys.ENTER))
    assert browser.path == "/console/inbox"
    browser.one("body").send_keys(Keys.TAB)
    skip = browser.driver.switch_to.active_element
    assert skip.text == "Skip to the content"
    assert skip.rect["x"] >= 0
    assert "px" in skip.value_of_css_property("outline-width")
    assert skip.value_of_css_property("outline-style") == "solid"
