"""`steward contract`, `delegate`, `delegations` and `why`: what is asked for, what is shown, exit codes."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, PROJECT, Desk

CONTRACT = f"/native/projects/{PROJECT}/contract"
DELEGATIONS = f"/native/projects/{PROJECT}/delegations"
DECISION = "cccccccc-2222-4333-8444-555555555555"
DIGEST = "d" * 64
EDITION = {"version": "2", "digest": DIGEST, "activities": 2}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.environ["STEWARD_PROVIDER_TOKEN"] = "operators-token"
    return made


def row(activity: str, customer: str, provider: str, **fields: Any) -> dict[str, Any]:
    letters = {"customer": customer, "provider": provider}
    return {"activity": activity, "text": f"Do {activity}", "letters": letters, "disputed": None, **fields}


DISPUTED = row("3.1.2-3", "RA", "", disputed={"customer": "", "provider": "RA"}, operations=["cluster.kubeconfig"])
WHOLE = {**EDITION, "parties": ["customer", "provider"], "rows": [row("2.1-1", "I", "RA", operations=[]), DISPUTED]}
CHANGE = {
    "activity": "3.1.2-3",
    "change": "changed",
    "what": ["letters"],
    "old": DISPUTED,
    "new": row("3.1.2-3", "", "RA"),
}
ACCEPTED = {
    "id": "a",
    "projectId": PROJECT,
    "clusterId": None,
    "version": "1",
    "digest": "e" * 64,
    "defaults": {"version": "1.37"},
    "byOrdering": True,
    "acceptedBy": "ab1-local",
    "acceptedAt": "2030-01-01T00:00:00Z",
}


def offers(desk: Desk, **fields: Any) -> None:
    held = {
        "accepted": ACCEPTED,
        "newest": EDITION,
        "offered": {**EDITION, "since": {**EDITION, "version": "1"}, "changes": [CHANGE]},
        "defaults": {"version": "1.37", "updatePolicy": "ALWAYS_UPDATE"},
        "clusters": [{"id": CLUSTER, "name": "demo", "version": "1", "newest": "2"}],
        **fields,
    }
    desk.service.says("GET", CONTRACT, held)
    desk.service.says("GET", "/native/contracts/2", WHOLE)
    desk.service.says("GET", "/native/contracts/2/diff", held["offered"])


def test_the_contract_shows_its_rows_and_its_disputes(desk: Desk) -> None:
    offers(desk)
    result = desk.run("contract", "show")
    assert result.code == 0
    assert "3.1.2-3" in result.out
    assert "customer -, provider RA" in result.out
    assert "accepted by ordering, by ab1-local" in result.err
    assert "updatePolicy ALWAYS_UPDATE" in result.err
    assert "steward contract accept 2" in result.err
    assert DIGEST in result.err


def test_the_contract_as_json_is_what_the_service_said(desk: Desk) -> None:
    offers(desk)
    shown: Any = desk.run("contract", "show", "-o", "json").json
    assert shown["contract"] == WHOLE
    assert shown["project"]["accepted"] == ACCEPTED
    compared: Any = desk.run("contract", "diff", "-o", "json").json
    assert compared["changes"] == [CHANGE]


def test_the_difference_is_told_row_by_row(desk: Desk) -> None:
    offers(desk)
    result = desk.run("contract", "diff")
    assert "changed (letters)" in result.out
    assert "customer RA, provider -" in result.out
    assert "customer -, provider RA" in result.out
    assert desk.service.query("GET", "/native/contracts/2/diff") == {"since": "1"}


def test_accepting_shows_the_change_and_sends_the_digest_that_was_read(desk: Desk) -> None:
    offers(desk)
    desk.service.says("POST", CONTRACT, {**ACCEPTED, "version": "2", "byOrdering": False})
    result = desk.run("contract", "accept", "--yes")
    assert result.code == 0
    assert "3.1.2-3 changed (letters)" in result.err
    assert "updatePolicy ALWAYS_UPDATE" in result.err
    assert desk.service.sent("POST", CONTRACT) == {"version": "2", "digest": DIGEST}


def test_nothing_is_accepted_by_accident(desk: Desk) -> None:
    offers(desk)
    assert desk.run("contract", "accept").code == 2
    desk.person = True
    assert desk.run("contract", "accept", typed="yes\n").code == 2
    assert not desk.service.asked("POST", CONTRACT)


def test_one_cluster_is_brought_to_a_version_by_its_name(desk: Desk) -> None:
    offers(desk)
    desk.has(fakes.cluster())
    path = f"/native/projects/{PROJECT}/kube/{CLUSTER}/contract"
    desk.service.says("POST", path, {**ACCEPTED, "clusterId": CLUSTER, "version": "2"})
    result = desk.run("contract", "accept", "--cluster", "demo", "--yes", "-o", "json")
    assert result.code == 0
    assert desk.service.sent("POST", path) == {"version": "2", "digest": DIGEST}
    shown: Any = result.json
    assert shown["clusterId"] == CLUSTER


def lent(**fields: Any) -> dict[str, Any]:
    return {
        "id": DECISION,
        "standing": False,
        "activity": "3.1.3-3",
        "toParty": "provider",
        "cluster": None,
        "operations": [],
        "subject": "",
        "bounds": None,
        "automationOnly": False,
        "reason": "night shift",
        "grantedBy": "ab1-local",
        "grantedAt": "2030-01-01T00:00:00Z",
        "expiresAt": "2030-01-08T00:00:00Z",
        "revokedAt": None,
        "revokedBy": "",
        **fields,
    }


def test_lending_counts_days_from_now(desk: Desk) -> None:
    desk.has(fakes.cluster())
    desk.service.says("POST", DELEGATIONS, lent())
    asked = ("delegate", "3.1.3-3", "--to", "provider", "--for", "7d", "--reason", "night shift")
    result = desk.run(*asked, "--cluster", "demo", "--operation", "nodepool.edit")
    assert result.code == 0
    assert desk.service.sent("POST", DELEGATIONS) == {
        "activity": "3.1.3-3",
        "reason": "night shift",
        "expiresAt": "2030-01-08T00:00:00+00:00",
        "operations": ["nodepool.edit"],
        "cluster": CLUSTER,
    }
    assert f"steward delegations revoke {DECISION}" in result.err


def test_nobody_lends_to_itself(desk: Desk) -> None:
    asked = ("delegate", "3.1.7-2", "--to", "customer", "--for", "1d", "--reason", "a drill")
    assert desk.run(*asked).code == 2
    desk.service.says("POST", DELEGATIONS, lent(toParty="customer"))
    assert desk.run(*asked, "--as", "provider").code == 0
    (request,) = desk.service.asked("POST", DELEGATIONS)
    assert request.headers["authorization"] == "Bearer operators-token"


@pytest.mark.parametrize("lasts", ["", "soon", "7w", "-1d"])
def test_a_time_that_is_none_is_refused_before_anything_is_asked(desk: Desk, lasts: str) -> None:
    assert desk.run("delegate", "3.1.3-3", "--to", "provider", f"--for={lasts}", "--reason", "x").code == 2
    assert not desk.service.asked("POST", DELEGATIONS)


def test_what_is_lent_is_listed_and_taken_back(desk: Desk) -> None:
    standing = lent(id=f"standing:update-policy:{CLUSTER}", standing=True, automationOnly=True, expiresAt=None)
    desk.service.says("GET", DELEGATIONS, [lent(), standing])
    result = desk.run("delegations", "list")
    assert "2030-01-08T00:00:00Z" in result.out
    assert "provider's automation" in result.out
    assert "the setting changes" in result.out
    assert desk.run("delegations", "list", "--ended", "-o", "name").out.split() == [DECISION, str(standing["id"])]
    assert desk.service.query("GET", DELEGATIONS) == {"ended": "true"}
    desk.service.says("DELETE", f"{DELEGATIONS}/{DECISION}", None)
    assert desk.run("delegations", "revoke", DECISION).code == 0


def decision(**fields: Any) -> dict[str, Any]:
    return {
        "allowed": False,
        "operation": "cluster.delete",
        "activity": "5.1-1",
        "activityText": "Delete the Kubernetes cluster",
        "letters": {"customer": "RA", "provider": "I"},
        "matrixVersion": "1",
        "party": "provider",
        "actor": "operator",
        "role": "operator",
        "reason": "Activity 5.1-1 is the customer's",
        "whoMay": "The customer",
        "howToAsk": "Ask the customer",
        "delegation": None,
        "facts": {},
        **fields,
    }


def test_why_of_a_refusal_is_asked_by_its_id(desk: Desk) -> None:
    kept = decision(id=DECISION, at="2030-01-01T00:00:00Z", project=PROJECT, cluster=CLUSTER)
    desk.service.says("GET", f"/native/decisions/{DECISION}", kept)
    result = desk.run("why", DECISION)
    assert result.code == 0
    for said in ("refused", "5.1-1", "RA", "Activity 5.1-1 is the customer's", "Ask the customer"):
        assert said in result.out
    assert desk.run("why", DECISION, "-o", "json").json == kept


def test_why_of_an_operation_asks_what_would_be_decided(desk: Desk) -> None:
    desk.has(fakes.cluster())
    desk.service.says("GET", "/native/decisions", decision(allowed=True))
    assert desk.run("why", "cluster.delete", "--cluster", "demo", "--for", "provider").code == 0
    wanted = {"operation": "cluster.delete", "party": "provider", "cluster": CLUSTER, "project": PROJECT}
    assert desk.service.query("GET", "/native/decisions") == wanted
    assert desk.run("why", "delegation.grant", "--activity", "3.1.3-3", "--as", "provider").code == 0
    query = desk.service.query("GET", "/native/decisions")
    assert query == {"operation": "delegation.grant", "activity": "3.1.3-3", "project": PROJECT}
    request = desk.service.asked("GET", "/native/decisions")[-1]
    assert request.headers["authorization"] == "Bearer operators-token"


def test_why_of_nothing_lists_what_was_refused(desk: Desk) -> None:
    desk.service.says("GET", "/native/decisions", [decision(id=DECISION, at="2030-01-01T00:00:00Z")])
    assert DECISION in desk.run("why").out
    assert desk.run("why", "nonsense").code == 2
