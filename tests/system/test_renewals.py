"""Updates, new keys, resets and parameters of kube-proxy on real clusters, seen by what nothing else changes."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import ovh.exceptions
import pytest

from steward.domain import clusters, nodes
from steward.runtimes.processes import launch
from tests.system import inside, ordered, waiting
from tests.system.ordered import Cluster, KubectlFailed
from tests.system.service import Service

pytestmark = [pytest.mark.system, pytest.mark.timeout(1800)]

EARLIER = "1.36"
LONG = 900.0  # seconds for a whole cluster to be made anew
ASK = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:10249/configz').read().decode())"


@pytest.fixture(scope="module")
def cluster(service: Service) -> Iterator[Cluster]:
    """Of its own: every test leaves it READY, and keeps nothing in it that the next one needs."""
    with ordered.ready(service, nodes=2, flavor="d2-4", name="renewals") as made:
        yield made


def workload(cluster: Cluster) -> Mapping[str, str]:
    """Two web servers and what names them; the UIDs of what was made."""
    container = ordered.web("any")["spec"]["containers"][0]
    template = {
        "metadata": {"labels": {"app": "kept"}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "kept"}}, "template": template}
    made = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kept"}, "spec": spec},
        ordered.service_of("kept", {"app": "kept"}),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "b"}},
    ]
    cluster.kubectl("apply", "-f", "-", stdin=made)
    cluster.kubectl("rollout", "status", "deployment/kept", "--timeout=200s")
    return uids(cluster)


def uids(cluster: Cluster) -> Mapping[str, str]:
    found = [cluster.find(kind, "kept") for kind in ("deployment", "service", "configmap")]
    found += cluster.find("nodes")["items"]
    return {f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["uid"] for each in found}


def serving(cluster: Cluster) -> None:
    """A pod that starts now is answered through the Service, whose name CoreDNS knows from the API."""
    cluster.kubectl("rollout", "status", "deployment/kept", "--timeout=300s")
    cluster.kubectl("delete", "pod", "asking", "--ignore-not-found", "--wait")
    cluster.run(ordered.pod("asking"))
    url = "http://kept.default.svc.cluster.local/hostname"
    waiting.until(lambda: cluster.fetch("asking", url).startswith("kept-"), "an answer", ignore=KubectlFailed)
    cluster.kubectl("delete", "pod", "asking", "--wait=false")


def machines(cluster: Cluster) -> Mapping[str, str]:
    """What each kubelet reports its machine to be."""
    return {
        each["metadata"]["name"]: each["status"]["nodeInfo"]["machineID"] for each in cluster.find("nodes")["items"]
    }


def words(cluster: Cluster, busy: str, *, within: float = LONG) -> set[str]:
    """Of the cluster, until it is READY with all its pools; it and its pools must say the busy one first."""
    assert cluster.see()["status"] == busy
    assert {each["status"] for each in cluster.pools()} == {busy}
    seen, of_nodes = set[str](), set[str]()
    most_at_once = 0

    def ready() -> bool:
        now = cluster.see()["status"]
        assert now != "ERROR", cluster.progress()
        seen.add(now)
        busy_now = [each["status"] for each in cluster.nodes() if each["status"] == busy]
        of_nodes.update(busy_now)
        nonlocal most_at_once
        most_at_once = max(most_at_once, len(busy_now))
        return now == "READY" and all(each["status"] == "READY" for each in cluster.pools())

    waiting.until(ready, f"cluster {cluster.id} being READY", within=within)
    assert of_nodes <= {busy}
    return seen


def old_kubeconfig(cluster: Cluster) -> str:
    """Put aside; the next question fetches another one."""
    path = cluster.kubeconfig()
    text = path.read_text()
    path.unlink()
    return text


def proxy_of(cluster: Cluster, node_id: str) -> Any:
    """As the running kube-proxy itself says."""
    command = ["ip", "netns", "exec", inside.node_space(cluster, node_id), sys.executable, "-c", ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["kubeproxy.config.k8s.io"]


def _answers(cluster: Cluster, node_id: str) -> bool:
    """A node is ready before its kube-proxy answers about itself."""
    try:
        return bool(proxy_of(cluster, node_id))
    except subprocess.CalledProcessError:
        return False


def test_parameters_of_kube_proxy_reach_nodes_that_stand_and_those_to_come(cluster: Cluster) -> None:
    workload(cluster)
    pods = {each["metadata"]["uid"]: each["status"] for each in cluster.find("pods", "-l", "app=kept")["items"]}
    before = cluster.programs()
    wish = {"kubeProxy": {"iptables": {"syncPeriod": "PT43S", "minSyncPeriod": "PT2S"}}}
    cluster.service.api.put(f"{cluster.path}/customization", **wish)
    cluster.wait_ready(within=LONG)
    for node in cluster.nodes():
        waiting.until(
            lambda node=node: _answers(cluster, node["id"]), "the kube-proxy that was started anew", within=60
        )
        told = proxy_of(cluster, node["id"])["iptables"]
        assert (told["syncPeriod"], told["minSyncPeriod"]) == ("43s", "2s")
    after = cluster.programs()
    changed = {name for name, process in before.items() if "/" in name and after.get(name) != process}
    assert changed == {f"{each['id']}/kube-proxy" for each in cluster.nodes()}
    now = {each["metadata"]["uid"]: each["status"] for each in cluster.find("pods", "-l", "app=kept")["items"]}
    assert set(now) == set(pods)
    assert {each["containerStatuses"][0]["restartCount"] for each in now.values()} == {0}
    (pool,) = cluster.pools()
    cluster.service.api.put(f"{cluster.path}/nodepool/{pool['id']}", desiredNodes=3)
    cluster.wait_ready(within=LONG)
    newest = max(cluster.nodes(), key=lambda each: str(each["createdAt"]))
    waiting.until(lambda: _answers(cluster, newest["id"]), "the kube-proxy of the new node", within=60)
    assert proxy_of(cluster, newest["id"])["iptables"]["syncPeriod"] == "43s"
    cluster.service.api.put(f"{cluster.path}/nodepool/{pool['id']}", desiredNodes=2)
    cluster.wait_ready(within=LONG)


def test_new_keys_shut_everybody_out_and_keep_what_is_stored(cluster: Cluster) -> None:
    stored, made = workload(cluster), machines(cluster)
    old, before = old_kubeconfig(cluster), cluster.programs()
    cluster.service.api.post(f"{cluster.path}/kubeconfig/reset")
    assert words(cluster, "REDEPLOYING") == {"REDEPLOYING", "READY"}
    assert inside.authority(cluster.kubeconfig().read_text()) != inside.authority(old)
    assert "x509" in inside.refusal(cluster, old)
    told = inside.refusal(cluster, old, blindly=True)
    assert "Unauthorized" in told or "logged in" in told
    assert uids(cluster) == stored
    after = machines(cluster)
    assert set(after) == set(made)
    assert not set(after.values()) & set(made.values())
    changed = {name for name, process in cluster.programs().items() if before.get(name) != process}
    assert changed == set(before)
    serving(cluster)


def test_a_steward_that_is_killed_during_it_has_a_successor_that_goes_on(cluster: Cluster) -> None:
    stored, old = workload(cluster), old_kubeconfig(cluster)
    cluster.service.api.post(f"{cluster.path}/kubeconfig/reset")
    for step in ("Issue certificates", "Replace the API server", "Bring the nodes up to date, one by one"):

        def begun(step: str = step) -> bool:
            steps = [each for flow in cluster.progress() for each in flow["steps"] if each["name"] == step]
            return any(each["state"] != "pending" for each in steps)

        waiting.until(begun, f"the step {step!r}", within=LONG)
        cluster.service.kill()
        cluster.service.start()
    cluster.wait_ready(within=LONG)
    assert "x509" in inside.refusal(cluster, old)
    assert uids(cluster) == stored
    serving(cluster)


def test_a_reset_leaves_nothing_but_the_place(cluster: Cluster) -> None:
    workload(cluster)
    old = old_kubeconfig(cluster)
    members = {each["id"] for each in cluster.nodes()}
    etcd = launch.read_record(str(cluster.places.record("etcd")))
    before = cluster.find("namespace", "kube-system")["metadata"]["uid"] if cluster.kubeconfig() else ""
    old_kubeconfig(cluster)
    cluster.service.api.post(f"{cluster.path}/reset", name="again", workerNodesPolicy="reinstall")
    assert words(cluster, "RESETTING") == {"RESETTING", "READY"}
    assert cluster.see()["name"] == "again"
    assert "x509" in inside.refusal(cluster, old)
    assert {each["id"] for each in cluster.nodes()} == members
    assert launch.read_record(str(cluster.places.record("etcd"))) != etcd
    assert cluster.find("namespace", "kube-system")["metadata"]["uid"] != before
    with pytest.raises(KubectlFailed, match="not found"):
        cluster.find("configmap", "kept")
    workload(cluster)
    serving(cluster)


def test_a_reset_that_deletes_the_nodes_keeps_the_pools(service: Service) -> None:
    with ordered.ready(service, nodes=1, flavor="d2-4", name="emptied") as made:
        (node,), (pool,) = made.nodes(), made.pools()
        service.api.post(f"{made.path}/reset")
        made.wait_ready(within=LONG)
        assert (made.nodes(), made.pools()[0]["id"], made.pools()[0]["desiredNodes"]) == ([], pool["id"], 0)
        (made.service.folder / f"{made.id}.kubeconfig").unlink(missing_ok=True)
        assert made.find("nodes")["items"] == []
        service.api.put(f"{made.path}/nodepool/{pool['id']}", desiredNodes=1)
        made.wait_ready(within=LONG)
        assert made.nodes()[0]["id"] != node["id"]


@pytest.mark.usefixtures("cluster")  # whose version's images the pods here are of
def test_an_update_takes_the_control_plane_and_then_node_by_node(service: Service) -> None:
    with ordered.ready(service, nodes=2, flavor="d2-4", name="updated", version=EARLIER) as made:
        stored = workload(made)
        earlier = made.see()["version"]
        assert (made.see()["nextUpgradeVersions"], earlier.rpartition(".")[0]) == (["1.37"], EARLIER)
        etcd = made.programs()["etcd"]
        service.api.post(f"{made.path}/update", strategy="NEXT_MINOR")
        # Another body, because the same one within a second is the same request.
        with pytest.raises(ovh.exceptions.ResourceConflictError):
            service.api.post(f"{made.path}/update", strategy="LATEST_PATCH")
        assert words(made, "UPDATING", within=2 * LONG) == {"UPDATING", "READY"}
        seen = made.see()
        assert (seen["version"], seen["nextUpgradeVersions"]) == (ordered.version(), [])
        assert (seen["isUpToDate"], seen["controlPlaneIsUpToDate"]) == (True, True)
        assert {each["version"] for each in made.nodes()} == {ordered.version()}
        kubelets = {each["status"]["nodeInfo"]["kubeletVersion"] for each in made.find("nodes")["items"]}
        assert kubelets == {f"v{ordered.version()}"}
        assert (
            json.loads(made.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"] == f"v{ordered.version()}"
        )
        assert (made.pools()[0]["upToDateNodes"], uids(made)) == (2, stored)
        assert made.programs()["etcd"] == etcd
        serving(made)
        facts = [made.node_facts(each["id"]) for each in made.nodes()]
        assert {each["version"] for each in facts} == {ordered.version()}


def test_an_update_that_the_policy_forbids_is_refused(cluster: Cluster) -> None:
    api, own = cluster.service.api, f"{cluster.path}/update"
    with pytest.raises(ovh.exceptions.ResourceConflictError, match="no later patch"):
        api.post(own, strategy="LATEST_PATCH")
    api.put(cluster.path, updatePolicy="NEVER_UPDATE")
    told = f"Update aborted for service {clusters.ClusterId(cluster.id)} because of policy NEVER_UPDATE"
    with pytest.raises(ovh.exceptions.ResourceConflictError, match=told):
        api.post(own, strategy="NEXT_MINOR")
    api.put(cluster.path, updatePolicy="ALWAYS_UPDATE")
    assert {each["status"] for each in cluster.nodes()} == {nodes.Status.READY.value}
