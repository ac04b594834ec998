"""The addresses of clusters, and the rules that keep them apart."""

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from steward.domain import networks
from steward.runtimes.processes import links

PLAN = networks.Plan(IPv4Network("100.64.0.0/12"))
SLOTS = st.integers(0, networks.MOST_CLUSTERS - 1)


@given(SLOTS, SLOTS)
def test_no_two_clusters_share_an_address(one: int, other: int) -> None:
    first, second = PLAN.cluster(one), PLAN.cluster(other)
    assert first.nodes.subnet_of(PLAN.range)
    assert first.link.subnet_of(PLAN.links)
    assert PLAN.registry not in first.link
    if one != other:
        assert not first.link.overlaps(second.link)
        assert not first.nodes.overlaps(second.nodes)


@given(SLOTS, st.integers(0, networks.MOST_NODES - 1))
def test_every_node_has_an_address_of_its_cluster(slot: int, number: int) -> None:
    network = PLAN.cluster(slot)
    address = network.node_address(number)
    assert address in network.nodes
    assert address not in (network.gateway, network.nodes.network_address, network.nodes.broadcast_address)


@given(SLOTS, st.integers(0, networks.MOST_NODES - 1), st.integers(0, networks.MOST_NODES - 1))
def test_a_node_takes_its_own_route_with_it_and_no_other(slot: int, number: int, other: int) -> None:
    network = PLAN.cluster(slot)
    via = {each: {"dst": f"pods of {each}", "gateway": str(network.node_address(each))} for each in (number, other)}
    routes = [{"dst": str(network.nodes)}, {"dst": "default", "gateway": str(network.gateway)}, *via.values()]
    assert links.routes_by(routes, number) == [f"pods of {number}"]


@given(st.integers(0, 255))
def test_every_node_has_a_pod_range_of_its_own(number: int) -> None:
    pods = networks.node_pods(networks.DEFAULT_PODS, number)
    assert pods.subnet_of(networks.DEFAULT_PODS)
    assert number == 0 or not pods.overlaps(networks.node_pods(networks.DEFAULT_PODS, number - 1))


def test_wildcards_of_one_instance_match_no_other() -> None:
    rules = links.host_rules("stw", PLAN)
    assert '"stw-*"' in rules  # with the dash, so that `stwt-0` is not meant
    assert '"stw*"' not in rules
    assert rules.count("counter drop") >= 3


def test_the_control_plane_begins_no_connection_to_the_outside() -> None:
    rules = links.cluster_rules(PLAN.cluster(0), networks.DEFAULT_PODS)
    leaving = rules[rules.index("chain leaving") : rules.index("chain masked")]
    assert leaving.index("established,related accept") < leaving.index("counter drop")
    assert f"ip saddr {networks.DEFAULT_PODS} masquerade" in rules


def test_an_entrance_leads_to_each_cluster_by_a_port_of_its_own() -> None:
    at = networks.Entrance(host="kube.example.net", address=IPv4Address("192.0.2.7"), first_port=20000)
    plan = networks.Plan(PLAN.range, at)
    rules = links.host_rules("stw", plan)
    for slot in (0, 3, networks.MOST_CLUSTERS - 1):
        network = plan.cluster(slot)
        assert network.served_at == f"kube.example.net:{20000 + slot}"
        assert f"{20000 + slot} : {network.api_address} . {networks.API_PORT}" in rules
    assert rules.count("ip daddr 192.0.2.7 dnat ip to") == 2
    assert "dnat" not in links.host_rules("stw", PLAN).replace("ct status dnat", "")
    assert PLAN.cluster(3).served_at == f"{PLAN.cluster(3).api_address}:{networks.API_PORT}"
