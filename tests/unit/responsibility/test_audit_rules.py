"""Which row an act falls under: the published tables, and events of a real cluster."""

import collections
from typing import Any

import pytest
import yaml

from steward.catalogue import addons, loading
from steward.outside import guest_kinds
from steward.responsibility import audit_rules, matrix
from tests.unit.responsibility import audited
from tests.unit.responsibility.audited import ADMIN, act

WRITES = {
    ("create", "deployments.apps"): "2.3-2",
    ("create", "pods"): "2.3-2",
    ("create", "jobs.batch"): "2.3-2",
    ("patch", "deployments/scale.apps"): "2.3-2",
    ("update", "deployments.apps"): "3.2.2-2",
    ("patch", "statefulsets.apps"): "3.2.2-2",
    ("delete", "deployments.apps"): "3.1.1-2",
    ("deletecollection", "pods"): "3.1.1-2",
    ("create", "pods/eviction"): "3.1.1-2",
    ("create", "poddisruptionbudgets.policy"): "3.1.1-2",
    ("patch", "nodes"): "3.1.1-2",
    ("update", "pods/ephemeralcontainers"): "3.2.1-5",
    ("get", "pods/log"): "3.2.1-5",
    ("get", "pods/exec"): "2.3-3",
    ("create", "pods/attach"): "2.3-3",
    ("create", "pods/portforward"): "2.3-3",
    ("get", "services/proxy"): "2.3-3",
    ("get", "secrets"): "2.3-3",
    ("list", "secrets"): "2.3-3",
    ("watch", "secrets"): "2.3-3",
    ("create", "secrets"): "2.3-3",
    ("update", "configmaps"): "2.3-3",
    ("create", "persistentvolumeclaims"): "2.3-3",
    ("create", "volumesnapshots.snapshot.storage.k8s.io"): "2.3-3",
    ("create", "networkpolicies.networking.k8s.io"): "2.3-4",
    ("update", "services"): "2.3-4",
    ("patch", "httproutes.gateway.networking.k8s.io"): "2.3-4",
    ("create", "rolebindings.rbac.authorization.k8s.io"): "3.1.2-3",
    ("create", "serviceaccounts"): "3.1.2-3",
    ("create", "serviceaccounts/token"): "3.1.2-3",
    ("update", "certificatesigningrequests/approval.certificates.k8s.io"): "3.1.2-3",
    ("create", "validatingwebhookconfigurations.admissionregistration.k8s.io"): "3.1.2-3",
    ("create", "namespaces"): "2.3-1",
    ("create", "customresourcedefinitions.apiextensions.k8s.io"): "2.3-1",
    ("patch", "widgets.example.org"): "2.3-1",
    ("create", "podtemplates"): "2.3-1",
}
# By what it is that a person of the customer's did while the log was recorded.
DONE = {"2.3-1": 1, "2.3-2": 2, "2.3-3": 6, "2.3-4": 2, "3.1.1-2": 1, "3.1.2-3": 6, "3.2.1-5": 2}


@pytest.mark.parametrize(("verb", "kind"), sorted(WRITES))
def test_each_kind_of_write_falls_under_one_row(verb: str, kind: str) -> None:
    row = audit_rules.row_of(act(ADMIN, verb, kind, "shop/it"))
    assert row is not None
    assert row.activity == WRITES[verb, kind]


def test_every_negative_row_has_a_kind_of_write_and_no_other_row_has() -> None:
    assert {row.activity for row in audit_rules.tables().rows} == set(audit_rules.NEGATIVE) == set(WRITES.values())
    for activity in audit_rules.NEGATIVE:
        assert not matrix.load().activity(activity).letters["provider"]


@pytest.mark.parametrize("kind", ["pods", "deployments.apps", "configmaps", "nodes", "events", "widgets.example.org"])
def test_other_reading_falls_under_none(kind: str) -> None:
    assert all(audit_rules.row_of(act(ADMIN, verb, kind, "shop/it")) is None for verb in ("get", "list", "watch"))


def test_questions_about_rights_change_nothing() -> None:
    assert audit_rules.row_of(act(ADMIN, "create", "selfsubjectaccessreviews.authorization.k8s.io")) is None


def test_a_restart_is_told_from_a_change() -> None:
    restart = act(ADMIN, "patch", "deployments.apps", "shop/web", uri="/x?fieldManager=kubectl-rollout")
    assert audit_rules.row_of(restart) is not None
    assert audit_rules.row_of(restart).activity == "3.2.1-5"  # type: ignore[union-attr]


def test_an_apply_that_made_the_object_is_a_launch() -> None:
    made = audit_rules.row_of(act(ADMIN, "patch", "deployments.apps", "shop/web", code=201))
    changed = audit_rules.row_of(act(ADMIN, "patch", "deployments.apps", "shop/web", code=200))
    assert made is not None
    assert changed is not None
    assert (made.activity, changed.activity) == ("2.3-2", "3.2.2-2")


def test_pods_that_are_deleted_during_an_incident_are_an_intervention() -> None:
    gone = act(ADMIN, "delete", "pods", "shop/web")
    rows = [audit_rules.row_of(gone, incident=each) for each in (False, True)]
    assert [each.activity for each in rows if each] == ["3.1.1-2", "3.2.1-5"]


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"null", b'{"user":1}', b"\xff\xfe", b"1", b'{"verb":"get"}'])
def test_what_is_no_event_is_broken(line: bytes) -> None:
    with pytest.raises(audit_rules.Broken):
        audit_rules.parsed(line)


def test_every_cut_of_a_recorded_line_is_broken() -> None:
    line = audited.RECORDED.read_bytes().splitlines()[0]
    for end in range(len(line)):
        with pytest.raises(audit_rules.Broken):
            audit_rules.parsed(line[:end])


def test_a_request_counts_once() -> None:
    """However many stages of it are in the log."""
    counted = collections.Counter(each.id for each in audited.recorded() if each.counts)
    assert set(counted) == {each.id for each in audited.recorded()}
    assert set(counted.values()) == {1}


def test_recorded_acts_of_people_fall_under_their_rows() -> None:
    people = [each for each in audited.recorded() if each.counts and not each.user.startswith(("system:", "steward:"))]
    rows = [audit_rules.row_of(each) for each in people if not each.refused]
    found = collections.Counter(each.activity for each in rows if each is not None)
    assert found == DONE


def test_the_list_of_what_the_provider_owns_is_what_it_installs() -> None:
    manifests = addons.manifests(dns_address="10.3.0.10", coredns_version="1.15.0", metrics_server_version="0.9.0")
    installed = {_place(each) for each in manifests}
    listed = {
        (each.resource, each.namespace, name)
        for each in audit_rules.tables().owned
        if not each.with_access
        for name in each.names
    }
    assert listed == installed
    assert [each.resource for each in audit_rules.tables().owned if not each.names] == ["nodes"]


def test_the_installer_may_write_what_the_provider_owns_and_nothing_else() -> None:
    manifests = addons.manifests(dns_address="10.3.0.10", coredns_version="1.15.0", metrics_server_version="0.9.0")
    may: set[tuple[str, str, str]] = set()
    for role in (each for each in manifests if each["metadata"]["name"] == addons.INSTALL and "rules" in each):
        for rule in role["rules"]:
            assert rule["resourceNames"], "a rule without names is one for all objects"
            assert set(rule["verbs"]) <= {"get", "create", "patch", "escalate", "bind"}
            if "patch" in rule["verbs"]:
                (group,), (plural,) = rule["apiGroups"], rule["resources"]
                kind = f"{plural}.{group}" if group else plural
                may |= {(kind, role["metadata"].get("namespace", ""), name) for name in rule["resourceNames"]}
    assert may == {_place(each) for each in manifests}


def _place(manifest: dict[str, Any]) -> tuple[str, str, str]:
    plural = guest_kinds.path(manifest).split("/")[-2]
    group = manifest["apiVersion"].partition("/")[0] if "/" in manifest["apiVersion"] else ""
    kind = f"{plural}.{group}" if group else plural
    return kind, manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]


class Policy:
    """The API server's own reading of a policy: the first rule that matches."""

    def __init__(self) -> None:
        self.document = yaml.safe_load(loading.audit_policy())

    def level(self, user: str, verb: str, kind: str = "", path: str = "", groups: tuple[str, ...] = ()) -> str:
        plain, _, group = kind.partition(".")
        for rule in self.document["rules"]:
            if "users" in rule and user not in rule["users"]:
                continue
            if "userGroups" in rule and not set(rule["userGroups"]) & set(groups):
                continue
            if "verbs" in rule and verb not in rule["verbs"]:
                continue
            if "nonResourceURLs" in rule and not (path and any(_like(each, path) for each in rule["nonResourceURLs"])):
                continue
            if "resources" in rule and not (kind and any(_of(each, group, plain) for each in rule["resources"])):
                continue
            return str(rule["level"])
        return "None"


def _like(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _of(rule: dict[str, Any], group: str, plain: str) -> bool:
    if rule.get("group", "") != group:
        return False
    names = rule.get("resources", [])
    subresource = plain.partition("/")[2]
    return not names or plain in names or bool(subresource and f"*/{subresource}" in names)


NODE = ("system:nodes", "system:authenticated")
CONTROLLER = ("system:serviceaccounts", "system:serviceaccounts:kube-system")


def test_no_body_of_anything_is_ever_written() -> None:
    assert {rule["level"] for rule in Policy().document["rules"]} == {"None", "Metadata"}
    assert Policy().document["omitStages"] == ["RequestReceived"]


@pytest.mark.parametrize(("verb", "kind"), sorted(WRITES))
@pytest.mark.parametrize("user", [ADMIN, "steward:3.2.2-4:nodes", "steward:2.1-1:install", "oidc:alice", "mallory"])
def test_what_counts_is_written_whoever_of_the_parties_does_it(user: str, verb: str, kind: str) -> None:
    assert Policy().level(user, verb, kind) == ("None" if _daily(user, verb, kind) else "Metadata")


def _daily(user: str, verb: str, kind: str) -> bool:
    return user == "steward:3.2.2-4:nodes" and kind == "nodes" and verb in ("get", "list")


@pytest.mark.parametrize("kind", ["secrets", "pods/log", "pods/exec", "pods/attach", "pods/portforward"])
@pytest.mark.parametrize(
    ("user", "groups"),
    [
        ("system:node:n", NODE),
        ("system:kube-controller-manager", ()),
        ("system:serviceaccount:kube-system:x", CONTROLLER),
    ],
)
def test_the_reading_of_secrets_and_of_pods_is_written_for_programs_too(
    user: str, groups: tuple[str, ...], kind: str
) -> None:
    assert Policy().level(user, "get", kind, groups=groups) == "Metadata"


@pytest.mark.parametrize(
    ("user", "groups", "verb", "kind"),
    [
        ("system:node:n", NODE, "update", "leases.coordination.k8s.io"),
        ("system:node:n", NODE, "patch", "nodes/status"),
        ("system:node:n", NODE, "watch", "configmaps"),
        ("system:serviceaccount:kube-system:x", CONTROLLER, "update", "endpointslices.discovery.k8s.io"),
        ("system:kube-scheduler", (), "create", "events.events.k8s.io"),
        ("system:kube-controller-manager", (), "list", "pods"),
        ("system:apiserver", (), "create", "namespaces"),
    ],
)
def test_the_noise_of_programs_is_not(user: str, groups: tuple[str, ...], verb: str, kind: str) -> None:
    assert Policy().level(user, verb, kind, groups=groups) == "None"


def test_the_canary_is_written_and_health_is_not() -> None:
    assert Policy().level("steward:3.1.1-1:canary", "get", path="/version") == "Metadata"
    assert Policy().level(ADMIN, "get", path="/version") == "None"
    assert Policy().level("steward:3.1.1-1:probe", "get", path="/readyz") == "None"


def test_people_that_write_what_programs_write_all_the_time_are_written() -> None:
    for kind in ("leases.coordination.k8s.io", "endpoints", "events", "nodes/status"):
        assert Policy().level(ADMIN, "update", kind) == "Metadata"
