"""Private networks on the wire: networks, subnets, gateways, and what a cluster says of its own."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from steward.domain import clusters
from tests.api import serving

SUBNET = {
    "dhcp": True, "network": "192.168.40.0/24", "start": "192.168.40.10", "end": "192.168.40.200",
    "noGateway": False, "region": "LOCAL1",
}  # fmt: skip


class Nets:
    """A customer's way through the network routes."""

    def __init__(self, service: serving.Service) -> None:
        self.service = service
        self.project = f"/cloud/project/{service.project}"

    async def call(self, method: str, path: str, body: Any = None) -> serving.Answer:
        await self.service.clock.sleep(1)
        return await self.service.call(method, self.project + path, body)

    async def good(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.call(method, path, body)
        assert answer.status == 200, answer.text
        return answer.body

    async def network(self, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.good("POST", "/network/private", {"name": "backbone", **fields})
        return made

    async def subnet(self, of: dict[str, Any], **fields: Any) -> dict[str, Any]:
        path = f"/network/private/{of['id']}/subnet"
        made: dict[str, Any] = await self.good("POST", path, {**SUBNET, **fields})
        return made

    async def gateway(self, network: dict[str, Any], subnet: dict[str, Any]) -> dict[str, Any]:
        path = f"/region/LOCAL1/network/{openstack_id(network)}/subnet/{subnet['id']}/gateway"
        begun: dict[str, Any] = await self.good("POST", path, {"name": "way-out", "model": "s"})
        return begun

    async def refused(self, method: str, path: str, body: Any, status: int, said: str) -> None:
        answer = await self.call(method, path, body)
        assert (answer.status, said in answer.body["message"]) == (status, True), answer.text


def openstack_id(network: dict[str, Any], region: str = "LOCAL1") -> str:
    return next(each["openstackId"] for each in network["regions"] if each["region"] == region)


def test_a_network_its_subnet_and_its_gateway(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        assert await nets.good("GET", "/network/private") == []
        made = await nets.network(regions=["LOCAL1"], vlanId=1811)
        assert made["id"].startswith("pn-")
        assert made["id"].endswith("_1811")
        assert (made["name"], made["type"], made["vlanId"], made["status"]) == ("backbone", "private", 1811, "BUILDING")
        (presence,) = made["regions"]
        assert (presence["region"], presence["status"]) == ("LOCAL1", "BUILDING")
        assert str(uuid.UUID(presence["openstackId"])) == presence["openstackId"]
        assert service.woken[-1].startswith("private-network:")
        one = f"/network/private/{made['id']}"
        assert await nets.good("GET", one) == made
        assert await nets.good("GET", "/network/private") == [made]
        assert await nets.good("PUT", one, {"name": "spine"}) is None
        assert (await nets.good("GET", one))["name"] == "spine"
        more = await nets.good("POST", f"{one}/region", {"region": "LOCAL-3AZ"})
        assert [each["region"] for each in more["regions"]] == ["LOCAL1", "LOCAL-3AZ"]

        subnet = await nets.subnet(made)
        assert subnet == {
            "id": subnet["id"],
            "cidr": "192.168.40.0/24",
            "dhcpEnabled": True,
            "gatewayIp": "192.168.40.1",
            "ipPools": [
                {
                    "network": "192.168.40.0/24", "region": "LOCAL1", "dhcp": True,
                    "start": "192.168.40.10", "end": "192.168.40.200",
                }
            ],
        }  # fmt: skip
        assert await nets.good("GET", f"{one}/subnet") == [subnet]

        begun = await nets.gateway(made, subnet)
        assert (begun["action"], begun["status"], begun["progress"]) == ("gateway#create", "in-progress", 0)
        assert begun["subOperations"][0]["resourceId"] == begun["resourceId"]
        assert await nets.good("GET", f"/operation/{begun['id']}") == begun
        path = f"/region/LOCAL1/gateway/{begun['resourceId']}"
        gateway = await nets.good("GET", path)
        assert (gateway["name"], gateway["model"], gateway["status"]) == ("way-out", "s", "building")
        assert gateway["interfaces"] == [
            {"id": subnet["id"], "ip": "192.168.40.1", "subnetId": subnet["id"], "networkId": openstack_id(made)}
        ]
        assert gateway["externalInformation"]["ips"][0]["ip"].startswith("100.64.128.")
        assert await nets.good("GET", "/region/LOCAL1/gateway") == [gateway]
        assert await nets.good("GET", "/region/LOCAL-3AZ/gateway") == []
        await nets.good("PUT", path, {"name": "exit", "model": "m"})
        assert (await nets.good("GET", path))["name"] == "exit"
        gone = await nets.good("DELETE", path)
        assert gone["action"] == "gateway#delete"
        await nets.refused("DELETE", path, None, 409, "is being deleted")

    serving.run(tmp_path, story)


def test_vlans_are_the_networks_names(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        assert [(await nets.network())["vlanId"] for _ in range(3)] == [0, 1, 2]
        await nets.refused("POST", "/network/private", {"name": "x", "vlanId": 1}, 409, "VLAN 1 is that of another")
        await nets.refused("POST", "/network/private", {"name": "x", "vlanId": 4096}, 400, "is not between")
        await nets.refused("POST", "/network/private", {"name": "x", "vlanId": -1}, 400, "is not between")
        await nets.refused("POST", "/network/private", {"name": ""}, 400, "printable characters")
        await nets.refused("POST", "/network/private", {"name": "x", "regions": ["GRA1"]}, 400, "is not available")
        await nets.refused("POST", "/network/private", {}, 400, "name")
        # All regions where none is named.
        assert len((await nets.network())["regions"]) == 2

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"network": "nonsense"}, "not valid for type ipBlock"),
        ({"network": "192.168.40.1/24"}, "not valid for type ipBlock"),
        ({"network": "8.8.8.0/24"}, "no private IPv4 range"),
        ({"network": "100.64.0.0/24"}, "no private IPv4 range"),
        ({"network": "192.168.40.0/30"}, "must be between"),
        ({"start": "192.168.41.10"}, "no address of a host"),
        ({"end": "192.168.40.255"}, "no address of a host"),
        ({"start": "192.168.40.20", "end": "192.168.40.10"}, "lies behind"),
        ({"start": "x"}, "not valid for type ip"),
        ({"start": "192.168.40.1", "end": "192.168.40.1"}, "no address but that of the gateway"),
        ({"region": "LOCAL-3AZ"}, "is not in LOCAL-3AZ"),
        ({"region": "nowhere"}, "is not available"),
        ({"dhcp": "yes"}, "dhcp"),
    ],
)
def test_wrong_subnets_are_refused(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        network = await nets.network(regions=["LOCAL1"])
        path = f"/network/private/{network['id']}/subnet"
        await nets.refused("POST", path, {**SUBNET, **fields}, 400, said)
        assert await nets.good("GET", path) == []
        await nets.subnet(network)
        await nets.refused("POST", path, {**SUBNET, "network": "192.168.0.0/16"}, 400, "overlaps with 192.168.40.0/24")

    serving.run(tmp_path, story)


def test_a_subnet_changes_its_gateway_and_goes(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        network = await nets.network()
        subnet = await nets.subnet(network)
        path = f"/network/private/{network['id']}/subnet/{subnet['id']}"

        async def gateway_ip() -> Any:
            (found,) = await nets.good("GET", path.rpartition("/")[0])
            return found["gatewayIp"]

        await nets.good("PUT", path, {"dhcp": True, "disableGateway": True})
        assert await gateway_ip() is None
        await nets.refused(
            "POST",
            f"/region/LOCAL1/network/{openstack_id(network)}/subnet/{subnet['id']}/gateway",
            {"name": "x", "model": "s"}, 400, "has no address for a gateway",
        )  # fmt: skip
        await nets.good("PUT", path, {"dhcp": True, "disableGateway": False, "gatewayIp": "192.168.40.254"})
        assert await gateway_ip() == "192.168.40.254"
        for address, said in (("10.0.0.1", "no address of a host"), ("x", "not valid for type ip")):
            body = {"dhcp": True, "disableGateway": False, "gatewayIp": address}
            await nets.refused("PUT", path, body, 400, said)
        await nets.gateway(network, subnet)
        await nets.refused("PUT", path, {"dhcp": True, "disableGateway": True}, 409, "delete that first")
        await nets.refused("DELETE", path, None, 409, "delete that first")
        await nets.refused("DELETE", f"/network/private/{network['id']}", None, 409, "delete that first")
        other = await nets.subnet(network, network="10.9.0.0/24", start="10.9.0.2", end="10.9.0.9")
        await nets.good("DELETE", f"{path.rpartition('/')[0]}/{other['id']}")
        await nets.refused("DELETE", f"{path.rpartition('/')[0]}/{other['id']}", None, 404, "does not exist")

    serving.run(tmp_path, story)


def test_what_is_anothers_does_not_exist(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        network = await nets.network()
        subnet = await nets.subnet(network)
        begun = await nets.gateway(network, subnet)
        project, keys = await service.customer_of("zz9-local")
        for path in (
            f"/network/private/{network['id']}",
            f"/network/private/{network['id']}/subnet",
            f"/region/LOCAL1/gateway/{begun['resourceId']}",
            f"/operation/{begun['id']}",
            "/vrack",
        ):
            own = await service.call("GET", f"/cloud/project/{project}{path}", keys=keys)
            assert own.status == 404, path
            foreign = await service.call("GET", f"{nets.project}{path}", keys=keys)
            assert (foreign.status, foreign.body["message"]) == (404, "This service does not exist")
        for path in ("/network/private/pn-1_1", "/network/private/x", "/operation/x", "/region/LOCAL1/gateway/x"):
            await nets.refused("GET", path, None, 404, "does not exist")

    serving.run(tmp_path, story)


def test_the_vrack(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        await nets.refused("GET", "/vrack", None, 404, "in no vRack")
        begun = await nets.good("POST", "/vrack")
        assert (begun["status"], begun["action"]) == ("completed", "vrack#create")
        vrack = await nets.good("GET", "/vrack")
        assert vrack["id"] == begun["resourceId"]
        assert (await nets.network())["id"].startswith(vrack["id"] + "_")
        await nets.refused("POST", "/vrack", None, 409, "in a vRack already")

    serving.run(tmp_path, story)


def test_a_cluster_on_a_private_network(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        network = await nets.network()
        subnet = await nets.subnet(network)
        balancers = await nets.subnet(network, network="10.9.0.0/24", start="10.9.0.2", end="10.9.0.9")
        made = await service.ready(
            privateNetworkId=openstack_id(network),
            nodesSubnetId=subnet["id"],
            loadBalancersSubnetId=balancers["id"],
            privateNetworkConfiguration={"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": False},
        )
        assert made["privateNetworkId"] == openstack_id(network)
        assert (made["nodesSubnetId"], made["loadBalancersSubnetId"]) == (subnet["id"], balancers["id"])
        assert made["privateNetworkConfiguration"] == {
            "defaultVrackGateway": "", "privateNetworkRoutingAsDefault": False,
        }  # fmt: skip
        kube = f"/kube/{made['id']}"
        assert await nets.good("GET", f"{kube}/privateNetworkConfiguration") == made["privateNetworkConfiguration"]
        # Whatever the cluster stands on is kept from going.
        one = f"/network/private/{network['id']}"
        for path in (one, f"{one}/subnet/{subnet['id']}", f"{one}/subnet/{balancers['id']}"):
            await nets.refused("DELETE", path, None, 409, f"is in use by cluster {made['name']}")
        await nets.refused("DELETE", f"/region/LOCAL1/network/{openstack_id(network)}", None, 409, "is in use by")
        await nets.refused(
            "PUT", f"{one}/subnet/{subnet['id']}", {"dhcp": False, "disableGateway": True}, 409, "in use"
        )
        # Another region of the same network is nobody's.
        await nets.good("DELETE", f"/region/LOCAL-3AZ/network/{openstack_id(network, 'LOCAL-3AZ')}")

    serving.run(tmp_path, story)


def test_the_routing_and_the_load_balancers_subnet_change(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        network = await nets.network()
        subnet = await nets.subnet(network)
        made = await service.ready(privateNetworkId=openstack_id(network))
        assert made["nodesSubnetId"] == subnet["id"]  # the first, where none was named
        kube = f"/kube/{made['id']}"
        default = {"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": True}
        path = f"{kube}/privateNetworkConfiguration"
        await nets.refused("PUT", path, default, 400, "has no gateway")
        inside = {**default, "defaultVrackGateway": "192.168.40.20"}
        await nets.refused("PUT", path, inside, 400, "lies in the range that nodes get their addresses from")
        await nets.refused("PUT", path, {**default, "defaultVrackGateway": "10.0.0.1"}, 400, "no address of a host")
        await nets.refused("PUT", path, {**default, "defaultVrackGateway": "x"}, 400, "not valid for type ip")
        gateway = await nets.gateway(network, subnet)
        answer = await nets.good("PUT", path, default)
        assert list(answer) == ["message"]
        found = await nets.good("GET", kube)
        assert (found["status"], found["privateNetworkConfiguration"]) == ("REDEPLOYING", default)
        assert service.woken[-1] == f"cluster:{made['id']}"
        await nets.refused("PUT", path, default, 409, "REDEPLOYING")
        await nets.refused("DELETE", f"/region/LOCAL1/gateway/{gateway['resourceId']}", None, 409, "is in use by")

        await _settle(service, made["id"])
        balancers = f"{kube}/updateLoadBalancersSubnetId"
        await nets.refused(
            "PUT", balancers, {"loadBalancersSubnetId": ""}, 400, "Given data () is not valid for type uuid"
        )
        unknown = {"loadBalancersSubnetId": str(uuid.uuid4())}
        await nets.refused("PUT", balancers, unknown, 400, "is no subnet of private network backbone")
        assert await nets.good("PUT", balancers, {"loadBalancersSubnetId": subnet["id"]}) is None
        found = await nets.good("GET", kube)
        assert (found["status"], found["loadBalancersSubnetId"]) == ("REDEPLOYING", subnet["id"])
        await _settle(service, made["id"])
        await nets.good("PUT", balancers, {"loadBalancersSubnetId": None})
        assert (await nets.good("GET", kube))["loadBalancersSubnetId"] is None

    serving.run(tmp_path, story)


async def _settle(service: serving.Service, cluster_id: str) -> None:
    """As its reconciler leaves it."""
    async with service.records.begin() as work:
        cluster = await work.clusters.get(clusters.ClusterId(cluster_id))
        assert cluster is not None
        await work.clusters.save(serving.dataclasses.replace(cluster, conditions=serving.good()))


def test_a_public_cluster_has_no_private_routing(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        made = await service.ready()
        assert made["privateNetworkConfiguration"] is None
        kube = f"/kube/{made['id']}"
        none = {"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": False}
        assert await nets.good("GET", f"{kube}/privateNetworkConfiguration") == none
        await nets.refused("PUT", f"{kube}/privateNetworkConfiguration", none, 400, "is on the public network")
        body = {"loadBalancersSubnetId": str(uuid.uuid4())}
        await nets.refused("PUT", f"{kube}/updateLoadBalancersSubnetId", body, 400, "is on the public network")
        assert await nets.good("PUT", f"{kube}/updateLoadBalancersSubnetId", {"loadBalancersSubnetId": None}) is None
        assert (await nets.good("GET", kube))["status"] == "READY"

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"privateNetworkId": "pn-1_2"}, "Private network pn-1_2 is not a correct uuid"),
        ({"privateNetworkId": "unknown"}, "is not a correct uuid"),
        ({"privateNetworkId": "foreign"}, "does not exist"),
        ({"privateNetworkId": "other region"}, "is that of private network backbone in LOCAL-3AZ"),
        ({"privateNetworkId": "pods"}, "is reserved for the cluster's pods"),
        ({"privateNetworkId": "services"}, "is reserved for the cluster's services"),
        ({"privateNetworkId": "engine"}, "is reserved for the container engine"),
        ({"privateNetworkId": "no dhcp"}, "has no DHCP"),
        ({"privateNetworkId": "empty"}, "has no subnet in LOCAL1"),
        ({"privateNetworkId": "good", "nodesSubnetId": "x"}, "not valid for type uuid"),
        ({"privateNetworkId": "good", "nodesSubnetId": str(uuid.UUID(int=1))}, "is no subnet of private network"),
        ({"privateNetworkId": "good", "loadBalancersSubnetId": str(uuid.UUID(int=1))}, "only together with nodes"),
        ({"privateNetworkId": "good", "plan": "standard"}, "plan standard needs one"),
        (
            {"privateNetworkId": "good", "privateNetworkConfiguration": {"privateNetworkRoutingAsDefault": True}},
            "the default route of the nodes would lead nowhere",
        ),
        ({"nodesSubnetId": str(uuid.UUID(int=1))}, "only together with privateNetworkId"),
    ],
)  # fmt: skip
def test_wrong_choices_are_refused_before_anything_is_made(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    ranges = {
        "good": "192.168.40.0/24", "pods": "10.2.0.0/24", "services": "10.3.4.0/24",
        "engine": "172.17.9.0/24", "no dhcp": "192.168.40.0/24",
    }  # fmt: skip

    async def story(service: serving.Service) -> None:
        nets = Nets(service)
        network = await nets.network()
        kind = fields.get("privateNetworkId", "")
        if kind in ranges:
            first = ranges[kind].rpartition(".")[0]
            await nets.subnet(
                network, network=ranges[kind], start=f"{first}.10", end=f"{first}.20", dhcp=kind != "no dhcp"
            )
        named = {"foreign": str(uuid.uuid4()), "other region": openstack_id(network, "LOCAL-3AZ")}
        named |= {each: openstack_id(network) for each in (*ranges, "empty")}
        order = {**fields, "privateNetworkId": named.get(kind, kind)} if kind else fields
        await nets.refused("POST", "/kube", {"region": "LOCAL1", **order}, 400, said)
        assert await nets.good("GET", "/kube") == []

    serving.run(tmp_path, story)
