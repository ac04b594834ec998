"""`steward audit`: what is asked of the service, and how it is shown."""

import json

import pytest

from tests.unit.cli.fakes import CLUSTER, NATIVE, Desk

AUDIT = f"{NATIVE}/audit"
FINDING = {
    "id": "one",
    "activity": "2.3-3",
    "sort": "breach",
    "rule": "data of volumes and configuration",
    "at": "2030-01-01T00:00:00.000Z",
    "user": "steward:3.2.2-4:nodes",
    "party": "provider",
    "verb": "create",
    "resource": "configmaps",
    "namespace": "shop",
    "name": "planted\x1b[31m",
    "fingerprint": "ab" * 32,
    "text": "create configmaps shop/planted\x1b[31m",
}
ISSUANCE = {
    "fingerprint": "cd" * 32,
    "user": "steward:3.1.1-1:canary",
    "party": "provider",
    "activity": "3.1.1-1",
    "purpose": "canary",
    "issuedAt": "2030-01-01T00:00:00.000Z",
    "expiresAt": "2030-01-01T00:30:00.000Z",
    "revokedAt": None,
}
WINDOWS = {"since": None, "until": None, "lastEventAt": None, "gaps": [FINDING], "tallies": []}


@pytest.mark.parametrize(
    ("command", "part", "content"),
    [("findings", "findings", [FINDING]), ("credentials", "issuances", [ISSUANCE]), ("windows", "windows", WINDOWS)],
)
def test_what_the_service_says_is_given_on_as_it_is(desk: Desk, command: str, part: str, content: object) -> None:
    desk.service.says("GET", f"{AUDIT}/{part}", content)
    result = desk.run("audit", command, CLUSTER, "-o", "json")
    assert result.code == 0, result.err
    assert json.loads(result.out) == content


def test_findings_are_shown_without_what_a_terminal_would_obey(desk: Desk) -> None:
    desk.service.says("GET", f"{AUDIT}/findings", [FINDING])
    result = desk.run("audit", "findings", CLUSTER)
    assert "2.3-3" in result.out
    assert "\x1b" not in result.out


def test_nothing_found_is_said(desk: Desk) -> None:
    desk.service.says("GET", f"{AUDIT}/findings", [])
    assert "Nothing was found" in (result := desk.run("audit", "findings", CLUSTER)).out + result.err


def test_credentials_are_known_by_the_beginning_of_their_fingerprints(desk: Desk) -> None:
    desk.service.says("GET", f"{AUDIT}/issuances", [ISSUANCE])
    assert ("cd" * 8) in desk.run("audit", "credentials", CLUSTER).out
