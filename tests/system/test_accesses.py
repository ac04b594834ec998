"""Break-glass at a real cluster: the credential does what its scope says, and is refused once it has ended."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.system import binaries, waiting
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = [pytest.mark.system, pytest.mark.root]


class Visit:
    """One access of the provider's first operator."""

    def __init__(self, service: Service, cluster: Cluster, folder: Path, **wanted: Any) -> None:
        self.service = service
        here = f"/native/projects/{service.project}"
        body = {"reason": "The system test looks", "minutes": 5, **wanted}
        self.id = service.native("POST", f"{here}/kube/{cluster.id}/accesses", body)["id"]
        self.path = f"{here}/accesses/{self.id}"
        self.file = folder / f"{self.id}.kubeconfig"

    def see(self) -> Mapping[str, Any]:
        seen: Mapping[str, Any] = self.service.native("GET", self.path)
        return seen

    def consent(self) -> "Visit":
        """By the customer, who signs; to the moment at which the provider's person can enter."""
        self.service.api.post(f"{self.path}/approve")
        self.wait("active")
        self.file.write_text(self.service.native("POST", f"{self.path}/kubeconfig", {})["content"])
        return self

    def wait(self, status: str) -> Mapping[str, Any]:
        waiting.until(lambda: self.see()["status"] == status, f"the access being {status}: {self.see()}", within=60)
        return self.see()

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(binaries.folder() / "kubectl"), "--kubeconfig", str(self.file), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def may(self, *arguments: str) -> bool:
        done = self.kubectl(*arguments)
        assert done.returncode == 0 or "forbidden" in done.stderr.lower(), done.stderr
        return done.returncode == 0


@pytest.fixture
def visit(service: Service, cluster: Cluster, tmp_path: Path) -> Iterator[Visit]:
    made = Visit(service, cluster, tmp_path, scope="view").consent()
    yield made
    if made.see()["status"] == "active":
        service.api.post(f"{made.path}/end")
        made.wait("ended")


def test_a_credential_reads_and_is_refused_after_its_end(visit: Visit, cluster: Cluster) -> None:
    pod = cluster.find("pods", "-n", "default")["items"][0]["metadata"]["name"]
    assert visit.may("get", "pods,nodes,deployments", "-A")
    assert visit.kubectl("auth", "whoami").stdout.count("breakglass") > 0
    for hidden in (("get", "secrets", "-A"), ("logs", "-n", "default", pod), ("delete", "pod", "-n", "default", pod)):
        assert not visit.may(*hidden), hidden
    assert not visit.may("create", "configmap", "it", "-n", "default")
    visit.service.api.post(f"{visit.path}/end")
    over = visit.wait("ended")
    assert over["refusedWith"].startswith("403"), over
    assert not visit.may("get", "pods", "-A")
    calls = over["calls"]
    assert any("list pods" in each and each.endswith("200") for each in calls), calls
    assert any("list secrets" in each and each.endswith("403") for each in calls), calls
    assert any(f"default/{pod}" in each and "log" in each and each.endswith("403") for each in calls), calls
    assert "proof" in calls[-1]
    assert visit.service.api.get(visit.path)["calls"] == calls, "the customer reads the same"
    bindings = cluster.find("clusterrolebindings")["items"]
    assert not [each for each in bindings if visit.id in each["metadata"]["name"]]


def test_each_scope_reaches_as_far_as_it_says(service: Service, cluster: Cluster, tmp_path: Path) -> None:
    operating = Visit(service, cluster, tmp_path, scope="operate").consent()
    node = cluster.nodes()[0]["name"]
    assert operating.may("label", "node", node, "looked-at=yes", "--overwrite")
    assert operating.may(
        *("patch", "deployment", "metrics-server", "-n", "kube-system", "--dry-run=server"),
        *("-p", '{"metadata": {"annotations": {"looked-at": "yes"}}}'),
    )
    assert not operating.may("get", "secrets", "-n", "kube-system")
    assert not operating.may("create", "configmap", "it", "-n", "default")
    admin = Visit(service, cluster, tmp_path, scope="admin").consent()
    assert admin.may("create", "configmap", "it", "-n", "default", "--dry-run=server")
    assert admin.may("get", "secrets", "-A")
    user = admin.see()["user"]
    assert admin.may("create", "rolebinding", "mine", "-n", "default", "--clusterrole=admin", f"--user={user}")
    shared = (f"--user={user}", "--user=alice")
    assert admin.may("create", "rolebinding", "shared", "-n", "default", "--clusterrole=view", *shared)
    for each in (operating, admin):
        service.native("POST", f"{each.path}/end", {})
        assert each.wait("ended")["refusedWith"].startswith("403")
        assert not each.may("get", "nodes")
        assert not each.may("get", "pods", "-n", "default"), "whatever it bound itself to was taken back"
    bindings = {each["metadata"]["name"]: each for each in cluster.find("rolebindings", "-n", "default")["items"]}
    assert "mine" not in bindings
    assert [each["name"] for each in bindings["shared"]["subjects"]] == ["alice"], "others keep theirs"
    cluster.kubectl("delete", "rolebinding", "shared", "-n", "default")


def test_the_api_server_is_probed_from_inside(service: Service, cluster: Cluster) -> None:
    path = f"/native/projects/{service.project}/kube/{cluster.id}/availability"

    def probed() -> bool:
        figures = service.native("GET", path)["figures"]
        return figures is not None and figures["goodSeconds"] > 0

    waiting.until(probed, "probes of the API server", within=150)
    figures = service.native("GET", path)["figures"]
    assert figures["p50Ms"] is not None
    assert service.api.get(path)["figures"]["month"] == figures["month"]
