"""How commands end badly: the code for scripts, the words for people."""

import httpx2
import pytest

from steward.cli import failures
from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, Desk

ONE = f"{KUBE}/{CLUSTER}"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "BAD_REQUEST", failures.REFUSED),
        (400, "INVALID_SIGNATURE", failures.NOT_AUTHORISED),
        (400, "QUERY_TIME_OUT", failures.NOT_AUTHORISED),
        (401, "NOT_CREDENTIAL", failures.NOT_AUTHORISED),
        (403, "NOT_GRANTED_CALL", failures.NOT_AUTHORISED),
        (404, "NOT_FOUND", failures.NOT_FOUND),
        (409, "CONFLICT", failures.CONFLICT),
        (412, "QUOTA_EXCEEDED", failures.REFUSED),
        (503, "SERVICE_UNAVAILABLE", failures.REFUSED),
    ],
)
def test_refusals(desk: Desk, status: int, code: str, expected: int) -> None:
    desk.service.refuses("POST", KUBE, status, "Because of this", code, whose_turn="customer")
    result = desk.run("cluster", "create", "--region", "LOCAL1")
    assert result.code == expected
    assert result.out == ""
    assert "Error: Because of this" in result.err
    assert "whose_turn: customer" in result.err
    assert f"HTTP {status}, {code}, query EU.ext-1.2.3.4" in result.err


def test_nobody_answers(desk: Desk) -> None:
    desk.service.is_away("GET", "/1.0/auth/time")
    result = desk.run("cluster", "list")
    assert result.code == failures.UNREACHABLE
    assert "No steward answers at http://127.0.0.1:8080" in result.err
    assert "steward serve" in result.err


def test_no_answer_in_time(desk: Desk) -> None:
    def silence(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("timed out", request=request)

    desk.service.then("GET", KUBE, silence)
    assert desk.run("cluster", "list").code == failures.UNREACHABLE


def test_somebody_else_answers(desk: Desk) -> None:
    desk.service.then("GET", KUBE, lambda _: httpx2.Response(200, html="<h1>It works!</h1>"))
    result = desk.run("cluster", "list")
    assert result.code == failures.REFUSED
    assert "It works!" in result.err
    assert "OVH_ENDPOINT" in result.err


def test_no_credentials(desk: Desk) -> None:
    del desk.environ["OVH_CONSUMER_KEY"]
    result = desk.run("cluster", "list")
    assert result.code == failures.USAGE
    assert "OVH_CONSUMER_KEY" in result.err
    assert not desk.service.requests


def test_no_project(desk: Desk) -> None:
    del desk.environ["OVH_CLOUD_PROJECT_SERVICE"]
    result = desk.run("cluster", "list")
    assert result.code == failures.USAGE
    assert "steward project list" in result.err


def test_ovhclouds_own_endpoint(desk: Desk) -> None:
    desk.environ["OVH_ENDPOINT"] = "ovh-eu"
    result = desk.run("cluster", "list")
    assert result.code == failures.USAGE
    assert not desk.service.requests


def test_interrupted_outside_a_wait(desk: Desk) -> None:
    def interrupted(request: httpx2.Request) -> httpx2.Response:
        raise KeyboardInterrupt

    desk.service.then("GET", KUBE, interrupted)
    assert desk.run("cluster", "list").code == failures.INTERRUPTED


def test_a_bug_is_not_dressed_up(desk: Desk) -> None:
    desk.service.says("GET", KUBE, [CLUSTER])
    desk.service.says("GET", ONE, {})
    with pytest.raises(KeyError):
        desk.run("cluster", "list")


def test_a_typing_error_gets_a_suggestion(desk: Desk) -> None:
    result = desk.run("clustr", "list")
    assert result.code == failures.USAGE
    assert "cluster" in result.err


def test_every_code_is_documented(desk: Desk) -> None:
    help_text = " ".join(desk.run("--help").out.split())
    for code, meaning in failures.EXIT_CODES.items():
        assert f"{code} {meaning}" in help_text


def test_secrets_stay_out_of_what_is_shown(desk: Desk) -> None:
    desk.environ |= {"OVH_APPLICATION_SECRET": "hush-secret", "OVH_CONSUMER_KEY": "hush-consumer"}
    desk.service.refuses("GET", KUBE, 403, "no")
    result = desk.run("cluster", "list")
    assert "hush" not in result.err
    assert all("hush-secret" not in str(request.headers) for request in desk.service.requests)


def test_signed_by_default(desk: Desk) -> None:
    desk.has(fakes.cluster())
    desk.run("cluster", "list")
    (request,) = desk.service.asked("GET", KUBE)
    assert fakes.identity(request)["x-ovh-timestamp"] == str(int(fakes.NOW))
    assert "authorization" not in request.headers
    assert len(desk.service.asked("GET", "/1.0/auth/time")) == 1


def test_what_others_wrote_cannot_steer_the_terminal(desk: Desk) -> None:
    desk.service.refuses("GET", KUBE, 400, "bad\x1b]0;title\x07", why="\x1b[2J")
    assert "\x1b" not in desk.run("cluster", "list").err
