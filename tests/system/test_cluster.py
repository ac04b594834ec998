"""What a customer gets: a cluster that was ordered with OVHcloud's own client and does what a cluster does."""

import contextlib
import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from steward.domain import flavors
from steward.reconcile import node_scopes
from steward.runtimes.processes import cgroups
from tests.system import binaries, ordered, outside, waiting
from tests.system.ordered import Cluster, KubectlFailed

pytestmark = pytest.mark.system

NAME = "web.default.svc.cluster.local"
EVER_MORE = 'BEGIN { while (1) kept[count++] = sprintf("%100000s", "x") }'


def test_cluster_and_its_pool_become_ready(cluster: Cluster) -> None:
    seen, (pool,) = cluster.see(), cluster.pools()
    assert (seen["status"], seen["version"]) == ("READY", ordered.version())
    assert seen["url"] == f"{cluster.network.api_address}:6443"
    assert (pool["currentNodes"], pool["availableNodes"], pool["upToDateNodes"]) == (2, 2, 2)
    assert [each["status"] for each in cluster.nodes()] == ["READY", "READY"]
    types = [each["type"] for each in cluster.events()]
    assert types.count("cluster:installed") == 1
    told = {each["subjectId"] for each in cluster.events() if each["type"] == "node:ready"}
    assert told >= {each["id"] for each in cluster.nodes()}


def test_kubectl_sees_the_nodes_as_the_api_names_them(cluster: Cluster) -> None:
    found = {each["metadata"]["name"]: each for each in cluster.find("nodes")["items"]}
    assert set(found) == {each["name"] for each in cluster.nodes()}
    for each in cluster.nodes():
        node = found[each["name"]]
        labels = node["metadata"]["labels"]
        assert node["spec"]["providerID"] == f"openstack:///{each['instanceId']}"
        assert labels["nodepool"] == "workers"
        assert labels["node.kubernetes.io/instance-type"] == "b2-7"
        assert labels["topology.kubernetes.io/region"] == cluster.see()["region"]
        assert labels["topology.kubernetes.io/zone"]
        addresses = {each["type"]: each["address"] for each in node["status"]["addresses"]}
        assert addresses["InternalIP"] == str(cluster.node_address(each))


def test_kubeconfig_stays_the_same(cluster: Cluster) -> None:
    again = cluster.service.api.post(f"{cluster.path}/kubeconfig")["content"]
    assert again == cluster.kubeconfig().read_text()
    assert f"server: https://{cluster.see()['url']}" in again


def test_every_node_reaches_every_pod_by_the_services_name(cluster: Cluster) -> None:
    for client in ("client-0", "client-1"):
        answers: set[str] = set()

        def both(client: str = client, answers: set[str] = answers) -> bool:
            answers.add(cluster.fetch(client, f"http://{NAME}/hostname"))
            return answers == {"web-0", "web-1"}

        waiting.until(both, f"answers of both web servers to {client}", ignore=KubectlFailed)


def test_pods_reach_each_other_under_their_own_addresses(cluster: Cluster) -> None:
    seen = cluster.fetch("client-0", f"http://{cluster.pod_address('web-1')}:8080/clientip")
    assert seen.rpartition(":")[0] == cluster.pod_address("client-0")


def test_exec_and_logs(cluster: Cluster) -> None:
    assert cluster.shell("web-0", "/bin/cat", "/etc/hostname") == "web-0"
    assert "Started HTTP server on port 8080" in cluster.kubectl("logs", "web-1")


def test_top_of_nodes_and_pods(cluster: Cluster) -> None:
    def measured() -> bool:
        nodes_seen = cluster.kubectl("top", "nodes", "--no-headers").splitlines()
        pods_seen = cluster.kubectl("top", "pods", "--no-headers").splitlines()
        return len(nodes_seen) == 2 and {"web-0", "web-1"} <= {line.split()[0] for line in pods_seen}

    waiting.until(measured, "metrics of nodes and pods", ignore=KubectlFailed)


def test_port_forward(cluster: Cluster) -> None:
    with subprocess.Popen(cluster.command("port-forward", "pod/web-0", ":8080"), stdout=subprocess.PIPE) as forward:
        try:
            assert forward.stdout is not None
            port = re.search(rb"127\.0\.0\.1:(\d+)", forward.stdout.readline())
            assert port
            assert _fetched(f"http://127.0.0.1:{int(port[1])}/hostname") == "web-0"
        finally:
            forward.kill()


def test_node_port_answers_at_every_node_from_the_host(cluster: Cluster) -> None:
    service = ordered.service_of("from-outside", {"app": "web"}, type="NodePort")
    cluster.kubectl("apply", "-f", "-", stdin=service)
    try:
        port = cluster.find("service", "from-outside")["spec"]["ports"][0]["nodePort"]
        for node in cluster.nodes():
            url = f"http://{cluster.node_address(node)}:{port}/hostname"
            waiting.until(lambda url=url: _fetched(url) in ("web-0", "web-1"), f"an answer of {url}")  # type: ignore[misc]
        assert _fetched(f"http://{cluster.see()['nodesUrl']}:{port}/hostname") in ("web-0", "web-1")
    finally:
        cluster.kubectl("delete", "service", "from-outside")


def test_pods_reach_the_outside_by_name_and_under_the_hosts_address(cluster: Cluster, world: None) -> None:
    assert outside.asked_by(cluster.fetch("client-0", outside.URL)) == outside.HOST
    by_name = f"http://{outside.NAME}:{outside.PORT}/"
    answer = waiting.until(lambda: cluster.fetch("client-1", by_name), f"{by_name}", ignore=KubectlFailed)
    assert outside.asked_by(answer) == outside.HOST


def test_control_plane_does_not_reach_the_outside(cluster: Cluster, world: None) -> None:
    namespace = f"--net=/run/netns/{cluster.service.spot.namespace(cluster.slot)}"
    connect = [str(binaries.folder() / "agnhost"), "connect"]
    web = f"{outside.ADDRESS}:{outside.PORT}"
    assert ordered.connected(["nsenter", namespace, *connect], web) == "TIMEOUT"
    assert ordered.connected(connect, web) == ""


def test_allocatable_is_the_flavors_by_ovhclouds_formula(cluster: Cluster) -> None:
    wanted = flavors.allocatable(node_scopes.flavor_named("b2-7"))
    for node in cluster.find("nodes")["items"]:
        left = node["status"]["allocatable"]
        assert _quantity(left["cpu"]) * 1000 == wanted.cpu_millicores
        assert _quantity(left["memory"]) == wanted.memory_mb * 2**20
        assert abs(_quantity(left["ephemeral-storage"]) - wanted.disk_gb * 2**30) <= 2**30


def test_cgroups_enforce_the_flavor(cluster: Cluster) -> None:
    flavor = node_scopes.flavor_named("b2-7")
    groups = cgroups.Cgroups()
    for node in cluster.nodes():
        name = cluster.service.spot.cgroup(cluster.slot, int(cluster.node_facts(node["id"])["number"]))
        values = _values(groups, name)
        assert values["memory"] == flavor.ram_mb * 2**20
        assert values["cpu"] == flavor.vcpus
        # What runs in the node is inside, pods as well as the kubelet.
        assert cluster.programs()[f"{node['id']}/kubelet"][0] in groups.processes(name)


def test_pods_are_measured_inside_their_node(cluster: Cluster) -> None:
    """A pod on the first node is in the first node's cgroup, and no process of it in the second's."""
    groups = cgroups.Cgroups()
    web = {name: _pids_of(groups, cluster, name, b"netexec") for name in sorted(n["name"] for n in cluster.nodes())}
    assert [len(found) for found in web.values()] == [1, 1]
    assert not set.intersection(*web.values())


def test_pool_template_reaches_nodes_that_stand_and_those_to_come(cluster: Cluster) -> None:
    first = _template(labels={"team": "blue", "old": "yes"}, annotations={"note": "one"})
    pools = f"{cluster.path}/nodepool"
    pool = cluster.service.api.post(pools, name="templated", flavorName="d2-4", desiredNodes=1, template=first)
    try:
        cluster.wait_ready()
        (node,) = cluster.find("nodes", "-l", "nodepool=templated")["items"]
        assert _carried(node) == ({"team": "blue", "old": "yes"}, "one", [])
        taint = {"key": "for", "value": "blue", "effect": "PreferNoSchedule"}
        second = _template(labels={"team": "green"}, annotations={"note": "two"}, taints=[taint])
        cluster.service.api.put(f"{pools}/{pool['id']}", desiredNodes=2, template=second)
        cluster.wait_ready()
        found = cluster.find("nodes", "-l", "nodepool=templated")["items"]
        assert [_carried(each) for each in found] == [({"team": "green"}, "two", [taint])] * 2
    finally:
        cluster.service.api.delete(f"{pools}/{pool['id']}")
        waiting.until(lambda: len(cluster.pools()) == 1, "the end of the pool")


def test_pod_that_takes_more_than_its_node_has_is_ended_alone(cluster: Cluster) -> None:
    before = cluster.programs()
    with _small_node(cluster) as node:
        greedy = ordered.pod("greedy", node=node)
        greedy["spec"]["containers"][0].update(command=["/bin/awk"], args=[EVER_MORE])
        greedy["spec"]["restartPolicy"] = "Never"
        cluster.kubectl("apply", "-f", "-", stdin=[greedy, ordered.pod("modest", node=node)])
        cluster.kubectl("wait", "pod/greedy", "--for=jsonpath={.status.phase}=Failed", "--timeout=200s")
        ended = cluster.find("pod", "greedy")["status"]
        (container,) = ended["containerStatuses"]
        # The node's cgroup ends it, unless its kubelet is faster.
        assert container["state"]["terminated"]["exitCode"] == 137 or ended.get("reason") == "Evicted", ended
        cluster.wait_pods("modest")
        cluster.wait_ready()
        cluster.kubectl("delete", "pod", "greedy", "modest", "--now")
    assert before.items() <= cluster.programs().items()
    assert {each["status"]["containerStatuses"][0]["restartCount"] for each in cluster.find("pods")["items"]} == {0}


@contextlib.contextmanager
def _small_node(cluster: Cluster) -> Iterator[str]:
    pools = f"{cluster.path}/nodepool"
    pool = cluster.service.api.post(pools, name="small", flavorName="d2-4", desiredNodes=1)
    try:
        cluster.wait_ready()
        (node,) = cluster.find("nodes", "-l", "nodepool=small")["items"]
        yield node["metadata"]["name"]
    finally:
        cluster.service.api.delete(f"{pools}/{pool['id']}")
        waiting.until(lambda: len(cluster.pools()) == 1, "the end of the pool")


@pytest.fixture(scope="module")
def world() -> Iterator[None]:
    with outside.standing():
        yield


def _fetched(url: str) -> str:
    with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())
    return ""


def _quantity(text: str) -> float:
    """Of Kubernetes: 1840m, 5578Mi, 12345."""
    factors = {"m": 0.001, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    number, unit = re.fullmatch(r"([\d.]+)(\D*)", text).groups()  # type: ignore[union-attr]
    return float(number) * factors.get(unit, 1)


def _values(groups: cgroups.Cgroups, name: str) -> dict[str, float]:
    if groups.unified:
        (folder,) = groups.folders(name)
        quota, period = map(int, (folder / "cpu.max").read_text().split())
        return {"memory": int((folder / "memory.max").read_text()), "cpu": quota / period}
    folders = {each.relative_to(groups.root).parts[0]: each for each in groups.folders(name)}
    cpu = next(folder for names, folder in folders.items() if "cpu" in names.split(","))
    quota, period = (int((cpu / f"cpu.cfs_{each}_us").read_text()) for each in ("quota", "period"))
    return {"memory": int((folders["memory"] / "memory.limit_in_bytes").read_text()), "cpu": quota / period}


def _pids_of(groups: cgroups.Cgroups, cluster: Cluster, node: str, word: bytes) -> set[int]:
    (found,) = [each for each in cluster.nodes() if each["name"] == node]
    name = cluster.service.spot.cgroup(cluster.slot, int(cluster.node_facts(found["id"])["number"]))
    return {pid for pid in groups.processes(name) if word in _command(pid)}


def _command(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _template(
    *, labels: dict[str, str], annotations: dict[str, str], taints: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    metadata = {"labels": labels, "annotations": annotations, "finalizers": []}
    return {"metadata": metadata, "spec": {"taints": taints or [], "unschedulable": False}}


def _carried(node: dict[str, Any]) -> tuple[dict[str, str], str, list[dict[str, str]]]:
    labels, annotations = node["metadata"]["labels"], node["metadata"]["annotations"]
    kept = {name: labels[name] for name in ("team", "old") if name in labels}
    taints = [each for each in node["spec"].get("taints", []) if not each["key"].startswith("node.kubernetes.io/")]
    return kept, annotations["note"], json.loads(json.dumps(taints))
