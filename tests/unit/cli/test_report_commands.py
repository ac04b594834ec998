"""`steward report`, `attest`, `attestations`, `reviews` and `risks`: what is asked for, what is shown, exit codes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, PROJECT, Desk

REPORT = f"{fakes.NATIVE}/report"
ATTESTATIONS = f"/native/projects/{PROJECT}/attestations"
ROW = {
    "activity": "2.1-1",
    "text": "Install",
    "customer": "I",
    "provider": "RA",
    "disputed": False,
    "way": "DO",
    "state": "proven",
    "reason": "It was delivered",
    "observedAt": "2030-01-01T00:00:00Z",
    "ageSeconds": 7300,
    "validUntil": "2031-01-01T00:00:00Z",
    "attestedBy": "",
    "digest": "d" * 64,
    "waitsFor": "",
}
COVERAGE = {
    "project": PROJECT,
    "cluster": CLUSTER,
    "name": "demo",
    "at": "2030-01-01T02:00:00Z",
    "states": {"proven": 1, "breached": 1, "stale": 0},
    "rows": [ROW, {**ROW, "activity": "3.1.5-4", "state": "breached", "reason": "Let in", "ageSeconds": None}],
}
FLEET = {
    "at": "2030-01-01T02:00:00Z",
    "rows": [{**ROW, "states": {"proven": 3, "breached": 1, "stale": 0}, "waitsFor": ""}],
}
WORD = {
    "id": "w",
    "activity": "1.1-5",
    "subject": f"project:{PROJECT}",
    "party": "customer",
    "person": "ada@example.org",
    "review": "",
    "document": "",
    "madeAt": "2030-01-01T00:00:00Z",
    "until": "2030-04-01T00:00:00Z",
    "withdrawnAt": None,
    "statement": "It is so",
    "holds": True,
}
RISK = {
    "id": "r",
    "title": "One host",
    "description": "",
    "owner": "oscar",
    "treatment": "reduce",
    "reviewBy": "2030-04-01T00:00:00Z",
    "vulnerability": "",
    "acceptedBy": "",
    "acceptedUntil": None,
    "createdAt": "2030-01-01T00:00:00Z",
    "closedAt": None,
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def asked(desk: Desk) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(desk.service.requests[-1].content)
    return sent


def test_a_report_names_states_and_no_percentage(desk: Desk) -> None:
    desk.service.says("GET", REPORT, COVERAGE)
    result = desk.run("report", CLUSTER)
    assert result.code == 0
    assert [line.split()[:5] for line in result.out.splitlines()[1:]] == [
        ["2.1-1", "I", "RA", "proven", "2h"],
        ["3.1.5-4", "I", "RA", "breached", "Let"],
    ]
    assert "1 proven, 1 breached" in result.err
    assert "%" not in result.out + result.err


def test_json_is_what_the_service_said(desk: Desk) -> None:
    desk.service.says("GET", REPORT, COVERAGE)
    assert json.loads(desk.run("report", CLUSTER, "-o", "json").out) == COVERAGE


def test_without_a_cluster_it_is_of_all(desk: Desk) -> None:
    desk.service.says("GET", "/native/report", FLEET)
    result = desk.run("report", "--as", "provider")
    assert "3 proven, 1 breached" in result.out
    assert desk.service.requests[-1].headers["authorization"] == "Bearer operators-token"


def test_a_document_goes_into_a_file_of_its_own(desk: Desk, tmp_path: Path) -> None:
    page = httpx2.Response(200, text="<!doctype html><p>é</p>", headers={"content-type": "text/html; charset=utf-8"})
    desk.service.then("GET", REPORT, lambda _: page)
    file = tmp_path / "report.html"
    result = desk.run("report", CLUSTER, "--format", "html", "-f", str(file))
    assert result.code == 0
    assert file.read_text(encoding="utf-8") == "<!doctype html><p>é</p>"
    assert file.stat().st_mode & 0o077 == 0
    assert str(desk.service.requests[-1].url).endswith("/report?format=html")


def test_a_document_is_written_out_where_no_file_is_named(desk: Desk) -> None:
    sheet = httpx2.Response(200, text="activity,state\r\n2.1-1,proven\r\n")
    desk.service.then("GET", REPORT, lambda _: sheet)
    assert desk.run("report", CLUSTER, "--format", "csv").out.splitlines() == ["activity,state", "2.1-1,proven"]


def test_a_file_that_cannot_be_written_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.service.says("GET", REPORT, COVERAGE)
    result = desk.run("report", CLUSTER, "-f", str(tmp_path / "nowhere" / "report.json"))
    assert result.code != 0
    assert "cannot be written" in result.err


@pytest.mark.parametrize(
    ("until", "sent"),
    [("2030-03-31", "2030-03-31T23:59:59Z"), ("90d", "2030-04-01T00:00:00Z"), ("2030-03-31T12:00:00Z", None)],
)
def test_a_word_has_an_end(desk: Desk, until: str, sent: str | None) -> None:
    desk.service.says("POST", ATTESTATIONS, WORD)
    result = desk.run("attest", "1.1-5", "--statement", "It is so", "--until", until)
    assert result.code == 0
    assert asked(desk)["until"] == (sent or "2030-03-31T12:00:00+00:00")
    assert "steward attestations withdraw w" in result.err


def test_a_word_without_an_end_or_with_nonsense_is_refused(desk: Desk) -> None:
    assert desk.run("attest", "1.1-5", "--statement", "It is so").code == 2
    result = desk.run("attest", "1.1-5", "--statement", "It is so", "--until", "always")
    assert (result.code, "is not a day" in result.err) == (2, True)
    assert desk.service.requests == []


def test_what_was_looked_at_is_sent_as_its_digest(desk: Desk, tmp_path: Path) -> None:
    desk.service.says("POST", ATTESTATIONS, WORD)
    plan = tmp_path / "plan.pdf"
    plan.write_bytes(b"plan")
    words = ("attest", "4.1-2", "--statement", "It stands", "--until", "90d", "--document", str(plan))
    assert desk.run(*words, "--subject", CLUSTER).code == 0
    assert asked(desk)["cluster"] == CLUSTER
    assert asked(desk)["document"] == hashlib.sha256(b"plan").hexdigest()


def test_the_fleet_is_the_providers(desk: Desk) -> None:
    words = ("attest", "3.1.2-2", "--statement", "Two have keys", "--until", "90d", "--subject", "fleet")
    assert desk.run(*words).code == 2
    desk.service.says("POST", "/native/attestations", WORD)
    assert desk.run(*words, "--as", "provider").code == 0


def test_attestations_are_listed_and_withdrawn(desk: Desk) -> None:
    desk.service.says("GET", ATTESTATIONS, [WORD, {**WORD, "id": "x", "statement": "", "holds": False}])
    out = desk.run("attestations", "list").out
    assert "not for this party" in out
    desk.service.says("DELETE", f"{ATTESTATIONS}/w", None)
    assert desk.run("attestations", "withdraw", "w").code == 0


def test_a_review_is_looked_at_and_done(desk: Desk) -> None:
    path = f"/native/projects/{PROJECT}/reviews/members"
    listed = {
        "review": "members",
        "activity": "3.1.2-1",
        "about": "the members and credentials of the account",
        "items": [{"kind": "person", "name": "ada@example.org", "role": "owner", "tokens": ["laptop"]}],
        "digest": "d" * 64,
        "last": None,
        "dueAt": None,
        "overdue": False,
    }
    desk.service.says("GET", path, listed)
    result = desk.run("reviews", "show", "members")
    assert "role owner, tokens laptop" in result.out
    assert "never reviewed" in result.err
    assert f"--digest {'d' * 64}" in result.err
    desk.service.says("POST", path, {**WORD, "review": "members"})
    assert desk.run("reviews", "done", "members", "--digest", "d" * 64, "--statement", "Fine").code == 0
    assert asked(desk) == {"digest": "d" * 64, "statement": "Fine", "cluster": ""}


def test_the_register_is_reviewed_as_the_provider_unasked(desk: Desk) -> None:
    desk.service.says("GET", "/native/reviews/register", {"items": [], "about": "x", "digest": "", "dueAt": None})
    result = desk.run("reviews", "show", "register", "-o", "json")
    assert result.code == 0
    assert desk.service.requests[-1].headers["authorization"] == "Bearer operators-token"


def test_risks_are_written_down_signed_and_closed(desk: Desk) -> None:
    desk.service.says("POST", "/native/risks", RISK)
    words = ("risks", "add", "One host", "--owner", "oscar", "--treatment", "reduce", "--review-by", "90d")
    assert desk.run(*words).code == 0
    assert asked(desk)["reviewBy"] == "2030-04-01T00:00:00Z"
    desk.service.says("POST", "/native/risks/r/accept", {**RISK, "acceptedBy": "oscar", "acceptedUntil": "2031"})
    assert "by oscar until 2031" in desk.run("risks", "accept", "r", "--until", "2030-12-31").out
    assert desk.run("risks", "change", "r").code == 2
    desk.service.says("PUT", "/native/risks/r", RISK)
    assert desk.run("risks", "change", "r", "--owner", "olga").code == 0
    assert asked(desk) == {"owner": "olga"}
    desk.service.says("DELETE", "/native/risks/r", None)
    assert desk.run("risks", "close", "r").code == 0
    desk.service.says("GET", "/native/risks", [])
    assert "empty" in desk.run("risks", "list").err
