"""Two clusters with the same ranges side by side, and the host that both run on: none reaches what is not its own."""

import json
import socket
import subprocess
from collections.abc import Iterator

import pytest

from steward.domain import networks
from tests.system import binaries, ordered, waiting
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = pytest.mark.system

# Of a pod that tries: nothing answers, neither a connection nor a refusal.
NOTHING = {"TIMEOUT"}


@pytest.fixture(scope="module")
def other(service: Service) -> Iterator[Cluster]:
    """One pod that tries, on its one node; its proxy is of the other mode, too."""
    with ordered.ready(service, name="other", kubeProxyMode="ipvs") as made:
        made.run(ordered.web("web-0", labels={"app": "web"}), ordered.service_of("web", {"app": "web"}))
        yield made


def test_both_have_the_same_addresses_inside(cluster: Cluster, other: Cluster) -> None:
    first, second = (each.find("service", "kubernetes")["spec"]["clusterIP"] for each in (cluster, other))
    assert first == second
    ranges = [each.find("nodes")["items"][0]["spec"]["podCIDR"].split(".")[:2] for each in (cluster, other)]
    assert ranges[0] == ranges[1]
    # The same address is another pod in each.
    assert other.fetch("web-0", f"http://{other.pod_address('web-0')}:8080/hostname") == "web-0"


def test_services_work_in_the_other_proxy_mode(other: Cluster) -> None:
    assert other.see()["kubeProxyMode"] == "ipvs"
    name = "http://web.default.svc.cluster.local/hostname"
    answer = waiting.until(lambda: other.fetch("web-0", name), "the Service", ignore=ordered.KubectlFailed)
    assert answer == "web-0"


def test_no_pod_reaches_another_clusters_node_or_api(cluster: Cluster, other: Cluster) -> None:
    (node,) = other.nodes()
    targets = [
        f"{other.node_address(node)}:10250",
        f"{other.network.gateway}:{networks.API_PORT}",
        f"{other.network.api_address}:{networks.API_PORT}",
    ]
    # They do answer to who may: their own pods.
    assert [other.connect("web-0", each) for each in targets] == ["", "", ""]
    assert {cluster.connect("client-0", each) for each in targets} == NOTHING


def test_no_pod_reaches_another_clusters_pods(cluster: Cluster, other: Cluster) -> None:
    """A pod's address means another pod, or none at all, in another cluster."""
    taken = {each["status"]["podIP"] for each in cluster.find("pods", "-A")["items"]}
    hidden = next(address for address in (f"10.2.0.{last}" for last in range(200, 250)) if address not in taken)
    (node,) = other.nodes()
    box = f"/run/netns/{other.service.spot.node_namespace(other.slot, int(other.node_facts(node['id'])['number']))}"
    subprocess.run(["ip", "-n", box.rpartition("/")[2], "addr", "add", f"{hidden}/32", "dev", "lo"], check=True)
    try:
        assert other.connect("web-0", f"{hidden}:10250") == ""
        assert cluster.connect("client-1", f"{hidden}:10250") != ""
    finally:
        subprocess.run(["ip", "-n", box.rpartition("/")[2], "addr", "del", f"{hidden}/32", "dev", "lo"], check=True)


def test_no_pod_reaches_the_host(cluster: Cluster, service: Service) -> None:
    """A server that listens on every address of the host is reached at none of them; nor is the management API."""
    with socket.create_server(("0.0.0.0", 0)) as listening:
        port = listening.getsockname()[1]
        addresses = [str(cluster.network.host_address), _own_address()]
        connect = [str(binaries.folder() / "agnhost"), "connect"]
        for address in addresses:
            assert ordered.connected(connect, f"{address}:{port}") == ""
            assert cluster.connect("client-0", f"{address}:{port}") in NOTHING, address
            assert cluster.connect("client-0", f"{address}:{service.port}") in NOTHING, address
    # Their own loopback has nobody at that port.
    assert cluster.connect("client-0", f"127.0.0.1:{service.port}") == "REFUSED"


def test_registry_is_read_and_not_written(cluster: Cluster, service: Service) -> None:
    registry = f"{service.plan.registry}:{networks.REGISTRY_PORT}"
    assert "registry.k8s.io" not in cluster.fetch("client-0", f"http://{registry}/v2/_catalog")
    assert "agnhost" in cluster.fetch("client-0", f"http://{registry}/v2/_catalog")
    push = f"http://{registry}/v2/e2e-test-images/agnhost/blobs/uploads/"
    with pytest.raises(ordered.KubectlFailed, match="405"):
        cluster.shell("client-0", "/bin/timeout", "10", "/bin/wget", "-q", "-O", "-", "--post-data", "x", push)


def _own_address() -> str:
    """Of the host, as others on its network know it."""
    found = subprocess.run(["ip", "-4", "-j", "addr", "show", "scope", "global"], capture_output=True, check=True)
    usual = [each for each in json.loads(found.stdout) if "link_netnsid" not in each and each["ifname"] != "lo"]
    return str(usual[0]["addr_info"][0]["local"])
