"""The page of keys in a real browser, with some on it: made, shown once, and readable at every width."""

from collections.abc import Iterator

import pytest

from tests.browser import chromium, test_console
from tests.system import service as service_

pytestmark = [pytest.mark.browser, pytest.mark.loopback]

service = test_console.service


@pytest.fixture
def browser(service: service_.Service) -> Iterator[chromium.Browser]:
    with chromium.running(service.url) as opened:
        yield opened


def test_keys_are_made_and_can_be_read(service: service_.Service, browser: chromium.Browser) -> None:
    test_console.set_password(browser, test_console.owner_of(service, "keys"))
    browser.see("/console/sign-in")
    test_console.sign_in(browser, f"keys.{test_console.OWNER}")
    browser.see("/console/keys")
    browser.one("section[aria-labelledby=tokens] summary").click()
    browser.fill(description="Laptop, for the command line")
    browser.press("Make it")
    assert browser.one("code.secret").text.startswith("stw_")
    test_console.look(browser)
    browser.press("I have it")
    browser.one("section[aria-labelledby=clients] summary").click()
    browser.one("#name").send_keys("terraform-of-the-shop-in-production")
    browser.one("#purpose").send_keys("Applies the shop's plan, from the pipeline of the main branch")
    browser.leave(browser.one("form[action='/console/keys/clients'] button").click)
    client_id, secret = (each.text for each in browser.driver.find_elements("css selector", "code.secret"))
    assert (len(client_id), len(secret)) == (16, 64)
    test_console.look(browser)
    browser.press("I have it")
    for summary in browser.driver.find_elements("css selector", "summary"):
        summary.click()
    test_console.look(browser)
    assert secret not in browser.driver.page_source
    browser.press("Remove")
    assert "refused from now on" in browser.text
    assert browser.complaints() == []
