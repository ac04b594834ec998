"""Clusters outlive the service, their own components' ends, and the end of the whole machine."""

import os
import shutil
import signal
from collections.abc import Iterator, Mapping

import pytest

from tests.system import ordered, remains, waiting
from tests.system import service as service_
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = pytest.mark.system

CONTROL_PLANE = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
NODE = {"containerd", "kubelet", "kube-proxy", "box"}


@pytest.fixture(scope="module")
def lonely() -> Iterator[Service]:
    """A service of this module's own, that is killed again and again."""
    with service_.running("stwsv") as running:
        yield running


@pytest.fixture(scope="module")
def survivor(lonely: Service) -> Iterator[Cluster]:
    """Its pod `web-0` answers, and its ConfigMap `kept` says so, after every test."""
    with ordered.ready(lonely, name="survivor") as made:
        made.run(ordered.web("web-0"))
        made.kubectl("create", "configmap", "kept", "--from-literal=said=before")
        made.kubeconfig()
        yield made


def works(cluster: Cluster) -> None:
    assert cluster.find("configmap", "kept")["data"] == {"said": "before"}
    waiting.until(
        lambda: cluster.fetch("web-0", "http://127.0.0.1:8080/hostname") == "web-0",
        "the answer of the pod",
        ignore=ordered.KubectlFailed,
    )


@pytest.mark.parametrize("by", ["kill", "stop"])
def test_end_of_the_service_changes_nothing(lonely: Service, survivor: Cluster, by: str) -> None:
    before = survivor.programs()
    assert before.keys() >= CONTROL_PLANE
    pod = survivor.find("pod", "web-0")["metadata"]["uid"]
    if by == "kill":
        lonely.kill()
    else:
        assert lonely.stop() == 0
    assert survivor.programs() == before
    works(survivor)
    survivor.kubectl("delete", "configmap", "written-alone", "--ignore-not-found")
    survivor.kubectl("create", "configmap", "written-alone", "--from-literal=by=kubectl")
    lonely.start()
    survivor.wait_ready()
    assert survivor.programs() == before
    assert survivor.find("pod", "web-0")["metadata"]["uid"] == pod
    # It not only sees them, it watches them: the end of one is noticed.
    _all_watched(survivor)
    _ends_and_comes_back(survivor, "kube-scheduler")
    survivor.wait_ready()


def test_every_component_is_started_again(survivor: Cluster) -> None:
    _all_watched(survivor)
    names = sorted(survivor.programs(), key=lambda name: (name.endswith("/box"), name))
    assert {name.rpartition("/")[2] for name in names} == CONTROL_PLANE | NODE
    for name in names:
        _ends_and_comes_back(survivor, name)
        _all_watched(survivor)
    waiting.until(lambda: len(survivor.programs()) == len(names), "all components")
    survivor.wait_ready()
    works(survivor)


def test_loss_of_the_machine(lonely: Service, survivor: Cluster) -> None:
    before = survivor.programs()
    lonely.kill()
    remains.lose_machine(lonely)
    assert [line for line in remains.of_service(lonely) if not line.startswith("folder")] == []
    lonely.start()
    after = waiting.until(lambda: _all_running(survivor, before), "every component running again")
    assert not set(after.values()) & set(before.values())
    survivor.wait_ready()
    works(survivor)
    survivor.run(ordered.pod("made-afterwards"))
    survivor.kubectl("delete", "pod", "made-afterwards", "--now")


def test_half_born_etcd_is_made_again_and_a_served_one_never(lonely: Service) -> None:
    cluster = ordered.order(lonely, nodes=None, name="half-born")
    waiting.until(lambda: (cluster.places.etcd / "member" / "wal").is_dir(), "the birth of etcd", ignore=OSError)
    lonely.kill()
    assert not cluster.places.served.exists(), "the kill came too late for this test"
    _end_all(cluster)
    for file in cluster.places.etcd.rglob("*"):
        if file.is_file():
            os.truncate(file, file.stat().st_size // 3)
    lonely.start()
    cluster.wait_ready()
    assert cluster.places.served.exists()

    lonely.kill()
    _end_all(cluster)
    shutil.rmtree(cluster.places.etcd)
    lonely.start()
    waiting.until(lambda: cluster.see()["status"] == "ERROR", "the cluster being in ERROR")
    said = [step["message"] for flow in cluster.progress() for step in flow["steps"]]
    assert any("restore it, it is not made anew" in message for message in said), said
    assert not cluster.places.etcd.exists()
    cluster.delete()


def _all_watched(cluster: Cluster) -> None:
    waiting.until(
        lambda: {pid for pid, _ in cluster.programs().values()} <= cluster.service.watched(), "all components watched"
    )


def _ends_and_comes_back(cluster: Cluster, name: str) -> None:
    before = cluster.programs()[name]
    seen = {event["id"] for event in cluster.events()}
    os.kill(before[0], signal.SIGKILL)
    waiting.until(lambda: cluster.programs().get(name, before) != before, f"{name} running again")

    def told() -> bool:
        new = [event for event in cluster.events() if event["id"] not in seen]
        return name.rpartition("/")[2] in [each["facts"].get("component") for each in new]

    waiting.until(told, f"an event of the end of {name}")


def _end_all(cluster: Cluster) -> None:
    for pid, _ in cluster.programs().values():
        os.kill(pid, signal.SIGKILL)
    waiting.until(lambda: not cluster.programs(), "the end of every component")


def _all_running(cluster: Cluster, wanted: Mapping[str, object]) -> dict[str, tuple[int, int]] | None:
    running = cluster.programs()
    return running if running.keys() == wanted.keys() else None
