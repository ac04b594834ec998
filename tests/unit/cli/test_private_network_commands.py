"""`steward network`, and ordering a cluster on one."""

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import KUBE, PROJECT, Desk

PRIVATE = f"/1.0/cloud/project/{PROJECT}/network/private"
REGION = f"/1.0/cloud/project/{PROJECT}/region/LOCAL1"
OPERATION = f"/1.0/cloud/project/{PROJECT}/operation/op"
ID, OPENSTACK, SUBNET, GATEWAY = "pn-1000001_7", "55555555-2222-4333-8444-555555555555", "s-1", "g-1"
GATEWAYS = f"{REGION}/network/{OPENSTACK}/subnet/{SUBNET}/gateway"


def _network(**fields: object) -> dict[str, object]:
    place = {"region": "LOCAL1", "status": "ACTIVE", "openstackId": OPENSTACK}
    return {"id": ID, "name": "back", "vlanId": 7, "status": "ACTIVE", "regions": [place], **fields}


def _subnet(**fields: object) -> dict[str, object]:
    pool = {"region": "LOCAL1", "start": "10.7.0.2", "end": "10.7.0.254", "network": "10.7.0.0/24", "dhcp": True}
    there = {"id": SUBNET, "cidr": "10.7.0.0/24", "dhcpEnabled": True, "gatewayIp": "10.7.0.1", "ipPools": [pool]}
    return {**there, **fields}


def _gateway(**fields: object) -> dict[str, object]:
    leg = {"id": SUBNET, "ip": "10.7.0.1", "subnetId": SUBNET, "networkId": OPENSTACK}
    there = {"id": GATEWAY, "name": "out", "region": "LOCAL1", "model": "s", "status": "active", "interfaces": [leg]}
    return {**there, **fields}


@pytest.fixture
def networked(desk: Desk) -> Desk:
    desk.service.says("GET", PRIVATE, [_network()])
    desk.service.says("GET", f"{PRIVATE}/{ID}", _network())
    desk.service.says("GET", f"{PRIVATE}/{ID}/subnet", [_subnet()])
    elsewhere = _gateway(id="g-2", interfaces=[{"id": "x", "ip": "10.8.0.1", "subnetId": "x", "networkId": "other"}])
    desk.service.says("GET", f"{REGION}/gateway", [_gateway(), elsewhere])
    return desk


class TestNetwork:
    def test_list_and_show(self, networked: Desk) -> None:
        assert networked.run("network", "list").out.splitlines() == [
            "NAME  ID            STATUS  VLAN  REGIONS",
            f"back  {ID}  ACTIVE  7     LOCAL1",
        ]
        assert networked.run("network", "show", "back", "-o", "json").json == _network()

    def test_none(self, desk: Desk) -> None:
        desk.service.says("GET", PRIVATE, [])
        assert "steward network create" in desk.run("network", "list").err
        missing = desk.run("network", "show", "back")
        assert (missing.code, "There are: none" in missing.err) == (3, True)

    def test_two_of_a_name_are_told_apart(self, desk: Desk) -> None:
        desk.service.says("GET", PRIVATE, [_network(), _network(id="pn-1000001_8", status="BUILDING")])
        refused = desk.run("network", "delete", "back", "--yes")
        assert refused.code == 2
        assert "pn-1000001_8  BUILDING" in refused.err
        assert not desk.service.asked("DELETE", f"{PRIVATE}/{ID}")

    def test_create(self, networked: Desk) -> None:
        networked.service.says("POST", PRIVATE, _network(status="BUILDING"))
        assert networked.run("network", "create", "back", "-o", "name").out == f"{ID}\n"
        assert networked.service.sent("POST", PRIVATE) == {"name": "back"}

    def test_create_waits_until_it_stands(self, networked: Desk) -> None:
        networked.service.says("POST", PRIVATE, _network(status="BUILDING"))
        networked.service.says("GET", f"{PRIVATE}/{ID}", _network(status="BUILDING"), _network())
        made = networked.run("network", "create", "back", "--region", "LOCAL1", "--vlan", "7", "--wait", "-o", "json")
        assert made.json == _network()
        assert networked.service.sent("POST", PRIVATE) == {"name": "back", "regions": ["LOCAL1"], "vlanId": 7}

    def test_waiting_ends(self, networked: Desk) -> None:
        networked.service.says("POST", PRIVATE, _network(status="BUILDING"))
        networked.service.says("GET", f"{PRIVATE}/{ID}", _network(status="BUILDING"))
        late = networked.run("network", "create", "back", "--wait", "--timeout", "3s")
        assert (late.code, f"steward network show {ID}" in late.err) == (6, True)

    def test_waiting_is_interrupted(self, networked: Desk) -> None:
        networked.service.says("POST", PRIVATE, _network(status="BUILDING"))
        networked.service.says("GET", f"{PRIVATE}/{ID}", _network(status="BUILDING"))
        networked.clock.interrupt_at = fakes.NOW + 2
        assert networked.run("network", "create", "back", "--wait").code == 130

    def test_waiting_outlasts_a_restart_of_the_service(self, networked: Desk) -> None:
        networked.service.says("POST", PRIVATE, _network(status="BUILDING"))
        networked.service.is_away("GET", f"{PRIVATE}/{ID}")
        networked.clock.on_sleep = [lambda: networked.service.says("GET", f"{PRIVATE}/{ID}", _network())]
        assert networked.run("network", "create", "back", "--wait").code == 0

    def test_rename(self, networked: Desk) -> None:
        networked.service.says("PUT", f"{PRIVATE}/{ID}", None)
        assert "now front" in networked.run("network", "rename", "back", "front").err
        assert networked.service.sent("PUT", f"{PRIVATE}/{ID}") == {"name": "front"}

    def test_delete_asks_first(self, networked: Desk) -> None:
        networked.service.says("DELETE", f"{PRIVATE}/{ID}", None)
        assert networked.run("network", "delete", "back").code == 2
        assert not networked.service.asked("DELETE", f"{PRIVATE}/{ID}")
        assert networked.run("network", "delete", "back", "--yes").code == 0

    def test_delete_waits_until_it_is_gone(self, networked: Desk) -> None:
        networked.service.says("DELETE", f"{PRIVATE}/{ID}", None)
        networked.service.says("GET", f"{PRIVATE}/{ID}", _network(status="DELETING"))
        networked.clock.on_sleep = [
            lambda: networked.service.refuses("GET", f"{PRIVATE}/{ID}", 404, "This network does not exist")
        ]
        assert "is deleted" in networked.run("network", "delete", "back", "--yes", "--wait").err


class TestSubnet:
    def test_list(self, networked: Desk) -> None:
        titles, row = networked.run("network", "subnet", "list", "back").out.splitlines()
        assert titles.split() == ["RANGE", "ID", "GATEWAY", "DHCP", "REGION", "FROM", "TO"]
        assert row.split() == ["10.7.0.0/24", SUBNET, "10.7.0.1", "yes", "LOCAL1", "10.7.0.2", "10.7.0.254"]

    def test_create_with_all_addresses_but_the_gateways(self, networked: Desk) -> None:
        networked.service.says("POST", f"{PRIVATE}/{ID}/subnet", _subnet())
        assert networked.run("network", "subnet", "create", "back", "10.7.0.0/24", "-o", "name").out == f"{SUBNET}\n"
        assert networked.service.sent("POST", f"{PRIVATE}/{ID}/subnet") == {
            "network": "10.7.0.0/24",
            "start": "10.7.0.2",
            "end": "10.7.0.254",
            "region": "LOCAL1",
            "dhcp": True,
            "noGateway": False,
        }

    def test_create_as_it_is_told(self, networked: Desk) -> None:
        networked.service.says("POST", f"{PRIVATE}/{ID}/subnet", _subnet())
        told = ("--start", "10.7.0.9", "--end", "10.7.0.20", "--region", "LOCAL2", "--no-dhcp", "--no-gateway")
        assert networked.run("network", "subnet", "create", "back", "10.7.0.0/24", *told).code == 0
        sent = networked.service.sent("POST", f"{PRIVATE}/{ID}/subnet")
        assert (sent["start"], sent["end"], sent["region"]) == ("10.7.0.9", "10.7.0.20", "LOCAL2")
        assert (sent["dhcp"], sent["noGateway"]) == (False, True)

    @pytest.mark.parametrize("block", ["10.7.0.1/24", "10.7.0.0/33", "nonsense", "fd00::/64"])
    def test_no_range(self, networked: Desk, block: str) -> None:
        assert networked.run("network", "subnet", "create", "back", block).code == 2
        assert not networked.service.asked("POST", f"{PRIVATE}/{ID}/subnet")

    def test_a_range_that_is_too_small_is_refused_by_the_service(self, networked: Desk) -> None:
        networked.service.refuses("POST", f"{PRIVATE}/{ID}/subnet", 400, "[network] must be between a /8 and a /29")
        refused = networked.run("network", "subnet", "create", "back", "10.7.0.0/32")
        assert (refused.code, "a /29" in refused.err) == (1, True)

    def test_which_region(self, desk: Desk) -> None:
        places = [{"region": each, "status": "ACTIVE", "openstackId": each} for each in ("LOCAL1", "LOCAL2")]
        desk.service.says("GET", PRIVATE, [_network(regions=places)])
        refused = desk.run("network", "subnet", "create", "back", "10.7.0.0/24")
        assert (refused.code, "LOCAL1, LOCAL2" in refused.err) == (2, True)

    def test_delete_by_its_range(self, networked: Desk) -> None:
        networked.service.says("DELETE", f"{PRIVATE}/{ID}/subnet/{SUBNET}", None)
        assert networked.run("network", "subnet", "delete", "back", "10.7.0.0/24", "--yes").code == 0
        assert networked.run("network", "subnet", "delete", "back", "10.9.0.0/24", "--yes").code == 3


class TestGateway:
    def test_list_names_those_of_the_network(self, networked: Desk) -> None:
        assert networked.run("network", "gateway", "list", "back", "-o", "name").out == f"{GATEWAY}\n"

    def test_create(self, networked: Desk) -> None:
        networked.service.says("POST", GATEWAYS, {"id": "op", "status": "in-progress"})
        assert networked.run("network", "gateway", "create", "back", SUBNET, "--model", "l").code == 0
        assert networked.service.sent("POST", GATEWAYS) == {"name": "gateway", "model": "l"}

    def test_create_waits_for_the_operation(self, networked: Desk) -> None:
        networked.service.says("POST", GATEWAYS, {"id": "op", "status": "in-progress"})
        networked.service.says("GET", OPERATION, {"id": "op", "status": "in-progress"}, {"status": "completed"})
        made = networked.run("network", "gateway", "create", "back", "10.7.0.0/24", "--name", "out", "--wait")
        assert (made.code, "out of 10.7.0.0/24 is active" in made.err) == (0, True)
        assert len(networked.service.asked("GET", OPERATION)) == 2

    def test_delete(self, networked: Desk) -> None:
        networked.service.says("DELETE", f"{REGION}/gateway/{GATEWAY}", {"id": "op", "status": "in-progress"})
        networked.service.says("GET", OPERATION, {"status": "completed"})
        assert networked.run("network", "gateway", "delete", "back", "out").code == 2
        assert "is deleted" in networked.run("network", "gateway", "delete", "back", "out", "--yes", "--wait").err


class TestCluster:
    @pytest.fixture
    def ordering(self, networked: Desk) -> Desk:
        networked.service.says("POST", KUBE, fakes.cluster(status="INSTALLING"))
        return networked

    def test_on_a_network(self, ordering: Desk) -> None:
        chosen = ("--network", "back", "--subnet", "10.7.0.0/24", "--private-routing")
        assert ordering.run("cluster", "create", "--region", "LOCAL1", *chosen).code == 0
        assert ordering.service.sent("POST", KUBE) == {
            "region": "LOCAL1",
            "privateNetworkId": OPENSTACK,
            "nodesSubnetId": SUBNET,
            "privateNetworkConfiguration": {"privateNetworkRoutingAsDefault": True, "defaultVrackGateway": ""},
        }

    def test_the_service_chooses_the_subnet(self, ordering: Desk) -> None:
        assert ordering.run("cluster", "create", "--region", "LOCAL1", "--network", ID).code == 0
        assert ordering.service.sent("POST", KUBE) == {"region": "LOCAL1", "privateNetworkId": OPENSTACK}

    def test_another_gateway(self, ordering: Desk) -> None:
        chosen = ("--network", "back", "--default-gateway", "10.7.0.1")
        assert ordering.run("cluster", "create", "--region", "LOCAL1", *chosen).code == 0
        assert ordering.service.sent("POST", KUBE)["privateNetworkConfiguration"] == {
            "privateNetworkRoutingAsDefault": False,
            "defaultVrackGateway": "10.7.0.1",
        }

    def test_not_in_this_region(self, ordering: Desk) -> None:
        refused = ordering.run("cluster", "create", "--region", "LOCAL2", "--network", "back")
        assert (refused.code, "It is in: LOCAL1" in refused.err) == (2, True)
        assert not ordering.service.asked("POST", KUBE)

    @pytest.mark.parametrize("alone", [("--subnet", "x"), ("--private-routing",), ("--default-gateway", "10.7.0.1")])
    def test_without_a_network(self, ordering: Desk, alone: tuple[str, ...]) -> None:
        refused = ordering.run("cluster", "create", "--region", "LOCAL1", *alone)
        assert (refused.code, "--network" in refused.err) == (2, True)
        assert not ordering.service.asked("POST", KUBE)
