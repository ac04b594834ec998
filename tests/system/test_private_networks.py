"""Two clusters on one private network and one on another: real packets, real routes, a real way out."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import ovh.exceptions
import pytest

from tests.system import callers, inside, ordered, outside, waiting
from tests.system.backbones import ROUTER, Backbone
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = pytest.mark.system

PORT = 10250  # of the kubelet: it listens on every address of a node


@pytest.fixture(scope="module")
def backbone(service: Service) -> Iterator[Backbone]:
    made = Backbone(callers.PythonOvh(service.api), service.project, gateway=True)
    yield made
    made.remove()
    spaces = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    assert f"{service.instance}-p" not in spaces
    assert f"{service.instance}-r" not in spaces


@pytest.fixture(scope="module")
def three(service: Service, backbone: Backbone) -> Iterator[tuple[Cluster, Cluster, Cluster]]:
    """Two on the network, one on the public network alone; a pod that tries in each."""
    with ExitStack() as stack:
        on = {"privateNetworkId": backbone.openstack_id, "nodesSubnetId": backbone.subnet_id}
        made = [
            stack.enter_context(ordered.ready(service, name=name, **extra))
            for name, extra in (("one", on), ("two", on), ("apart", {}))
        ]
        for each in made:
            each.run(ordered.pod("client"), ordered.web("web"))
        yield made[0], made[1], made[2]


def address_of(cluster: Cluster) -> str:
    (address,) = inside.addresses(cluster)
    return address


def space_of(cluster: Cluster) -> str:
    (node,) = cluster.nodes()
    return inside.node_space(cluster, node["id"])


def packets(cluster: Cluster) -> int:
    """That its node has received from the segment."""
    shown = subprocess.run(
        ["ip", "-n", space_of(cluster), "-j", "-s", "link", "show", "dev", "private0"], capture_output=True, check=True
    )
    return int(json.loads(shown.stdout)[0]["stats64"]["rx"]["packets"])


def default_route(cluster: Cluster) -> str:
    (node,) = cluster.nodes()
    return inside.default_route(cluster, node["id"])


def test_nodes_are_known_by_addresses_of_the_subnet(three: tuple[Cluster, Cluster, Cluster]) -> None:
    one, two, apart = three
    assert {address_of(one), address_of(two)} == {"192.168.77.10", "192.168.77.11"}
    assert address_of(apart).startswith(str(apart.network.nodes.network_address).rpartition(".")[0])
    # exec and logs go to that address, from where the control plane is.
    assert one.shell("web", "/bin/cat", "/etc/hostname") == "web"
    assert "Started HTTP server" in one.kubectl("logs", "web")


def test_packets_of_two_clusters_meet_on_the_network_alone(three: tuple[Cluster, Cluster, Cluster]) -> None:
    one, two, _ = three
    before = packets(two)
    assert one.connect("client", f"{address_of(two)}:{PORT}") == ""
    assert packets(two) > before
    assert two.connect("client", f"{address_of(one)}:{PORT}") == ""
    # By their public addresses they do not meet.
    (node,) = two.nodes()
    assert one.connect("client", f"{two.node_address(node)}:{PORT}") != ""


def test_a_pod_is_reached_by_its_node_port_and_not_behind_it(three: tuple[Cluster, Cluster, Cluster]) -> None:
    one, two, apart = three
    two.kubectl("apply", "-f", "-", stdin=ordered.service_of("port", {"app": "port"}, type="NodePort"))
    two.run(ordered.web("port", labels={"app": "port"}))
    port = two.find("service", "port")["spec"]["ports"][0]["nodePort"]
    target = f"http://{address_of(two)}:{port}/hostname"
    answer = waiting.until(lambda: one.fetch("client", target), "the NodePort", ignore=ordered.KubectlFailed)
    assert answer == "port"
    # Who is not on the network meets nobody there; what lies beyond the host may answer anything.
    try:
        found = apart.fetch("client", target)
    except ordered.KubectlFailed:
        found = ""
    assert found != "port"


def test_the_default_route_leads_by_the_gateway_once_it_is_wanted(
    three: tuple[Cluster, Cluster, Cluster], backbone: Backbone
) -> None:
    one, two, _ = three
    started = one.programs()
    assert default_route(one) == str(one.network.gateway)
    path = f"{one.path}/privateNetworkConfiguration"
    one.service.api.put(path, defaultVrackGateway="", privateNetworkRoutingAsDefault=True)
    assert one.see()["status"] == "REDEPLOYING"
    one.wait_ready()
    assert default_route(one) == ROUTER
    assert default_route(two) == str(two.network.gateway)
    # Nothing was restarted, and all goes on: packets leave by the router.
    assert one.programs() == started
    uplink = ["ip", "-j", "-s", "link", "show", "type", "veth"]

    def through() -> int:
        links = json.loads(subprocess.run(uplink, capture_output=True, check=True).stdout)
        routers = [each for each in links if each["ifname"].startswith(f"{one.service.instance}-r")]
        return sum(int(each["stats64"]["rx"]["packets"]) for each in routers)

    with outside.standing():
        before = through()
        assert outside.asked_by(one.fetch("client", outside.URL)) == outside.HOST
        assert through() > before
    assert one.shell("web", "/bin/cat", "/etc/hostname") == "web"
    with pytest.raises(ovh.exceptions.ResourceConflictError):
        one.service.api.delete(backbone.gateway_path)
