"""What steward's own identities may do in a cluster, proven by a real API server: all they need, and nothing else."""

from collections.abc import Iterator

import pytest

from steward.catalogue import addons
from steward.ports import guests
from tests.system import asked, loopback

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[asked.Cluster]:
    with loopback.running(tmp_path_factory.mktemp("plane")) as plane:
        cluster = asked.Cluster(plane)
        try:
            cluster.run(asked.installed(cluster))
            yield cluster
        finally:
            cluster.close()


def test_the_installer_puts_all_back_without_being_a_master(cluster: asked.Cluster) -> None:
    """Also its own rights, as a later release does it."""
    manifests = addons.manifests(dns_address="10.3.0.10", coredns_version="1.15.0", metrics_server_version="0.9.0")
    installer = cluster.plane.access(addons.INSTALL, "steward")
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/steward:3.2.2-4:nodes"

    async def story() -> None:
        await cluster.guests.apply(cluster.administrator, [each for each in manifests if _gives_rights(each)])
        await asked.eventually(lambda: cluster.guests.apply(installer, manifests), lambda _: True)
        for path in (role, "/apis/apps/v1/namespaces/kube-system/deployments/coredns"):
            await cluster.ask("DELETE", path)
        await cluster.guests.apply(installer, manifests)
        assert (await cluster.ask("GET", role))["rules"]

    cluster.run(story())


@pytest.mark.parametrize("name", ["coredns-custom", "other"])
def test_the_installer_writes_nothing_else(cluster: asked.Cluster, name: str) -> None:
    installer = cluster.plane.access(addons.INSTALL, "steward")
    foreign = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-system"}, "data": {}},
        {
            "apiVersion": addons.RIGHTS_API,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"steward:{name}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": addons.INSTALL}],
        },
    ]
    for manifest in foreign:
        with pytest.raises(guests.NotAnswering, match="was answered 403"):
            cluster.run(cluster.guests.apply(installer, [manifest]))


def test_a_canary_needs_no_rights(cluster: asked.Cluster) -> None:
    cluster.run(cluster.guests.sing(cluster.plane.access("steward:3.1.1-1:canary", "steward"), "a mark"))


def test_what_the_cluster_signed_is_read_with_the_right_to_read_it(cluster: asked.Cluster) -> None:
    assert cluster.run(cluster.guests.signed_certificates(cluster.plane.access(addons.REGISTRAR))) == {}
    with pytest.raises(guests.NotAnswering, match="was answered 403"):
        cluster.run(cluster.guests.signed_certificates(cluster.daily))


def _gives_rights(manifest: addons.Manifest) -> bool:
    return bool(manifest["apiVersion"] == addons.RIGHTS_API)
