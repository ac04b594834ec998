"""`kill -9` of the service at every step of every flow, on real clusters.

Each start of the service dies at the next point at which none died before, so one cluster's life passes
through all of them; after every phase it is as it should be, and nothing runs twice or without an owner.
"""

import contextlib
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import ovh.exceptions
import pytest

from tests.system import ordered, remains, waiting
from tests.system import service as service_
from tests.system.crashing_service import MOMENTS, chosen
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = [pytest.mark.system]

T = TypeVar("T")

# Of which every cluster, and every node, has one.
ALONE = ("etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "containerd", "kubelet", "kube-proxy")
PROGRAMS = {
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "containerd",
    "kubelet",
    "kube-proxy",
}
LONGEST = 1200.0
POINTS = {
    "cluster": [
        "Issue certificates",
        "Connect the network",
        "Start etcd",
        "Start the API server",
        "Start the controller manager",
        "Start the scheduler",
        "Wait until the API answers",
        "Wait until the API is ready",
        "Install the cluster's services",
        "Wait until pods can be made",
        "Remove the nodes",
        "Stop the control plane and wipe its data",
        "Destroy the keys",
    ],
    "node": [
        "Issue the node's certificates",
        "Announce the node",
        "Start the machine",
        "Wait until the node is ready",
        "Empty the node",
        "Stop the machine and wipe its disk",
        "Remove the node from the cluster",
    ],
}
RESTORING = "Restore the "  # what its flows begin with
RESTORED = {"cluster": POINTS["cluster"][:10], "node": POINTS["node"][:4]}


def _points(flow: str, steps: Mapping[str, list[str]], *, once: bool) -> set[str]:
    return {
        f"{flow}{kind}: {each}: {moment}"
        for kind, named in steps.items()
        for each in named
        for moment in ([chosen(each)] if once else MOMENTS)
    }


@dataclass
class Dying:
    """A service that is started again whenever it has died."""

    service: Service
    points: Path
    chance: float = 0.0
    most: int = 0
    once: bool = False  # at each step at one moment alone
    flow: str = ""

    def died_at(self) -> list[str]:
        return self.points.read_text().splitlines() if self.points.exists() else []

    def revive(self) -> None:
        service = self.service
        if service.process is not None and service.process.poll() is None:
            return
        command = [sys.executable, "-m", "tests.system.crashing_service", str(self.points)]
        with service.log.open("ab") as log:
            service.process = subprocess.Popen(
                [*command, str(self.chance), str(self.most), self.flow, "once" if self.once else ""],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=service.environment,
                start_new_session=True,
                cwd=service_.ROOT,
            )

    def until(self, look: Callable[[], bool], what: str) -> None:
        """Alive or not in between; nothing else than its own hand may end it."""

        def reviving() -> bool:
            process = self.service.process
            code = None if process is None else process.poll()
            assert code in (None, -9), f"it ended with {code}:\n{self.service.log.read_text()[-3000:]}"
            self.revive()
            try:
                with urllib.request.urlopen(f"{self.service.url}/native/health", timeout=5):
                    return look()
            except (OSError, urllib.error.URLError, ovh.exceptions.HTTPError):
                return False  # it has just died, or has not come up yet

        waiting.until(reviving, what, within=LONGEST)

    def lose_machine(self) -> None:
        """As a power cut does: what is left of service and clusters are their files."""
        if self.service.process is not None:
            self.service.process.kill()
            self.service.process.wait(60)
            self.service.process = None
        remains.lose_machine(self.service)

    def do(self, ask: Callable[[], object]) -> None:
        """Something that may be asked again when the service died under it."""

        def asked() -> bool:
            ask()
            return True

        self.until(asked, "the service taking a request")

    def asked(self, ask: Callable[[], T]) -> T:
        """The answer to something that may be asked again."""
        answers: list[T] = []
        self.do(lambda: answers.append(ask()))
        return answers[-1]


@contextlib.contextmanager
def dying(instance: str, folder: Path, *, chance: float = 0.0, most: int = 0, once: bool = False) -> Iterator[Dying]:
    """Made and ended as a service that lives; dying is between."""
    with service_.running(instance) as service:
        service.stop()
        yield Dying(service, folder / "died-at", chance, most, once)
        if service.process is not None:
            service.process.kill()
            service.process.wait(60)
            service.process = None


def ready(cluster: Cluster, nodes: int) -> bool:
    (pool,) = cluster.pools()
    states = [cluster.see()["status"], pool["status"], *(each["status"] for each in cluster.nodes())]
    return set(states) == {"READY"} and pool["availableNodes"] == nodes == len(cluster.nodes())


def doubled(service: Service) -> dict[tuple[str, str], int]:
    """Programs that run more than once where there may be one."""
    seen: Counter[tuple[str, str]] = Counter()
    for pid in remains.processes(service):
        with contextlib.suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
            group = next((line.rpartition(":")[2] for line in lines if service.instance in line), "")
            if name in ALONE:
                seen[(name, group)] += 1
    return {key: count for key, count in seen.items() if count > 1}


def life(life_: Dying) -> None:
    """Of one cluster, with every flow that there is."""
    service = life_.service
    cluster = Cluster(service, life_.asked(lambda: _ordered(service).id))
    life_.until(lambda: ready(cluster, 1), "the cluster being READY with one node")
    assert doubled(service) == {}
    assert len(life_.asked(lambda: cluster.find("nodes"))["items"]) == 1
    _restored(life_, cluster)
    (pool,) = life_.asked(cluster.pools)
    _resized(life_, cluster, pool["id"], 2)
    assert doubled(service) == {}
    _resized(life_, cluster, pool["id"], 1)
    (node,) = life_.asked(cluster.nodes)
    assert [each["metadata"]["name"] for each in cluster.find("nodes")["items"]] == [node["name"]]
    life_.do(lambda: service.api.delete(cluster.path))
    life_.until(lambda: not cluster.exists(), "the end of the cluster")
    assert [each for each in remains.processes(service) if "registry" not in _command(each)] == []


def _restored(life_: Dying, cluster: Cluster) -> None:
    """After the loss of the machine: every step of the flows that restore is a point of its own."""
    life_.lose_machine()
    life_.flow = RESTORING

    def whole() -> bool:
        points = _points(RESTORING, RESTORED, once=life_.once)
        everywhere = life_.chance > 0 or points <= set(life_.died_at())
        running = {name.rpartition("/")[2] for name in cluster.programs()}
        return everywhere and running >= PROGRAMS and ready(cluster, 1)

    life_.until(whole, "the cluster being restored")
    life_.flow = ""
    assert doubled(life_.service) == {}
    assert len(life_.asked(lambda: cluster.find("nodes"))["items"]) == 1


def _ordered(service: Service) -> Cluster:
    """An order that was taken before the service died under it is not given again."""
    known = service.api.get(service.base)
    return Cluster(service, known[0]) if known else ordered.order(service, nodes=1, name="dying")


def _resized(life_: Dying, cluster: Cluster, pool: str, nodes: int) -> None:
    life_.do(lambda: cluster.service.api.put(f"{cluster.path}/nodepool/{pool}", desiredNodes=nodes))
    life_.until(lambda: ready(cluster, nodes), f"{nodes} nodes being READY")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


@pytest.mark.timeout(2400)
@pytest.mark.parametrize(
    "once", [pytest.param(True, marks=pytest.mark.campaign), pytest.param(False, marks=pytest.mark.soak)]
)
def test_killed_at_every_step(tmp_path: Path, *, once: bool) -> None:
    """Before some and after the others, or both before and after each of them."""
    with dying("stwk", tmp_path, once=once) as life_:
        life(life_)
        died_at = life_.died_at()
    assert len(died_at) >= 30
    wanted = _points("", POINTS, once=once) | _points(RESTORING, RESTORED, once=once)
    assert wanted <= set(died_at), f"nobody died at {sorted(wanted - set(died_at))}"


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_killed_anywhere(tmp_path: Path) -> None:
    with dying("stwk", tmp_path, chance=0.08, most=150) as life_:
        for _ in range(6):
            life(life_)
        assert len(life_.died_at()) >= 100
