"""The pages of the description in a real browser, at three widths and in both schemes."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from tests.browser import chromium
from tests.system import service as service_

pytestmark = [pytest.mark.browser, pytest.mark.loopback]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("description")
    network, port = IPv4Network("100.96.0.0/12"), service_.free_port()
    served = service_.Service(folder, "h9", network, port, {"STEWARD_RUNTIME": "simulated"})
    served.start()
    try:
        yield served.url
        assert served.stop() == 0
    finally:
        if served.process is not None:
            served.kill()


@pytest.mark.parametrize("path", ["/docs", "/docs/native"])
@pytest.mark.parametrize("dark", [False, True])
def test_a_page_can_be_read_at_every_width(base: str, path: str, dark: bool) -> None:
    with chromium.running(base) as browser:
        browser.see(path)
        browser.driver.execute_script("document.querySelectorAll('details').forEach(each => { each.open = true })")
        for width in chromium.WIDTHS:
            browser.at_width(width, dark=dark)
            assert browser.overflow() <= 0, width
            assert browser.faint() == [], width
        assert browser.complaints() == []
