"""What network a cluster is on: chosen at its order or at a reset, checked before anything is written.

Afterwards only two things change without a reset: how nodes route (`configure`) and where load balancers are to be
(`set_load_balancers_subnet`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any

from steward.domain import actors, clusters, conditions, errors, private_networks, projects
from steward.domain.private_networks import Membership, PrivateNetwork, Subnet
from steward.operations import access, history, moments, network_records, orders, wishes
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """As the customer gave it; None and empty texts are what was left out."""

    network_id: str | None = None
    nodes_subnet_id: str | None = None
    load_balancers_subnet_id: str | None = None
    configuration: Mapping[str, Any] | None = None  # OVHcloud's tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the cluster is otherwise, as far as its network has to fit to it."""

    project_id: projects.ProjectId
    region: str
    plan: clusters.Plan
    pods: IPv4Network
    services: IPv4Network
    own: IPv4Network | None = None  # the provider's range


def choice(order: orders.ClusterOrder | orders.ResetOrder) -> Choice:
    return Choice(
        network_id=order.private_network_id,
        nodes_subnet_id=order.nodes_subnet_id,
        load_balancers_subnet_id=order.load_balancers_subnet_id,
        configuration=order.private_network,
    )


def around(cluster: clusters.Cluster, own: IPv4Network | None) -> Surroundings:
    return Surroundings(
        project_id=cluster.project_id,
        region=cluster.region,
        plan=cluster.plan,
        pods=cluster.pods,
        services=cluster.services,
        own=own,
    )


def check_form(choice: Choice) -> None:
    """What can be said without looking anything up."""
    if choice.load_balancers_subnet_id is not None:
        wishes.checked_uuid(choice.load_balancers_subnet_id, "loadBalancersSubnetId")
    if choice.network_id:
        wishes.check_network_uuid(choice.network_id)
        if choice.nodes_subnet_id:
            wishes.checked_uuid(choice.nodes_subnet_id, "nodesSubnetId")
        if choice.load_balancers_subnet_id and not choice.nodes_subnet_id:
            raise errors.BadInput(
                "[loadBalancersSubnetId] can be given only together with nodesSubnetId", name="InvalidDataError"
            )
        return
    if choice.nodes_subnet_id or choice.load_balancers_subnet_id:
        raise errors.BadInput(
            "[nodesSubnetId, loadBalancersSubnetId] subnets can be given only together with privateNetworkId",
            name="InvalidDataError",
        )
    if any((choice.configuration or {}).values()):
        raise errors.BadInput("[privateNetworkConfiguration] needs privateNetworkId", name="InvalidDataError")


async def chosen(work: records.Work, choice: Choice, around: Surroundings) -> Membership | None:
    """None is the public network. Whoever calls holds the writing transaction, so what was looked at stays."""
    check_form(choice)
    if not choice.network_id:
        return None
    network = await _network(work, choice.network_id, around)
    subnet = await _nodes_subnet(work, network, choice, around)
    private_networks.check_reserved(subnet, around.pods, around.services, around.own)
    if not subnet.dhcp:
        raise errors.BadInput(
            f"[nodesSubnetId] subnet {subnet.cidr} has no DHCP: nodes get their addresses from it",
            name="InvalidDataError",
        )
    balancers = choice.load_balancers_subnet_id
    if balancers:
        await _subnet(work, network, balancers, around.region, "loadBalancersSubnetId")
    membership = Membership(
        network_id=network.id,
        openstack_id=choice.network_id.lower(),
        nodes_subnet_id=subnet.id,
        load_balancers_subnet_id=private_networks.SubnetId(balancers.lower()) if balancers else None,
    )
    membership = _configured(membership, choice.configuration)
    await _check_way_out(work, membership, subnet, around.plan)
    return membership


async def _network(work: records.Work, openstack_id: str, around: Surroundings) -> PrivateNetwork:
    for network in await work.private_networks.of(around.project_id):
        region = network.region_of(openstack_id.lower())
        if region == around.region:
            network_records.check_stays(network)
            return network
        if region is not None:
            raise errors.BadInput(
                f"[privateNetworkId] {openstack_id} is that of private network {network.name} in {region}, and the "
                f"cluster is in {around.region}",
                name="InvalidDataError",
            )
    raise errors.BadInput(f"[privateNetworkId] private network {openstack_id} does not exist", name="InvalidDataError")


async def _nodes_subnet(work: records.Work, network: PrivateNetwork, choice: Choice, around: Surroundings) -> Subnet:
    if choice.nodes_subnet_id:
        return await _subnet(work, network, choice.nodes_subnet_id, around.region, "nodesSubnetId")
    for subnet in await work.subnets.of(network.id):
        if subnet.region == around.region:
            return subnet
    raise errors.BadInput(
        f"[privateNetworkId] private network {network.name} has no subnet in {around.region}; make one first",
        name="InvalidDataError",
    )


async def _subnet(work: records.Work, network: PrivateNetwork, subnet_id: str, region: str, field: str) -> Subnet:
    found = await work.subnets.get(subnet_id.lower())
    if found is None or found.network_id != network.id or found.region != region:
        raise errors.BadInput(
            f"[{field}] {subnet_id[:64]} is no subnet of private network {network.name} in {region}",
            name="InvalidDataError",
        )
    return found


def _configured(membership: Membership, tree: Mapping[str, Any] | None) -> Membership:
    tree = tree or {}
    return replace(
        membership,
        default_gateway=tree.get("defaultVrackGateway") or "",
        routing_as_default=bool(tree.get("privateNetworkRoutingAsDefault")),
    )


async def _check_way_out(work: records.Work, membership: Membership, subnet: Subnet, plan: clusters.Plan) -> None:
    """That what the nodes are told to route by is there."""
    if membership.default_gateway:
        address = private_networks.checked_address(
            membership.default_gateway, "privateNetworkConfiguration.defaultVrackGateway"
        )
        private_networks.check_host(subnet.cidr, address, "privateNetworkConfiguration.defaultVrackGateway")
        if subnet.gives(address):
            raise errors.BadInput(
                f"[privateNetworkConfiguration.defaultVrackGateway] {address} lies in the range that nodes get their "
                f"addresses from ({subnet.start} to {subnet.end})",
                name="InvalidDataError",
            )
    via = private_networks.default_via(membership, subnet)
    by_subnets_own = membership.routing_as_default and (via is None or via == subnet.gateway_ip)
    if plan is not clusters.Plan.STANDARD and not by_subnets_own:
        return
    gateway = await network_records.gateway_of(work, subnet)
    if gateway is None or gateway.delete_asked_at is not None:
        why = "plan standard needs one" if not by_subnets_own else "the default route of the nodes would lead nowhere"
        raise errors.BadInput(
            f"[nodesSubnetId] subnet {subnet.cidr} has no gateway: {why}. Make one with POST "
            f"/region/{subnet.region}/network/{membership.openstack_id}/subnet/{subnet.id}/gateway",
            name="InvalidDataError",
        )


def facts_of(cluster: clusters.Cluster) -> dict[str, str]:
    """For the history of an order or of a reset."""
    on = cluster.network
    if on is None:
        return {"network": PUBLIC}
    return {
        "network": on.openstack_id,
        "nodesSubnet": on.nodes_subnet_id,
        "loadBalancersSubnet": on.load_balancers_subnet_id or "",
        "defaultVrackGateway": on.default_gateway,
        "privateNetworkRoutingAsDefault": str(on.routing_as_default).lower(),
    }


async def configuration(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> clusters.Cluster:
    async with context.records.read() as work:
        return await access.cluster(work, actor, project_id, cluster_id)


@operation("cluster.private_network_configuration")
async def configure(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    tree: Mapping[str, Any],
) -> str:
    """What is being done, in a sentence."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        if cluster.network is None:
            raise errors.BadInput(
                f"Cluster {cluster.id} is on the public network: privateNetworkConfiguration needs privateNetworkId, "
                "which is chosen at the order or by a reset",
                name="InvalidDataError",
            )
        wanted = _configured(cluster.network, tree)
        subnet = await work.subnets.get(wanted.nodes_subnet_id)
        assert subnet is not None, "the subnet of a cluster's nodes is not deleted"
        await _check_way_out(work, wanted, subnet, cluster.plan)
        moments.check_stands(cluster, "its network can be changed once it is READY")
        if wanted == cluster.network:
            return "The private network configuration is as wanted already"
        said = (
            "Nodes leave by the private network" if wanted.routing_as_default else "Nodes leave by their public address"
        )
        await _change(work, actor, cluster, wanted, Change("cluster.private_network_configuration", said, now))
    context.wake(f"cluster:{cluster.id}")
    return "The private network configuration is being applied to the nodes"


@operation("cluster.load_balancers_subnet")
async def set_load_balancers_subnet(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, subnet_id: str | None
) -> None:
    now = context.clock.now()
    if subnet_id is not None:
        wishes.checked_uuid(subnet_id, "loadBalancersSubnetId")
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        on = cluster.network
        if on is None and subnet_id is not None:
            raise errors.BadInput(
                f"[loadBalancersSubnetId] cluster {cluster.id} is on the public network", name="InvalidDataError"
            )
        moments.check_stands(cluster, "its network can be changed once it is READY")
        if on is None:
            return
        network = await work.private_networks.get(on.network_id)
        assert network is not None, "a network that a cluster is on is not deleted"
        found = None
        if subnet_id is not None:
            found = await _subnet(work, network, subnet_id, cluster.region, "loadBalancersSubnetId")
        wanted = replace(on, load_balancers_subnet_id=None if found is None else found.id)
        if wanted == on:
            return
        said = f"Load balancers are to be in subnet {'of the nodes' if found is None else found.cidr}"
        await _change(work, actor, cluster, wanted, Change("cluster.load_balancers_subnet", said, now))
    context.wake(f"cluster:{cluster.id}")


@dataclass(frozen=True, slots=True)
class Change:
    operation: str
    said: str
    at: datetime


async def _change(
    work: records.Work, actor: actors.Actor, cluster: clusters.Cluster, wanted: Membership, change: Change
) -> None:
    busy = conditions.Condition(
        kind=conditions.Kind.PROGRESSING,
        holds=True,
        reason=conditions.Reason.RESTORING,
        message=change.said,
        whose_turn=errors.PROVIDER,
        activity="3.2.2-4",
        since=change.at,
    )
    changed = replace(
        cluster, network=wanted, conditions=conditions.merge(cluster.conditions, busy), updated_at=change.at
    )
    await work.clusters.save(changed)
    await history.write(
        work,
        history.Deed(
            operation=change.operation,
            type="cluster:private-network-changed",
            message=change.said,
            facts=facts_of(changed),
        ),
        at=change.at,
        actor=actor,
        cluster=changed,
    )
