"""`steward quota`."""

import pytest

from tests.unit.cli.fakes import PROJECT, Desk

PATH = f"/native/projects/{PROJECT}/quota"
ONE = "77777777-2222-4333-8444-555555555555"
REQUEST = {
    "id": ONE,
    "project": PROJECT,
    "wanted": {"instances": 800, "ram": 9000},
    "reason": "Sales",
    "status": "open",
    "requestedBy": "ab1-local",
    "requestedAt": "2030-01-01T00:00:00Z",
    "dueAt": "2030-01-04T00:00:00Z",
    "decidedBy": "",
    "decidedAt": None,
    "decision": "",
}


def test_show(desk: Desk) -> None:
    amounts = {"instances": {"limit": 500, "used": 12, "default": 500}}
    desk.service.says(
        "GET", PATH, {"quotas": amounts, "nodesOfACluster": {"free": 100}, "nodesOfAnAntiAffinityPool": 5}
    )
    assert desk.run("quota", "show").out.splitlines()[1].split() == ["instances", "12", "500"]


def test_request(desk: Desk) -> None:
    desk.service.says("POST", f"{PATH}/requests", REQUEST)
    assert (
        desk.run("quota", "request", "instances=800", "ram=9000", "--reason", "Sales", "-o", "name").out == f"{ONE}\n"
    )
    assert desk.service.sent("POST", f"{PATH}/requests") == {
        "wanted": {"instances": 800, "ram": 9000},
        "reason": "Sales",
    }


@pytest.mark.parametrize("wish", ["instances", "instances=many", "instances=-1", "instances="])
def test_a_wish_without_a_number(desk: Desk, wish: str) -> None:
    assert desk.run("quota", "request", wish, "--reason", "Sales").code == 2
    assert not desk.service.requests


def test_requests(desk: Desk) -> None:
    desk.service.says("GET", f"{PATH}/requests", [REQUEST])
    desk.service.says("GET", "/native/quota/requests", [REQUEST])
    assert "instances=800, ram=9000" in desk.run("quota", "requests").out
    assert desk.run("quota", "requests", "--all", "--as", "provider", "-o", "name").out == f"{ONE}\n"


@pytest.mark.parametrize(
    ("arguments", "verb", "sent"),
    [
        (["withdraw", ONE], "withdraw", None),
        (["grant", ONE, "--text", "Welcome"], "grant", {"said": "Welcome"}),
        (["refuse", ONE, "--text", "Full"], "refuse", {"said": "Full"}),
    ],
)
def test_what_is_done_about_one(desk: Desk, arguments: list[str], verb: str, sent: object) -> None:
    desk.service.says("POST", f"{PATH}/requests/{ONE}/{verb}", {**REQUEST, "status": f"{verb}n"})
    assert desk.run("quota", *arguments).code == 0
    if sent is not None:
        assert desk.service.sent("POST", f"{PATH}/requests/{ONE}/{verb}") == sent
