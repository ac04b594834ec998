"""`steward cluster restrictions`."""

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, Desk

PATH = f"{KUBE}/{CLUSTER}/ipRestrictions"
OFFICE, HOME = "203.0.113.0/24", "198.51.100.7"


@pytest.fixture
def restricted(desk: Desk) -> Desk:
    desk.has(fakes.cluster())
    desk.service.says("GET", PATH, [OFFICE])
    return desk


def test_list(restricted: Desk) -> None:
    assert restricted.run("cluster", "restrictions", "list", "demo").out.splitlines() == ["SOURCE", OFFICE]
    assert restricted.run("cluster", "restrictions", "list", "demo", "-o", "name").out == f"{OFFICE}\n"


def test_nobody_is_restricted(desk: Desk) -> None:
    desk.has(fakes.cluster())
    desk.service.says("GET", PATH, [])
    assert "Everybody may reach the API" in desk.run("cluster", "restrictions", "list", "demo").err


def test_add_and_set(restricted: Desk) -> None:
    restricted.service.says("POST", PATH, [OFFICE, HOME])
    restricted.service.says("PUT", PATH, [HOME])
    assert "2 sources" in restricted.run("cluster", "restrictions", "add", "demo", HOME).err
    assert restricted.service.sent("POST", PATH) == {"ips": [HOME]}
    assert "1 sources" in restricted.run("cluster", "restrictions", "set", "demo", HOME, "--wait").err
    assert restricted.service.sent("PUT", PATH) == {"ips": [HOME]}


def test_the_last_one_is_asked_about(restricted: Desk) -> None:
    restricted.service.says("DELETE", f"{PATH}/{OFFICE}", None)
    refused = restricted.run("cluster", "restrictions", "remove", "demo", OFFICE)
    assert refused.code != 0
    assert restricted.run("cluster", "restrictions", "remove", "demo", OFFICE, "--yes").code == 0
    (asked,) = restricted.service.asked("DELETE", f"{PATH}/{OFFICE}")
    assert asked.url.raw_path.endswith(b"/203.0.113.0%2F24")


def test_clear(restricted: Desk) -> None:
    restricted.service.says("PUT", PATH, [])
    assert restricted.run("cluster", "restrictions", "clear", "demo", "--yes").code == 0
    assert restricted.service.sent("PUT", PATH) == {"ips": []}
