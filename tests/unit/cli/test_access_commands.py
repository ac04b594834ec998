"""`steward access`, `ticket`, `incident`, `outages`: what is asked of the service, as whom, and what is read of it."""

import json

from tests.unit.cli.fakes import CLUSTER, KUBE, NATIVE, PROJECT, Desk

HERE = f"/native/projects/{PROJECT}"
ACCESS = "cccccccc-2222-4333-8444-555555555555"
SHOWN = {
    "id": ACCESS,
    "cluster": CLUSTER,
    "activity": "3.2.1-3",
    "scope": "view",
    "reason": "etcd grows",
    "ticket": "",
    "emergency": False,
    "status": "ended",
    "minutes": 30,
    "requestedBy": "susi@example.org",
    "requestedAt": "2030-01-01T00:00:00Z",
    "approvedBy": "ab1-local",
    "approvedParty": "customer",
    "approvedAt": None,
    "expiresAt": None,
    "user": "steward:3.2.1-3:breakglass-cccccccc",
    "fingerprint": "",
    "collectedAt": None,
    "endedAt": None,
    "endedBy": "",
    "refusedWith": "403 Forbidden",
    "refusedAt": None,
    "calls": ["t list pods default 200\x1b[31m"],
    "reviewDue": None,
    "reviewedBy": "",
    "reviewedAt": None,
    "verdict": None,
    "review": "",
}
OUTAGE = {
    "id": ACCESS,
    "beganAt": "2030-01-01T00:00:00Z",
    "endedAt": None,
    "failure": "refused",
    "proposedActivity": "3.1.1-1",
    "proposedParty": "provider",
    "rule": "nothing found",
    "grounds": "",
    "disputedBy": "",
    "disputedAt": None,
    "disputeReason": "",
    "votes": [],
    "settledParty": "",
    "settledAt": None,
    "countsAgainst": "provider",
    "incident": "",
    "timeline": [{"at": "t", "party": "provider", "activity": "3.1.1-1", "text": "refused", "cluster": ""}],
}


def test_a_request_is_the_providers(desk: Desk) -> None:
    desk.service.says("POST", f"{NATIVE}/accesses", SHOWN)
    asked = ("access", "request", CLUSTER, "--reason", "etcd grows", "--minutes", "30", "--as", "provider")
    result = desk.run(*asked, "-o", "json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["id"] == ACCESS
    (request,) = desk.service.asked("POST", f"{NATIVE}/accesses")
    assert request.headers["Authorization"].startswith("Bearer ")
    sent = desk.service.sent("POST", f"{NATIVE}/accesses")
    assert (sent["scope"], sent["minutes"], sent["emergency"]) == ("view", 30, False)


def test_consent_is_signed_by_the_customer(desk: Desk) -> None:
    for verb in ("approve", "deny", "end"):
        desk.service.says("POST", f"{HERE}/accesses/{ACCESS}/{verb}", SHOWN)
        assert desk.run("access", verb, ACCESS).code == 0
        (request,) = desk.service.asked("POST", f"{HERE}/accesses/{ACCESS}/{verb}")
        assert "X-Ovh-Signature" in request.headers


def test_the_calls_of_a_session_are_shown_without_control_characters(desk: Desk) -> None:
    desk.service.says("GET", f"{HERE}/accesses/{ACCESS}", SHOWN)
    result = desk.run("access", "show", ACCESS)
    assert "list pods default 200" in result.out
    assert "403 Forbidden" in result.out
    assert "\x1b" not in result.out


def test_a_refusal_says_whose_it_is(desk: Desk) -> None:
    path = f"{HERE}/accesses/{ACCESS}/approve"
    desk.service.refuses("POST", path, 403, "Activity 3.1.2-3 is the customer's", activity="3.1.2-3")
    result = desk.run("access", "approve", ACCESS, "--as", "provider")
    assert result.code == 4
    assert "3.1.2-3" in result.err


def test_the_kubeconfig_goes_to_standard_output_alone(desk: Desk) -> None:
    desk.service.says("POST", f"{HERE}/accesses/{ACCESS}/kubeconfig", {"content": "kind: Config\n"})
    assert desk.run("access", "kubeconfig", ACCESS, "--as", "provider").out == "kind: Config\n"


def test_a_ticket_names_its_cluster_by_id(desk: Desk) -> None:
    ticket = {"id": ACCESS, "status": "open", "severity": "high", "title": "slow", "openedBy": "x", "openedAt": "t"}
    ticket |= {"dueAt": "t", "acknowledgedAt": None, "cluster": CLUSTER, "project": PROJECT, "incident": ""}
    message = {"at": "t", "party": "customer", "author": "x", "text": "since\nmorning"}
    desk.service.says("POST", f"{HERE}/tickets", {**ticket, "messages": [message]})
    result = desk.run("ticket", "open", "slow", "--text", "since morning", "--severity", "high", "--cluster", CLUSTER)
    assert result.code == 0, result.err
    assert "since morning" in result.out
    assert desk.service.sent("POST", f"{HERE}/tickets")["cluster"] == CLUSTER
    assert not desk.service.asked("GET", KUBE)


def test_a_customer_sees_the_incidents_of_its_project_alone(desk: Desk) -> None:
    desk.service.says("GET", f"{HERE}/incidents", [])
    assert desk.run("incident", "list").code == 0
    assert desk.run("incident", "show", ACCESS).code == 3
    desk.service.says("GET", "/native/incidents", [])
    assert desk.run("incident", "list", "--as", "provider").code == 0


def test_outages_are_disputed_and_settled(desk: Desk) -> None:
    desk.service.says("POST", f"{NATIVE}/outages/{ACCESS}/dispute", OUTAGE)
    assert desk.run("outages", "dispute", CLUSTER, ACCESS, "--reason", "not ours").code == 0
    assert desk.service.sent("POST", f"{NATIVE}/outages/{ACCESS}/dispute") == {"reason": "not ours"}
    desk.service.says("POST", f"{NATIVE}/outages/{ACCESS}/settle", OUTAGE)
    result = desk.run("outages", "settle", CLUSTER, ACCESS, "--against", "provider", "-o", "json")
    assert json.loads(result.out)["countsAgainst"] == "provider"


def test_availability_without_probes_says_so(desk: Desk) -> None:
    desk.service.says("GET", f"{NATIVE}/availability", {"figures": None, "hours": []})
    result = desk.run("outages", "availability", CLUSTER)
    assert result.code == 0
    assert "Nobody has probed" in result.out + result.err
