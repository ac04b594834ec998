"""Debian's Chromium without a screen, and what is measured in its pages."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from selenium import webdriver
from selenium.common import exceptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

WIDTHS = (360, 768, 1440)
LEAST_CONTRAST = 4.5  # of WCAG 2.1 AA, for text of any size

# Every piece of text that can be seen, with the contrast to the nearest ground that is painted.
_CONTRASTS = """
const parts = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map(c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  return .2126 * x + .7152 * y + .0722 * z;
};
const ground = element => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const element = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || !element.checkVisibility() || element.closest('.unseen')) continue;
  const [one, other] = [light(parts(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
  found.push([(one + .05) / (other + .05), walk.currentNode.data.trim()]);
}
return found;
"""


class Browser:
    def __init__(self, driver: webdriver.Chrome, base: str) -> None:
        self.driver = driver
        self.base = base

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self.base)

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def see(self, path: str) -> None:
        self.driver.get(self.base + path)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            self.one(f"[name={name}]").send_keys(text)

    def press(self, label: str) -> None:
        """The first button whose text begins so."""
        buttons = self.driver.find_elements(By.CSS_SELECTOR, "button, a.button")
        self.leave(next(each for each in buttons if each.text.startswith(label)).click)

    def leave(self, act: Callable[[], None]) -> None:
        """The next page is there when this returns."""
        before = self.one("html")
        act()
        waiting = WebDriverWait(self.driver, 60)
        waiting.until(lambda _: _gone(before))
        waiting.until(lambda driver: driver.execute_script("return document.readyState") == "complete")

    def at_width(self, width: int, *, dark: bool = False) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def overflow(self) -> int:
        """Pixels that the page is wider than its window."""
        return int(self.driver.execute_script("return document.documentElement.scrollWidth - innerWidth"))

    def ground(self) -> str:
        return str(self.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))

    def faint(self) -> list[Any]:
        """Text that is hard to read."""
        found = self.driver.execute_script(_CONTRASTS)
        assert found, "a page without text"
        return [each for each in found if each[0] < LEAST_CONTRAST]

    def complaints(self) -> list[str]:
        """What Chromium refused or missed, as violations of the page's own policy; empties the list."""
        return [each["message"] for each in self.driver.get_log("browser")]


@contextlib.contextmanager
def running(base: str) -> Iterator[Browser]:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to run as root with one
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        driver.set_page_load_timeout(60)
        yield Browser(driver, base)
    finally:
        driver.quit()


def _gone(element: WebElement) -> bool:
    """In the moment between two pages the driver has a word of its own for what is stale."""
    try:
        element.is_enabled()
    except exceptions.StaleElementReferenceException:
        return True
    except exceptions.WebDriverException as reason:
        if "does not belong to the document" not in str(reason):
            raise
        return True
    return False
