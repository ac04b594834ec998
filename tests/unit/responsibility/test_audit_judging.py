"""What of the log is a breach, and what is not."""

from datetime import timedelta
from typing import Any

import pytest

from steward.domain import audits, clusters
from steward.responsibility import audit_judging, audit_rules
from tests.unit.responsibility import audited
from tests.unit.responsibility.audited import ADMIN, NOON, STEWARD, act, issuance, judged, ledger, node

OPERATION = {"agent": f"steward (operation node:{audited.DRAINED})"}


def rules(found: audit_judging.Judgement) -> list[tuple[str, str]]:
    return [(each.activity, each.rule) for each in found.findings]


def test_a_real_cluster_day_has_the_two_breaches_that_were_made_in_it() -> None:
    acts = audited.recorded()
    known = {each.fingerprint: each for each in map(_issued, acts) if each.fingerprint and each.user != "mallory"}
    drained = node(drain_began_at=acts[0].at)
    found = judged(*acts, issuances=known, nodes={audited.DRAINED: drained})
    assert [(each.activity, each.user, each.resource, each.name) for each in found.findings] == [
        ("2.3-3", STEWARD, "configmaps", "rogue"),
        ("3.1.2-2", "mallory", "pods", ""),
    ]
    counts = {activity: count for (activity, _), count in found.counts.items()}
    assert counts["2.1-1"].by_provider == 9  # of each kind one was recorded
    assert counts["3.2.2-4"].by_provider == 4  # a node made, cordoned, emptied of a pod, deleted
    assert counts[audit_rules.IMPORT_EXPORT].by_customer
    assert counts[audit_rules.IMPORT_EXPORT].reads_by_customer
    assert set(counts) - {"2.1-1", "3.2.2-4", "2.2-1"} <= {*audit_rules.NEGATIVE, "3.1.2-2"}


def _issued(each: audit_rules.Act) -> audits.Issuance:
    purposes = {"system:kube-controller-manager": "controller-manager", "system:kube-scheduler": "scheduler"}
    purpose = purposes.get(each.user, "kubelet" if each.user.startswith("system:node:") else "x")
    found = issuance(each.user, each.fingerprint, purpose=purpose)
    return found if each.fingerprint else issuance(each.user, " ")


@pytest.mark.parametrize("activity", audit_rules.NEGATIVE)
def test_a_write_of_the_provider_breaches_its_row_and_no_other(activity: str) -> None:
    examples: dict[str, tuple[str, str]] = {
        "2.3-1": ("create", "namespaces"),
        "2.3-2": ("create", "deployments.apps"),
        "2.3-3": ("get", "secrets"),
        "2.3-4": ("create", "networkpolicies.networking.k8s.io"),
        "3.1.1-2": ("delete", "deployments.apps"),
        "3.1.2-3": ("create", "serviceaccounts/token"),
        "3.2.1-5": ("get", "pods/log"),
        "3.2.2-2": ("update", "deployments.apps"),
    }
    stage = "ResponseStarted" if "log" in examples[activity][1] else "ResponseComplete"
    found = judged(act(STEWARD, *examples[activity], "shop/web", stage=stage))
    assert [each.activity for each in found.findings] == [activity]
    assert {key: count.breaches for (key, _), count in found.counts.items()} == {activity: 1}


@pytest.mark.parametrize("activity", audit_rules.NEGATIVE)
def test_the_same_write_of_the_customer_is_none(activity: str) -> None:
    found = judged(act(ADMIN, "create", "deployments.apps", "shop/web"), act(ADMIN, "get", "secrets", "shop/s"))
    assert found.findings == []
    assert {key for key, _ in found.counts} == {"2.3-2", "2.3-3", "2.2-1"}


@pytest.mark.parametrize(
    ("verb", "code", "listed", "created"),
    [
        ("list", 200, 1, 0),
        ("get", 200, 0, 0),
        ("watch", 200, 0, 0),
        ("create", 201, 0, 1),
        ("patch", 201, 0, 1),  # applied by the server, and new
        ("patch", 200, 0, 0),
        ("delete", 200, 0, 0),
        ("list", 403, 0, 0),
    ],
)
def test_exports_are_lists_and_imports_are_what_was_made(verb: str, code: int, listed: int, created: int) -> None:
    found = judged(act(ADMIN, verb, "deployments.apps", "shop/web", code=code))
    counts = [count for (activity, _), count in found.counts.items() if activity == audit_rules.IMPORT_EXPORT]
    assert sum(each.reads_by_customer for each in counts) == listed
    assert sum(each.by_customer for each in counts) == created


def test_what_the_provider_owns_it_may_write() -> None:
    own = [("patch", "nodes", "n-1"), ("patch", "deployments.apps", "kube-system/coredns")]
    found = judged(*(act(STEWARD, *each) for each in own))
    assert (found.findings, [count.by_provider for count in found.counts.values()]) == ([], [2])


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("deployments.apps", "shop/coredns"),
        ("deployments.apps", "kube-system/other"),
        ("configmaps", "kube-system/coredns-custom"),
        ("clusterrolebindings.rbac.authorization.k8s.io", "mine"),
        ("rolebindings.rbac.authorization.k8s.io", "shop/steward:2.1-1:install"),
    ],
)
def test_its_neighbours_are_not_the_providers(kind: str, where: str) -> None:
    assert len(judged(act(STEWARD, "patch", kind, where)).findings) == 1


@pytest.mark.parametrize("code", [401, 403, 404, 409, 422])
def test_what_was_refused_had_no_effect(code: int) -> None:
    assert judged(act(STEWARD, "create", "configmaps", "shop/x", code=code)).findings == []


@pytest.mark.parametrize("code", [0, 200, 201, 500, 504])
def test_what_may_have_had_one_counts(code: int) -> None:
    assert len(judged(act(STEWARD, "create", "configmaps", "shop/x", code=code)).findings) == 1


@pytest.mark.parametrize(
    ("verb", "kind"),
    [("patch", "configmaps"), ("delete", "pods"), ("create", "pods/eviction"), ("create", "pods/binding")],
)
def test_a_rehearsal_changes_nothing(verb: str, kind: str) -> None:
    assert judged(act(STEWARD, verb, kind, "shop/x", uri="/x?dryRun=All&force=true")).findings == []


@pytest.mark.parametrize(
    ("verb", "kind", "activity"),
    [
        ("get", "secrets", "2.3-3"),
        ("list", "secrets", "2.3-3"),
        ("get", "pods/log", "3.2.1-5"),
        ("create", "pods/exec", "2.3-3"),
        ("get", "pods/exec", "2.3-3"),
        ("create", "pods/attach", "2.3-3"),
        ("create", "pods/portforward", "2.3-3"),
        ("update", "services/proxy", "2.3-3"),
        ("create", "serviceaccounts/token", "3.1.2-3"),
    ],
)
def test_what_heeds_no_dry_run_is_none(verb: str, kind: str, activity: str) -> None:
    stays_open = kind.rpartition("/")[2] in audit_rules.LONG
    stage = "ResponseStarted" if stays_open else "ResponseComplete"
    found = judged(act(STEWARD, verb, kind, "shop/x", uri="/x?dryRun=All", stage=stage))
    assert [each.activity for each in found.findings] == [activity]


@pytest.mark.parametrize(("verb", "kind"), [("create", "pods/eviction"), ("delete", "pods")])
def test_pods_leave_for_an_operation_that_asks_for_it(verb: str, kind: str) -> None:
    there = {audited.DRAINED: node()}
    assert judged(act(STEWARD, verb, kind, "shop/web", **OPERATION), nodes=there).findings == []
    assert rules(judged(act(STEWARD, verb, kind, "shop/web"), nodes=there))[0][0] == "3.1.1-2"


@pytest.mark.parametrize(
    "found",
    [
        {},
        {audited.DRAINED: node(drain_began_at=None)},
        {audited.DRAINED: node(drain_began_at=NOON + timedelta(minutes=1))},
        {audited.DRAINED: node(cluster_id=clusters.ClusterId("another"))},
        {audited.DRAINED: node(deleted_at=NOON - timedelta(minutes=1))},
    ],
)
def test_an_operation_that_asked_for_nothing_of_the_kind_excuses_nothing(found: dict[str, Any]) -> None:
    breach = judged(act(STEWARD, "create", "pods/eviction", "shop/web", **OPERATION), nodes=found).findings[0]
    assert (breach.activity, "asked for no such thing" in breach.text) == ("3.1.1-2", True)


def test_an_operation_excuses_nothing_but_the_leaving_of_pods() -> None:
    there = {audited.DRAINED: node()}
    assert len(judged(act(STEWARD, "delete", "deployments.apps", "shop/web", **OPERATION), nodes=there).findings) == 1


def test_a_certificate_that_is_not_in_the_ledger_is_a_breach_whatever_it_does() -> None:
    found = judged(act("mallory", "list", "pods", "shop/"), act("mallory", "get", uri="/version"))
    assert {each.id for each in found.findings} == {found.findings[0].id}, "once a day for each certificate"
    assert rules(found)[0] == ("3.1.2-2", "not in the ledger")


def test_what_was_written_with_it_is_nobodys_but_the_providers() -> None:
    found = judged(act("mallory", "create", "deployments.apps", "shop/web"))
    assert [each.activity for each in found.findings] == ["3.1.2-2", "2.3-2"]
    assert all(not count.by_customer for count in found.counts.values())


@pytest.mark.parametrize("user", [STEWARD, "system:kube-controller-manager", "system:node:n"])
def test_a_name_that_only_a_certificate_gives_needs_one(user: str) -> None:
    assert ("3.1.2-2", "no certificate") in rules(judged(act(user, "get", "pods", "shop/x", fingerprint="")))


@pytest.mark.parametrize(
    ("user", "groups"), [("oidc:alice", ()), ("system:serviceaccount:shop:ci", ()), ("system:bootstrap:abc", ())]
)
def test_customers_come_with_tokens(user: str, groups: tuple[str, ...]) -> None:
    found = judged(act(user, "create", "deployments.apps", "shop/web", fingerprint=""))
    assert found.findings == []
    assert {key: count.by_customer for (key, _), count in found.counts.items()} == {"2.3-2": 1, "2.2-1": 1}


def test_a_certificate_of_the_clusters_own_signing_is_the_customers_whatever_its_name() -> None:
    signed = issuance(STEWARD, "signed inside", party="customer", purpose="csr:x")
    found = judged(act(STEWARD, "create", "pods", "shop/x", fingerprint="signed inside"), issuances=ledger(signed))
    assert found.findings == []


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("after its end", {"expires_at": NOON - timedelta(minutes=1)}),
        ("after its end", {"revoked_at": NOON - timedelta(minutes=1)}),
        ("other name", {"user": "steward:2.1-1:install"}),
    ],
)
def test_a_certificate_is_used_as_it_was_issued(rule: str, more: dict[str, Any]) -> None:
    issued = (
        issuance(STEWARD, f"of {STEWARD}", **more) if "user" not in more else issuance(more["user"], f"of {STEWARD}")
    )
    assert rules(judged(act(STEWARD, "list", "nodes"), issuances=ledger(issued))) == [("3.1.2-2", rule)]


def test_a_certificate_may_be_used_until_its_end() -> None:
    issued = issuance(STEWARD, expires_at=NOON)
    assert judged(act(STEWARD, "list", "nodes"), issuances=ledger(issued)).findings == []


def test_steward_never_uses_the_customers_certificate() -> None:
    assert rules(judged(act(ADMIN, "list", "nodes", agent="steward"))) == [("3.1.2-2", "customer's credential")]


@pytest.mark.parametrize("user", ["system:serviceaccount:shop:ci", "oidc:alice"])
def test_nor_its_tokens_and_certificates_of_its_own_signing(user: str) -> None:
    token = act(user, "list", "secrets", fingerprint="", agent="steward")
    assert ("3.1.2-2", "customer's credential") in rules(judged(token))
    signed = issuance(user, "signed inside", party="customer", purpose="csr:x")
    own = act(user, "list", "secrets", fingerprint="signed inside", agent="steward")
    assert ("3.1.2-2", "customer's credential") in rules(judged(own, issuances=ledger(signed)))
    assert rules(judged(act(user, "list", "secrets", fingerprint="", agent="steward", code=403))) == []
    assert rules(judged(act("system:anonymous", "get", uri="/readyz", fingerprint="", agent="steward"))) == []


@pytest.mark.parametrize(("verb", "kind"), [("get", "secrets"), ("get", "pods/log"), ("get", "pods/exec")])
def test_nothing_else_reads_with_a_programs_certificate(verb: str, kind: str) -> None:
    manager = "system:kube-controller-manager"
    issued = issuance(manager, purpose="controller-manager")
    stage = "ResponseStarted" if "/" in kind else "ResponseComplete"
    found = judged(act(manager, verb, kind, "shop/x", agent="kubectl/v1.37.2", stage=stage), issuances=ledger(issued))
    assert ("3.1.2-2", "other program") in rules(found)


@pytest.mark.parametrize("subresource", ["proxy", "exec", "portforward"])
def test_a_node_is_the_providers_and_the_way_through_it_into_containers_is_not(subresource: str) -> None:
    through = act(STEWARD, "create", f"nodes/{subresource}", "/n", stage="ResponseStarted")
    assert len(judged(through).findings) == 1
    assert judged(act(STEWARD, "patch", "nodes/status", "/n")).findings == []


def test_the_customers_admin_has_its_name_by_certificate_alone() -> None:
    assert rules(judged(act(ADMIN, "list", "pods", fingerprint=""))) == [("3.1.2-2", "no certificate")]


def test_a_programs_certificate_is_used_by_that_program() -> None:
    manager = "system:kube-controller-manager"
    issued = issuance(manager, purpose="controller-manager")
    rightly = act(manager, "create", "pods", "shop/x", agent="kube-controller-manager/v1.37.2 (linux/amd64)")
    wrongly = act(manager, "create", "pods", "shop/x", agent="kubectl/v1.37.2")
    assert judged(rightly, issuances=ledger(issued)).findings == []
    assert rules(judged(wrongly, issuances=ledger(issued))) == [
        ("3.1.2-2", "other program"),
        ("2.3-2", "launching workloads"),
    ]


def test_only_the_canarys_own_certificate_sings() -> None:
    facts = audit_judging.Facts(cluster_id=audited.CLUSTER, issuances=ledger(issuance(audit_judging.CANARY)))
    song = {"uri": "/version?canary=1"}
    assert audit_judging.is_canary(act(audit_judging.CANARY, "get", **song), facts)
    assert not audit_judging.is_canary(act(audit_judging.CANARY, "get", uri="/version"), facts)
    assert not audit_judging.is_canary(act(audit_judging.CANARY, "get", fingerprint="forged", **song), facts)
    assert not audit_judging.is_canary(act(ADMIN, "get", **song), facts)
