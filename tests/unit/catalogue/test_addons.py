"""The manifests as the API will see them."""

from typing import Any

import pytest

from steward.catalogue import addons
from steward.outside import guest_kinds
from steward.reconcile import issuances


@pytest.fixture
def manifests() -> list[addons.Manifest]:
    return addons.manifests(dns_address="10.3.0.10", coredns_version="1.15.0", metrics_server_version="0.9.0")


def one(manifests: list[addons.Manifest], title: str) -> Any:
    (found,) = [each for each in manifests if guest_kinds.title(each) == title]
    return found


def test_every_object_says_whose_it_is(manifests: list[addons.Manifest]) -> None:
    assert all(each["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "steward" for each in manifests)


def test_every_object_stands_once_and_has_a_place(manifests: list[addons.Manifest]) -> None:
    paths = [guest_kinds.path(each) for each in manifests]
    assert len(set(paths)) == len(paths)


def test_no_value_is_left_to_be_filled_in(manifests: list[addons.Manifest]) -> None:
    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [leaf for each in value.values() for leaf in leaves(each)]
        if isinstance(value, list):
            return [leaf for each in value for leaf in leaves(each)]
        return [value]

    assert None not in leaves(manifests)


def test_the_dns_service_has_the_given_address_and_its_metrics_port(manifests: list[addons.Manifest]) -> None:
    service = one(manifests, "Service kube-system/kube-dns")["spec"]
    assert service["clusterIP"] == "10.3.0.10"
    assert {(each["port"], each["protocol"]) for each in service["ports"]} == {(53, "UDP"), (53, "TCP"), (9153, "TCP")}


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("coredns", "registry.k8s.io/coredns/coredns:v1.15.0"),
        ("metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.9.0"),
    ],
)
def test_images_have_upstreams_names_and_our_versions(manifests: list[addons.Manifest], name: str, image: str) -> None:
    (container,) = one(manifests, f"Deployment kube-system/{name}")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == image
    assert container["imagePullPolicy"] == "IfNotPresent"


def test_selectors_match_what_they_select(manifests: list[addons.Manifest]) -> None:
    for deployment, service in (("coredns", "kube-dns"), ("metrics-server", "metrics-server")):
        spec = one(manifests, f"Deployment kube-system/{deployment}")["spec"]
        labels = spec["template"]["metadata"]["labels"].items()
        assert spec["selector"]["matchLabels"].items() <= labels
        assert one(manifests, f"Service kube-system/{service}")["spec"]["selector"].items() <= labels


def test_bindings_name_roles_and_accounts_that_exist(manifests: list[addons.Manifest]) -> None:
    names = {(each["kind"], each["metadata"]["name"]) for each in manifests}
    identity = issuances.Identity
    users = {addons.KUBELET_CLIENT, *(each.user for each in vars(issuances).values() if isinstance(each, identity))}
    upstream = {"system:kubelet-api-admin", "system:auth-delegator", "extension-apiserver-authentication-reader"}
    for binding in (each for each in manifests if each["kind"].endswith("Binding")):
        role = binding["roleRef"]
        assert role["name"] in upstream or (role["kind"], role["name"]) in names
        for subject in binding["subjects"]:
            assert subject["name"] in users or (subject["kind"], subject["name"]) in names


def test_the_daily_identity_reads_no_secret_and_writes_no_workload(manifests: list[addons.Manifest]) -> None:
    rules = one(manifests, f"ClusterRole {addons.NODES}")["rules"]
    allowed = {name for rule in rules for name in rule.get("resources", ())}
    assert allowed == {"nodes", "pods", "pods/eviction"}
    assert not {verb for rule in rules for verb in rule["verbs"]} & {"*", "escalate", "bind", "impersonate"}


def test_metrics_server_verifies_kubelets(manifests: list[addons.Manifest]) -> None:
    (container,) = one(manifests, "Deployment kube-system/metrics-server")["spec"]["template"]["spec"]["containers"]
    assert not [each for each in container["args"] if "insecure" in each]
    assert any(each.startswith("--kubelet-certificate-authority=") for each in container["args"])


def test_a_filled_document_is_not_kept_for_the_next_cluster() -> None:
    first = addons.coredns(dns_address="10.3.0.10", version="1.15.0")
    second = addons.coredns(dns_address="10.9.0.10", version="1.15.0")
    assert one(first, "Service kube-system/kube-dns")["spec"]["clusterIP"] == "10.3.0.10"
    assert one(second, "Service kube-system/kube-dns")["spec"]["clusterIP"] == "10.9.0.10"
    image = one(second, "Deployment kube-system/coredns")["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.count(":") == 1


def test_customers_own_dns_settings_are_read_and_never_written(manifests: list[addons.Manifest]) -> None:
    corefile = one(manifests, "ConfigMap kube-system/coredns")["data"]["Corefile"]
    assert "import custom/*.include" in corefile
    assert "import custom/*.server" in corefile
    assert not [each for each in manifests if each["metadata"]["name"] == "coredns-custom"]
