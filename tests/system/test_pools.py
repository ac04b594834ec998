"""Pools: they grow and shrink at any time, and the nodes that go are those that should."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.system import ordered, waiting
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = pytest.mark.system

NODE_PROGRAMS = ("box", "containerd", "kubelet", "kube-proxy")


@pytest.fixture(scope="module")
def grown(service: Service) -> Iterator[Cluster]:
    """A cluster of its own, whose pool every test leaves READY."""
    with ordered.ready(service, flavor="d2-4", name="pools") as made:
        yield made


def resize(cluster: Cluster, desired: int, **more: Any) -> Mapping[str, Any]:
    (pool,) = cluster.pools()
    cluster.service.api.put(f"{cluster.path}/nodepool/{pool['id']}", desiredNodes=desired, **more)
    (busy,) = cluster.pools()
    assert busy["status"] != "READY" or desired == pool["desiredNodes"]
    assert busy["desiredNodes"] == desired
    return busy


def sized(cluster: Cluster, desired: int) -> list[str]:
    """Bring the pool there, and name its nodes in the order of their making."""
    resize(cluster, desired)
    cluster.wait_ready()
    return names(cluster)


def names(cluster: Cluster) -> list[str]:
    return [each["name"] for each in sorted(cluster.nodes(), key=lambda node: str(node["createdAt"]))]


def known(cluster: Cluster) -> set[str]:
    return {each["metadata"]["name"] for each in cluster.find("nodes")["items"]}


def test_pool_grows_and_the_last_created_go_first(grown: Cluster) -> None:
    (first,) = sized(grown, 1)
    second = next(name for name in sized(grown, 2) if name != first)
    assert resize(grown, 3)["status"] == "UPSCALING"
    grown.wait_ready()
    assert known(grown) == set(names(grown)) > {first, second}
    assert resize(grown, 2)["status"] == "DOWNSCALING"
    grown.wait_ready()
    assert names(grown) == [first, second]
    assert known(grown) == {first, second}


def test_size_changes_while_a_change_is_under_way(grown: Cluster) -> None:
    oldest = sized(grown, 2)[0]
    resize(grown, 4)
    waiting.until(lambda: len(grown.nodes()) == 4, "the order of two more nodes")
    resize(grown, 1)
    grown.wait_ready()
    assert names(grown) == [oldest]
    assert known(grown) == {oldest}
    (pool,) = grown.pools()
    assert (pool["currentNodes"], pool["sizeStatus"]) == (1, "CAPACITY_OK")


def test_named_nodes_go_first(grown: Cluster) -> None:
    first, second = sized(grown, 2)
    chosen = next(each for each in grown.nodes() if each["name"] == first)
    resize(grown, 1, nodesToRemove=[chosen["id"]])
    grown.wait_ready()
    assert names(grown) == [second]


def test_deleted_node_lowers_the_pool_and_stays_in_its_history(grown: Cluster) -> None:
    first, second = sized(grown, 2)
    gone = next(each for each in grown.nodes() if each["name"] == second)
    programs = grown.programs()
    grown.service.api.delete(f"{grown.path}/node/{gone['id']}")
    grown.wait_ready()
    (pool,) = grown.pools()
    assert (pool["desiredNodes"], names(grown)) == (1, [first])
    history = grown.service.api.get(f"{grown.path}/nodepool/{pool['id']}/nodes", history="true")
    assert (history[0]["id"], history[0]["status"]) == (gone["id"], "DELETED")
    assert not grown.places.folder.joinpath("nodes", gone["id"]).exists()
    assert set(programs) - set(grown.programs()) == {f"{gone['id']}/{each}" for each in NODE_PROGRAMS}


def test_node_stays_until_a_disruption_budget_lets_its_pod_go(grown: Cluster) -> None:
    first, second = sized(grown, 2)
    guarded = ordered.pod("guarded", node=second, labels={"app": "guarded"})
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "guarded"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
    }
    grown.run(guarded, budget)
    resize(grown, 1)

    def held_back() -> bool:
        steps = [step for flow in grown.progress() for step in flow["steps"]]
        return any("guarded" in str(step["message"]) for step in steps)

    waiting.until(held_back, "a word of the pod that may not go")
    assert grown.find("pod", "guarded")["status"]["phase"] == "Running"
    assert known(grown) == {first, second}
    grown.kubectl("delete", "poddisruptionbudget", "guarded")
    grown.wait_ready()
    assert known(grown) == {first}


def test_second_pool_comes_and_goes(grown: Cluster) -> None:
    before = names(grown)
    path = f"{grown.path}/nodepool"
    made = grown.service.api.post(path, name="second", flavorName="c3-4", desiredNodes=1)
    grown.wait_ready()
    (node,) = grown.find("nodes", "-l", "nodepool=second")["items"]
    assert node["metadata"]["labels"]["node.kubernetes.io/instance-type"] == "c3-4"
    grown.service.api.delete(f"{path}/{made['id']}")
    waiting.until(lambda: len(grown.pools()) == 1, "the end of the pool")
    assert names(grown) == before
    assert known(grown) == set(before)


def test_cluster_is_deleted_while_it_is_made(service: Service) -> None:
    cluster = ordered.order(service, name="short")
    waiting.until(lambda: cluster.programs().keys() >= {"etcd"}, "the start of etcd")
    service.api.delete(cluster.path)
    assert cluster.see()["status"] == "DELETING"
    cluster.wait_gone()
    assert not cluster.places.folder.exists()
