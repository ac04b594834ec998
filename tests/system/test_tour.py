"""Every operation of OVHcloud's Kubernetes API by clients of theirs, against one real cluster.

Each answer is held against the cluster itself, and each change is seen there by what only the change makes true.
"""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from steward.catalogue import ovh
from tests import go_programs, receivers
from tests.system import callers, inside, ordered, outside, streams, waiting
from tests.system import service as service_
from tests.system.backbones import ROUTER, Backbone
from tests.system.callers import Caller, Refused
from tests.system.ordered import Cluster, KubectlFailed
from tests.system.service import REGION, Service

pytestmark = [pytest.mark.system, pytest.mark.timeout(1800)]

EARLIER, FLAVOR = "1.36", "d2-4"
LONG = 900.0  # seconds for a whole cluster to be made anew
KUBE = "…/kube/{kubeId}"
GROUPS = ("kube", "capabilities", "united-states")


@dataclass
class Tour:
    """`ask` takes an operation as the catalogue names it, the body, and what its path's other names stand for."""

    service: Service
    caller: Caller
    cluster: Cluster = field(init=False)
    called: set[str] = field(default_factory=set)

    def ask(self, operation: str, body: object = None, *, query: str = "", **names: str) -> Any:
        method, _, path = operation.partition(" ")
        self.called.add(operation)
        if "{kubeId}" in path:
            names["kubeId"] = self.cluster.id
        for name, text in names.items():
            path = path.replace(f"{{{name}}}", quote(text, safe=""))
        return self.caller.call(method, path.replace("…", f"/cloud/project/{self.service.project}") + query, body)

    def refused(self, code: int, operation: str, body: object = None, **names: str) -> str:
        with pytest.raises(Refused) as refusal:
            self.ask(operation, body, **names)
        assert refusal.value.code == code
        return refusal.value.message

    def see(self) -> Any:
        return self.ask(f"GET {KUBE}")

    def changed(self, busy: str = "REDEPLOYING") -> None:
        """Busy when the answer left, READY in the end."""
        assert self.see()["status"] == busy
        self.cluster.wait_ready(within=LONG)

    def space(self) -> str:
        return self.cluster.service.spot.namespace(self.cluster.slot)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """It may reach receivers of logs and an OpenID provider that the tests run."""
    allowed = json.dumps([f"{outside.ADDRESS}/32", "127.0.0.0/8"])
    with service_.running("stwtr", STEWARD_WEBHOOK_NETWORKS=allowed) as running:
        yield running


@contextmanager
def python_ovh(service: Service, folder: Path) -> Iterator[Caller]:
    yield callers.PythonOvh(service.api)


@contextmanager
def go_ovh(service: Service, folder: Path) -> Iterator[Caller]:
    with callers.go_ovh(go_programs.built("ovh", folder), service) as caller:
        yield caller


@pytest.mark.parametrize("client", [python_ovh, go_ovh])
def test_every_operation_does_what_it_says(client: Any, service: Service, tmp_path: Path) -> None:
    with client(service, tmp_path) as caller, ExitStack() as stack:
        tour = Tour(service, caller)
        what_can_be_ordered(tour)
        backbone = Backbone(caller, service.project, gateway=True)
        stack.callback(backbone.remove)
        an_order(tour, backbone)
        stack.callback(lambda: tour.cluster.exists() and tour.cluster.delete())
        its_name_and_its_kubeconfig(tour)
        pools_and_nodes(tour)
        admission_plugins(tour)
        people_of_another_provider(tour, tmp_path)
        who_may_reach_it(tour)
        its_logs(tour)
        its_figures(tour)
        its_private_network(tour, backbone)
        another_api_server(tour)
        a_later_version(tour)
        other_keys(tour)
        all_from_the_beginning(tour)
        the_end(tour)
    assert tour.called == {each.name.replace(ovh.PROJECT, "…") for each in ovh.operations() if each.group in GROUPS}


def what_can_be_ordered(tour: Tour) -> None:
    regions = tour.ask("GET …/capabilities/kube/regions")
    assert REGION in regions
    assert tour.ask("GET …/kube/regions") == regions
    flavors = tour.ask("GET …/capabilities/kube/flavors", query=f"?region={REGION}")
    assert FLAVOR in {each["name"] for each in flavors if each["state"] == "available"}
    assert set(tour.ask("GET …/capabilities/kube/admissionplugins")) == {"AlwaysPullImages", "NodeRestriction"}
    assert tour.ask("GET …/capabilities/kube/log/kind") == ["audit"]
    assert tour.ask("GET …/capabilities/kube/log/kind/{name}", name="audit")["name"] == "audit"


def an_order(tour: Tour, backbone: Backbone) -> None:
    pool = {"name": "workers", "flavorName": FLAVOR, "desiredNodes": 1}
    on = {"privateNetworkId": backbone.openstack_id, "nodesSubnetId": backbone.subnet_id}
    made = tour.ask("POST …/kube", {"region": REGION, "name": "tour", "version": EARLIER, "nodepool": pool, **on})
    assert (made["status"], made["name"]) == ("INSTALLING", "tour")
    tour.cluster = Cluster(tour.service, made["id"]).wait_ready()
    assert tour.ask("GET …/kube") == [made["id"]]
    said = json.loads(tour.cluster.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    assert said == f"v{tour.see()['version']}"
    assert inside.addresses(tour.cluster) == {"192.168.77.10"}


def its_name_and_its_kubeconfig(tour: Tour) -> None:
    tour.ask(f"PUT {KUBE}", {"name": "grand tour"})
    tour.cluster.wait_ready()
    assert tour.see()["name"] == "grand tour"
    content = tour.ask(f"POST {KUBE}/kubeconfig")["content"]
    assert content == tour.cluster.kubeconfig().read_text()
    tour.cluster.kubectl("create", "configmap", "kept", "--from-literal=a=b")


def pools_and_nodes(tour: Tour) -> None:
    cluster, before = tour.cluster, {each["metadata"]["name"] for each in tour.cluster.find("nodes")["items"]}
    assert {each["name"] for each in tour.ask(f"GET {KUBE}/node")} == before
    template = {"metadata": {"labels": {"tour": "one"}, "annotations": {}, "finalizers": []},
                "spec": {"taints": [], "unschedulable": False}}  # fmt: skip
    order = {"name": "more", "flavorName": FLAVOR, "desiredNodes": 1, "template": template}
    pool = tour.ask(f"POST {KUBE}/nodepool", order)["id"]
    cluster.wait_ready()
    (added,) = cluster.find("nodes", "-l", "tour=one")["items"]
    assert {each["name"] for each in tour.ask(f"GET {KUBE}/nodepool")} == {"workers", "more"}
    (node,) = tour.ask(f"GET {KUBE}/nodepool/{{nodePoolId}}/nodes", nodePoolId=pool)
    assert node["name"] == added["metadata"]["name"]
    seen = tour.ask(f"GET {KUBE}/node/{{nodeId}}", nodeId=node["id"])
    assert (seen["status"], f"v{seen['version']}") == ("READY", added["status"]["nodeInfo"]["kubeletVersion"])
    kind = added["metadata"]["labels"]["node.kubernetes.io/instance-type"]
    assert kind in {each["name"] for each in tour.ask(f"GET {KUBE}/flavors")}
    template["metadata"]["labels"] = {"tour": "two"}
    tour.ask(f"PUT {KUBE}/nodepool/{{nodePoolId}}", {"template": template}, nodePoolId=pool)
    cluster.wait_ready()
    assert [each["metadata"]["uid"] for each in cluster.find("nodes", "-l", "tour=two")["items"]] == [
        added["metadata"]["uid"]
    ]
    tour.ask(f"DELETE {KUBE}/node/{{nodeId}}", nodeId=node["id"])
    cluster.wait_ready()
    assert tour.ask(f"GET {KUBE}/nodepool/{{nodePoolId}}", nodePoolId=pool)["desiredNodes"] == 0
    assert {each["metadata"]["name"] for each in cluster.find("nodes")["items"]} == before
    assert [each["id"] for each in tour.ask(f"GET {KUBE}/node", query="?history=true")] == [node["id"]]
    tour.ask(f"DELETE {KUBE}/nodepool/{{nodePoolId}}", nodePoolId=pool)
    waiting.until(lambda: len(cluster.pools()) == 1, "the end of the pool")


def admission_plugins(tour: Tour) -> None:
    before = tour.cluster.programs()
    assert inside.policy(tour.cluster) == "Always"
    off = {"admissionPlugins": {"enabled": ["NodeRestriction"], "disabled": ["AlwaysPullImages"]}}
    tour.ask(f"PUT {KUBE}/customization", {"apiServer": off})
    tour.changed()
    assert tour.ask(f"GET {KUBE}/customization")["apiServer"] == off
    assert inside.policy(tour.cluster) == "IfNotPresent"
    after = tour.cluster.programs()
    assert {name for name in before if before[name] != after[name]} == {"kube-apiserver"}


def people_of_another_provider(tour: Tour, folder: Path) -> None:
    with outside.standing(), inside.issuing(folder) as issuer:
        token = issuer.sign_in("anna", inside.KUBECTL)["id_token"]
        assert inside.who(tour.cluster, token) == {}
        wish = {
            "issuerUrl": issuer.issuer,
            "clientId": inside.KUBECTL.id,
            "caContent": inside.authority_of(issuer),
            "groupsClaim": ["groups"],
            "usernameClaim": "email",
        }
        tour.ask(f"POST {KUBE}/openIdConnect", wish)
        tour.cluster.wait_ready()
        found = waiting.until(lambda: inside.who(tour.cluster, token), "a login")
        assert "anna@customer.example" in found["username"]
        assert tour.ask(f"GET {KUBE}/openIdConnect")["issuerUrl"] == issuer.issuer
        tour.ask(f"PUT {KUBE}/openIdConnect", {"requiredClaim": ["sub=somebody else"]})
        tour.cluster.wait_ready()
        waiting.until(lambda: inside.who(tour.cluster, token) == {}, "no login without the claim")
    tour.ask(f"DELETE {KUBE}/openIdConnect")
    tour.cluster.wait_ready()
    tour.refused(404, f"GET {KUBE}/openIdConnect")


def who_may_reach_it(tour: Tour) -> None:
    """The cluster's own steward reaches it whatever the list says; kubectl comes from the host's address."""
    own = f"{tour.cluster.network.host_address}/32"

    def answers() -> bool:
        try:
            return bool(tour.cluster.kubectl("--request-timeout=3s", "get", "--raw", "/version"))
        except KubectlFailed:
            return False

    def listed(*blocks: str, reached: bool) -> None:
        tour.cluster.wait_ready()
        assert tour.ask(f"GET {KUBE}/ipRestrictions") == list(blocks)
        assert answers() is reached

    tour.ask(f"PUT {KUBE}/ipRestrictions", {"ips": ["198.51.100.7/32"]})
    listed("198.51.100.7/32", reached=False)
    tour.ask(f"POST {KUBE}/ipRestrictions", {"ips": [own]})
    listed("198.51.100.7/32", own, reached=True)
    tour.ask(f"DELETE {KUBE}/ipRestrictions/{{ip}}", ip=own)
    listed("198.51.100.7/32", reached=False)
    tour.ask(f"PUT {KUBE}/ipRestrictions", {"ips": []})
    listed(reached=True)


def its_logs(tour: Tour) -> None:
    cluster, receiver = tour.cluster, receivers.Http()
    with streams.listening(receiver) as port, streams.stream(tour.service, url=f"http://127.0.0.1:{port}/") as stream:
        begun = tour.ask(f"POST {KUBE}/log/subscription", {"kind": "audit", "streamId": stream})
        subscription = streams.over(cluster, begun)["subscriptionId"]
        cluster.wait_ready()
        cluster.kubectl("create", "configmap", "shipped")
        waiting.until(streams.all_made(cluster, receiver, "shipped"), "the event at the receiver", within=60)
        assert tour.ask(f"GET {KUBE}/log/subscription") == [subscription]
        own = {"subscriptionId": subscription}
        assert tour.ask(f"GET {KUBE}/log/subscription/{{subscriptionId}}", **own)["streamId"] == stream
        streams.over(cluster, tour.ask(f"DELETE {KUBE}/log/subscription/{{subscriptionId}}", **own))
        cluster.wait_ready()
    for number, ask in enumerate((
        lambda: tour.ask(f"POST {KUBE}/log/url", {"kind": "audit"}),
        lambda: tour.ask(f"POST {KUBE}/auditLogs"),
    )):  # fmt: skip
        cluster.kubectl("create", "configmap", f"linked-{number}")
        assert shown_by(ask()["url"], f"linked-{number}")


def shown_by(url: str, name: str) -> bool:
    """Whether a live tail comes to the making of this; it waits for it."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        for line in answer:
            event = json.loads(line) if line.strip() else {}
            if event.get("verb") == "create" and event["objectRef"].get("name") == name:
                return True
    return False


def its_figures(tour: Tour) -> None:
    def equal() -> bool:
        return bool(tour.ask(f"GET {KUBE}/metrics/etcdUsage")["usage"] == inside.etcd_size(tour.cluster))

    waiting.until(equal, "the same size from both")


def its_private_network(tour: Tour, backbone: Backbone) -> None:
    (node,) = tour.cluster.nodes()
    path = f"{KUBE}/privateNetworkConfiguration"
    assert inside.default_route(tour.cluster, node["id"]) == str(tour.cluster.network.gateway)
    wish = {"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": True}
    tour.ask(f"PUT {path}", wish)
    tour.changed()
    assert tour.ask(f"GET {path}") == wish
    assert inside.default_route(tour.cluster, node["id"]) == ROUTER
    tour.ask(f"PUT {KUBE}/updateLoadBalancersSubnetId", {"loadBalancersSubnetId": backbone.subnet_id})
    assert tour.see()["loadBalancersSubnetId"] == backbone.subnet_id
    tour.cluster.wait_ready()


def another_api_server(tour: Tour) -> None:
    before = tour.cluster.programs()
    tour.ask(f"POST {KUBE}/restart", {})
    tour.cluster.wait_ready()
    after = tour.cluster.programs()
    assert {name for name in before if before[name] != after[name]} == {"kube-apiserver"}


def a_later_version(tour: Tour) -> None:
    tour.ask(f"PUT {KUBE}/updatePolicy", {"updatePolicy": "NEVER_UPDATE"})
    assert "NEVER_UPDATE" in tour.refused(409, f"POST {KUBE}/update", {"strategy": "NEXT_MINOR"})
    tour.ask(f"PUT {KUBE}/updatePolicy", {"updatePolicy": "ALWAYS_UPDATE"})
    time.sleep(1.1)  # the same signed write of one second is one write
    tour.ask(f"POST {KUBE}/update", {"strategy": "NEXT_MINOR"})
    tour.changed("UPDATING")
    assert tour.see()["version"] == ordered.version()
    (node,) = tour.cluster.find("nodes")["items"]
    assert node["status"]["nodeInfo"]["kubeletVersion"] == f"v{ordered.version()}"


def other_keys(tour: Tour) -> None:
    cluster, old = tour.cluster, tour.cluster.kubeconfig().read_text()
    stored = cluster.find("configmap", "kept")["metadata"]["uid"]
    tour.ask(f"POST {KUBE}/kubeconfig/reset")
    tour.changed()
    cluster.kubeconfig().unlink()
    assert inside.authority(cluster.kubeconfig().read_text()) != inside.authority(old)
    assert "x509" in inside.refusal(cluster, old)
    assert cluster.find("configmap", "kept")["metadata"]["uid"] == stored


def all_from_the_beginning(tour: Tour) -> None:
    cluster = tour.cluster
    before = cluster.find("namespace", "kube-system")["metadata"]["uid"]
    tour.ask(f"POST {KUBE}/reset", {"name": "again", "workerNodesPolicy": "reinstall"})
    tour.changed("RESETTING")
    cluster.kubeconfig().unlink()
    assert cluster.find("namespace", "kube-system")["metadata"]["uid"] != before
    assert len(cluster.find("nodes")["items"]) == 1
    with pytest.raises(KubectlFailed, match="not found"):
        cluster.find("configmap", "kept")


def the_end(tour: Tour) -> None:
    space, programs = tour.space(), tour.cluster.programs()
    assert Path("/run/netns", space).exists()
    tour.ask(f"DELETE {KUBE}")
    tour.cluster.wait_gone()
    assert tour.ask("GET …/kube") == []
    assert programs
    assert tour.cluster.programs() == {}
    assert not Path("/run/netns", space).exists()
