"""Break-glass in the audit log: what a session may do, what it may not leave behind, how its rights come and go."""

from datetime import timedelta
from typing import Any

import pytest

from steward.domain import accesses, projects
from steward.responsibility import audit_judging
from tests.unit.responsibility import audited
from tests.unit.responsibility.audited import NOON, STEWARD, act, issuance, judged, ledger


def session(**more: Any) -> accesses.Access:
    found: dict[str, Any] = {
        "id": "11111111-2222-4333-8444-555555555555",
        "project_id": projects.ProjectId("0" * 32),
        "cluster_id": audited.CLUSTER,
        "activity": "3.2.1-3",
        "scope": accesses.Scope.ADMIN,
        "reason": "help",
        "minutes": 30,
        "requested_by": "op@provider",
        "requested_at": NOON - timedelta(minutes=20),
        "approved_at": NOON - timedelta(minutes=10),
        "expires_at": NOON + timedelta(minutes=10),
        "fingerprint": "of the session",
    }
    return accesses.Access(**{**found, **more})


PERSON = "steward:3.2.1-3:breakglass-11111111"


def by_session(**more: Any) -> audit_judging.Judgement:
    done = act(PERSON, "delete", "pods", "shop/web", fingerprint="of the session")
    return judged(done, issuances=ledger(issuance(PERSON, "of the session")), accesses=[session(**more)])


def test_who_was_let_in_breaches_nothing_and_is_counted() -> None:
    found = by_session()
    assert found.findings == []
    assert {key: count.by_provider for (key, _), count in found.counts.items()} == {"3.1.1-2": 1}


@pytest.mark.parametrize(
    "more",
    [
        {"approved_at": None},
        {"approved_at": NOON + timedelta(minutes=1)},
        {"ended_at": NOON - timedelta(minutes=1)},
        {"expires_at": NOON - timedelta(minutes=1)},
        {"fingerprint": "of another"},
        {"fingerprint": ""},
    ],
)
def test_outside_of_a_session_it_is_a_breach(more: dict[str, Any]) -> None:
    assert [each.activity for each in by_session(**more).findings] == ["3.1.1-2"]


@pytest.mark.parametrize(
    ("verb", "kind", "name"),
    [
        ("create", "serviceaccounts/token", "shop/ci"),
        ("create", "certificatesigningrequests.certificates.k8s.io", "alice"),
        ("update", "certificatesigningrequests/approval.certificates.k8s.io", "alice"),
        ("create", "secrets", "shop/token"),
        ("update", "secrets", "shop/token"),
        ("patch", "secrets", "shop/token"),
    ],
)
def test_a_session_leaves_no_credential_behind(verb: str, kind: str, name: str) -> None:
    made = act(PERSON, verb, kind, name, fingerprint="of the session")
    known = ledger(issuance(PERSON, "of the session"))
    found = judged(made, issuances=known, accesses=[session()])
    assert [(each.activity, each.rule) for each in found.findings] == [("3.1.2-2", "credential made in a session")]
    refused = act(PERSON, verb, kind, name, fingerprint="of the session", code=403)
    assert judged(refused, issuances=known, accesses=[session()]).findings == []


@pytest.mark.parametrize("verb", ["get", "list", "delete"])
def test_what_a_session_reads_or_deletes_of_secrets_makes_no_credential(verb: str) -> None:
    done = act(PERSON, verb, "secrets", "shop/token", fingerprint="of the session")
    found = judged(done, issuances=ledger(issuance(PERSON, "of the session")), accesses=[session()])
    assert found.findings == []
    assert {key: count.by_provider for (key, _), count in found.counts.items()} == {"2.3-3": 1}


def test_rights_of_a_person_are_given_for_an_access_that_was_approved_alone() -> None:
    given = act(
        STEWARD,
        "patch",
        "clusterrolebindings.rbac.authorization.k8s.io",
        f"steward:breakglass-{session().id}",
        code=201,
    )
    assert judged(given, accesses=[session()]).findings == []
    for none in ([], [session(approved_at=None)], [session(id="99999999-2222-4333-8444-555555555555")]):
        assert [each.activity for each in judged(given, accesses=none).findings] == ["3.1.2-3"]


def test_rights_of_a_person_are_given_while_the_access_lasts_and_taken_away_at_any_time() -> None:
    name, kind = f"steward:breakglass-{session().id}", "clusterrolebindings.rbac.authorization.k8s.io"
    ended = [session(ended_at=NOON - timedelta(minutes=1))]
    assert [each.activity for each in judged(act(STEWARD, "create", kind, name), accesses=ended).findings] == [
        "3.1.2-3"
    ]
    assert judged(act(STEWARD, "delete", kind, name), accesses=ended).findings == []


MINE = "shop/mine"  # a binding that a session gave itself, in whichever namespace


ROLE_BINDINGS = "rolebindings.rbac.authorization.k8s.io"


ENDED = {"ended_at": NOON - timedelta(minutes=1)}


def taken_back(verb: str, kind: str = ROLE_BINDINGS, *, by: str = audit_judging.KEEPER, **more: Any) -> list[str]:
    """Rows that are breached by it, with the session as `more` has it."""
    done = act(by, verb, kind, MINE, agent=f"steward (operation access:{session().id})", code=more.pop("code", 200))
    issued = ledger(issuance(by))
    found = judged(done, issuances=issued, accesses=[session(**{**ENDED, **more})])
    return [each.activity for each in found.findings]


@pytest.mark.parametrize("verb", ["delete", "patch"])
@pytest.mark.parametrize("kind", [ROLE_BINDINGS, "clusterrolebindings.rbac.authorization.k8s.io"])
def test_what_a_session_gave_itself_is_taken_back_after_its_end(verb: str, kind: str) -> None:
    assert taken_back(verb, kind) == []
    assert taken_back(verb, kind, refused_at=NOON) == []


@pytest.mark.parametrize(
    "more",
    [
        {"ended_at": None},
        {"ended_at": NOON + timedelta(minutes=1)},
        {"refused_at": NOON - timedelta(minutes=1)},
        {"approved_at": None},
        {"id": "99999999-2222-4333-8444-555555555555"},
        {"by": STEWARD},
        {"verb": "create", "code": 201},
        {"verb": "patch", "code": 201},
        {"verb": "deletecollection"},
        {"kind": "roles.rbac.authorization.k8s.io"},
    ],
)
def test_an_access_excuses_nothing_else(more: dict[str, Any]) -> None:
    assert taken_back(**{"verb": "delete", **more}) == ["3.1.2-3"]
