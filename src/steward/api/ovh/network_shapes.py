"""Answers about networks, as OVHcloud's models have them; what `shapes.py` is for clusters."""

from typing import Any

from steward.domain import cloud_operations, clusters, networks, private_networks
from steward.kit import times
from steward.operations import gateways

Shape = dict[str, Any]


def network(found: private_networks.PrivateNetwork) -> Shape:
    """`cloud.network.Network`."""
    built = found.built_at is not None
    return {
        "id": private_networks.wire_id(found),
        "name": found.name,
        "type": "private",
        "vlanId": found.vlan,
        "status": found.status.value,
        "regions": [
            {
                "region": each.region,
                "status": "ACTIVE" if built else "BUILDING",
                "openstackId": each.openstack_id,
            }
            for each in found.regions
        ],
    }


def subnet(found: private_networks.Subnet) -> Shape:
    """`cloud.network.Subnet`."""
    return {
        "id": found.id,
        "cidr": str(found.cidr),
        "dhcpEnabled": found.dhcp,
        "gatewayIp": None if found.gateway_ip is None else str(found.gateway_ip),
        "ipPools": [
            {
                "network": str(found.cidr),
                "region": found.region,
                "dhcp": found.dhcp,
                "start": str(found.start),
                "end": str(found.end),
            }
        ],
    }


def gateway(view: gateways.View, plan: networks.Plan) -> Shape:
    """`cloud.Gateway`. What it shows outside is its address in the provider's range; the host's own hides that."""
    found, network_, subnet_ = view
    openstack_id = network_.openstack_id(found.region) or ""
    outside = str(private_networks.gateway_link(plan, found.number).network_address + 2)
    return {
        "id": found.id,
        "name": found.name,
        "region": found.region,
        "model": found.model.value,
        "status": "building" if found.built_at is None else "active",
        "interfaces": [
            {"id": subnet_.id, "ip": str(subnet_.gateway_ip), "subnetId": subnet_.id, "networkId": openstack_id}
        ],
        "externalInformation": {"ips": [{"ip": outside, "subnetId": ""}], "networkId": ""},
    }


def operation(found: cloud_operations.CloudOperation) -> Shape:
    """`cloud.Operation`; clients look for the resource in the operation or in its only part."""
    alone = _operation(found)
    return {**alone, "subOperations": [{**alone, "subOperations": None}]}


def _operation(found: cloud_operations.CloudOperation) -> Shape:
    done = found.completed_at is not None
    return {
        "id": found.id,
        "action": found.action,
        "status": found.status.value,
        "progress": 100 if done else 0,
        "createdAt": times.rfc3339(found.created_at),
        "startedAt": times.rfc3339(found.created_at),
        "completedAt": None if found.completed_at is None else times.rfc3339(found.completed_at),
        "regions": [found.region] if found.region else None,
        "resourceId": found.resource_id or None,
    }


def vrack(found: private_networks.Vrack) -> Shape:
    """`cloud.Vrack`."""
    return {"id": found.id, "name": found.name or found.id, "description": found.description}


def configuration(found: clusters.Cluster) -> Shape:
    """`cloud.kube.PrivateNetworkConfiguration`; a cluster on the public network has the values of none."""
    on = found.network
    return {
        "defaultVrackGateway": "" if on is None else on.default_gateway,
        "privateNetworkRoutingAsDefault": on is not None and on.routing_as_default,
    }


def membership(found: clusters.Cluster) -> Shape:
    """What `cloud.kube.Cluster` says of the network."""
    on = found.network
    return {
        "privateNetworkId": None if on is None else on.openstack_id,
        "nodesSubnetId": None if on is None else on.nodes_subnet_id,
        "loadBalancersSubnetId": None if on is None else on.load_balancers_subnet_id,
        "privateNetworkConfiguration": None if on is None else configuration(found),
    }
