"""A cluster that a test ordered: asked through python-ovh, and from within through kubectl."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import ovh.exceptions

from steward.components import images
from steward.domain import clusters, networks, nodes
from steward.runtimes.processes import launch, places
from tests.system import binaries, waiting
from tests.system.service import REGION, Service

KUBECTL_SECONDS = 240


class KubectlFailed(Exception):
    """With what it said."""


@dataclass(frozen=True)
class Cluster:
    service: Service
    id: str

    @property
    def path(self) -> str:
        return f"{self.service.base}/{self.id}"

    @property
    def places(self) -> places.ClusterPlaces:
        return self.service.spot.cluster(clusters.ClusterId(self.id))

    @property
    def slot(self) -> int:
        """Known to the host alone, once the network stands."""
        slot = places.recall(self.places.folder)["slot"]
        assert isinstance(slot, int)
        return slot

    @property
    def network(self) -> networks.ClusterNetwork:
        return self.service.plan.cluster(self.slot)

    def see(self) -> Mapping[str, Any]:
        seen: Mapping[str, Any] = self.service.api.get(self.path)
        return seen

    def pools(self) -> Sequence[Mapping[str, Any]]:
        seen: Sequence[Mapping[str, Any]] = self.service.api.get(f"{self.path}/nodepool")
        return seen

    def nodes(self) -> Sequence[Mapping[str, Any]]:
        seen: Sequence[Mapping[str, Any]] = self.service.api.get(f"{self.path}/node")
        return seen

    def events(self) -> Sequence[Mapping[str, Any]]:
        path = f"/native/projects/{self.service.project}/kube/{self.id}/events?limit=1000"
        seen: Sequence[Mapping[str, Any]] = self.service.native("GET", path)
        return seen

    def progress(self) -> Sequence[Mapping[str, Any]]:
        path = f"/native/projects/{self.service.project}/kube/{self.id}/progress"
        seen: Sequence[Mapping[str, Any]] = self.service.native("GET", path)
        return seen

    def wait_ready(self, *, within: float = waiting.PATIENCE) -> "Cluster":
        """Of the cluster and of all its pools."""

        def ready() -> bool:
            seen = self.see()
            # What went wrong is in the steps' messages; a test that fails should show them.
            assert seen["status"] != "ERROR", self.progress()
            return seen["status"] == "READY" and all(each["status"] == "READY" for each in self.pools())

        waiting.until(ready, f"cluster {self.id} being READY", within=within)
        return self

    def delete(self) -> None:
        self.service.api.delete(self.path)
        self.wait_gone()

    def wait_gone(self) -> None:
        waiting.until(lambda: not self.exists(), f"the end of cluster {self.id}")

    def exists(self) -> bool:
        try:
            self.see()
        except ovh.exceptions.ResourceNotFoundError:
            return False
        return True

    def kubeconfig(self) -> Path:
        """Fetched once, so that kubectl works while the service does not."""
        path = self.service.folder / f"{self.id}.kubeconfig"
        if not path.exists():
            path.write_text(self.service.api.post(f"{self.path}/kubeconfig")["content"])
        return path

    def command(self, *arguments: str) -> list[str]:
        return [str(binaries.folder() / "kubectl"), "--kubeconfig", str(self.kubeconfig()), *arguments]

    def kubectl(self, *arguments: str, stdin: object = None) -> str:
        """`stdin` is a document, or several."""
        text = "" if stdin is None else json.dumps(_listed(stdin))
        done = subprocess.run(
            self.command(*arguments), input=text, capture_output=True, text=True, check=False, timeout=KUBECTL_SECONDS
        )
        if done.returncode != 0:
            raise KubectlFailed(f"kubectl {' '.join(arguments)}: {done.stderr.strip()} {done.stdout.strip()}")
        return done.stdout.strip()

    def find(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def run(self, *pods: Mapping[str, Any]) -> None:
        """Pods that then are Ready."""
        self.kubectl("apply", "-f", "-", stdin=list(pods))
        self.wait_pods(*(each["metadata"]["name"] for each in pods if each["kind"] == "Pod"))

    def wait_pods(self, *names: str) -> None:
        self.kubectl("wait", "--for=condition=Ready", "--timeout=200s", *(f"pod/{each}" for each in names))

    def shell(self, pod: str, *command: str) -> str:
        return self.kubectl("exec", pod, "--", *command)

    def fetch(self, pod: str, url: str) -> str:
        """What the pod gets from there within ten seconds."""
        # Not wget's own limit: with it, Debian's busybox 1.35 crashes.
        return self.shell(pod, "/bin/timeout", "10", "/bin/wget", "-q", "-O", "-", url)

    def connect(self, pod: str, address: str) -> str:
        """Empty where something answers there, else why not: TIMEOUT, REFUSED …"""
        return connected([*self.command("exec", pod, "--"), "/agnhost", "connect"], address)

    def pod_address(self, pod: str) -> str:
        return str(self.find("pod", pod)["status"]["podIP"])

    def node_facts(self, node_id: str) -> Mapping[str, Any]:
        return places.recall(self.places.node(nodes.NodeId(node_id)).folder)

    def node_address(self, node: Mapping[str, Any]) -> IPv4Address:
        return self.network.node_address(int(self.node_facts(node["id"])["number"]))

    def programs(self) -> dict[str, tuple[int, int]]:
        """Every component that runs, with pid and start time: `etcd`, `<node>/kubelet` …"""
        found = {}
        for record in sorted(self.places.folder.glob("**/run/*.json")):
            known = launch.read_record(str(record))
            if launch.alive(known):
                owner = record.parent.parent
                name = record.stem if owner == self.places.folder else f"{owner.name}/{record.stem}"
                found[name] = (known["pid"], known["start"])
        return found


def _listed(document: object) -> object:
    return {"apiVersion": "v1", "kind": "List", "items": document} if isinstance(document, list) else document


def order(
    service: Service, *, nodes: int | None = 1, flavor: str = "b2-7", name: str = "test", **extra: Any
) -> Cluster:
    """`nodes` of one pool, or no pool at all where it is None."""
    if nodes is not None:
        extra = {"nodepool": {"name": "workers", "flavorName": flavor, "desiredNodes": nodes}, **extra}
    made = service.api.post(service.base, region=REGION, name=name, **extra)
    assert made["status"] == "INSTALLING"
    return Cluster(service, made["id"])


@contextmanager
def ready(service: Service, **order_: Any) -> Iterator[Cluster]:
    """Deleted afterwards."""
    cluster = order(service, **order_)
    try:
        yield cluster.wait_ready()
    finally:
        if service.process is None:
            service.start()
        if cluster.exists():
            cluster.delete()


def connected(connect: Sequence[str], address: str) -> str:
    """What agnhost's `connect` says of `address:port`; empty where it gets through."""
    done = subprocess.run(
        [*connect, "--timeout=3s", address], capture_output=True, text=True, check=False, timeout=KUBECTL_SECONDS
    )
    said = done.stderr.split()
    assert (done.returncode == 0) == (not said), done.stderr
    return said[0] if said else ""


def agnhost() -> str:
    return images.agnhost_reference(version())


def version() -> str:
    """The Kubernetes version that an order gets."""
    return binaries.folder().name.partition("-")[0]


def pod(name: str, *arguments: str, node: str = "", labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """An agnhost; without arguments one that waits."""
    container = {"name": "main", "image": agnhost(), "args": list(arguments) or ["pause"]}
    spec: dict[str, Any] = {"containers": [container], "terminationGracePeriodSeconds": 0}
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": dict(labels or {})}, "spec": spec}


def web(name: str, *, node: str = "", labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A pod that answers HTTP at 8080, and is Ready once it does."""
    made = pod(name, "netexec", "--http-port=8080", node=node, labels=labels)
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    made["spec"]["containers"][0]["readinessProbe"] = probe
    return made


def service_of(name: str, labels: Mapping[str, str], **spec: Any) -> dict[str, Any]:
    ports = [{"port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": dict(labels), "ports": ports, **spec},
    }
