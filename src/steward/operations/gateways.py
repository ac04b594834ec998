"""Gateways of subnets: routers to the outside, made and taken away by the reconciler of their network."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from steward.domain import actors, clusters, errors, private_networks, projects
from steward.domain import cloud_operations as domain
from steward.domain.private_networks import Gateway, GatewayModel, PrivateNetwork, Subnet
from steward.operations import access, cloud_operations, network_records
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOrder:
    region: str
    openstack_id: str  # of the network
    subnet_id: str
    name: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayChange:
    """None: as it is."""

    name: str | None = None
    model: str | None = None


View = tuple[Gateway, PrivateNetwork, Subnet]


async def all_of_region(
    context: context_.Context, actor: actors.Actor, *, project_id: str, region: str, subnet_id: str | None = None
) -> Sequence[View]:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        views = [
            await _view(work, network, gateway)
            for network in await work.private_networks.of(project.id)
            for gateway in await work.gateways.of(network.id)
        ]
    return [view for view in views if view[0].region == region and subnet_id in (None, view[0].subnet_id)]


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str, region: str, gateway_id: str) -> View:
    async with context.records.read() as work:
        return await _found(work, await access.project(work, actor, project_id), region, gateway_id)


async def _view(work: records.Work, network: PrivateNetwork, gateway: Gateway) -> View:
    subnet = await work.subnets.get(gateway.subnet_id)
    assert subnet is not None, "a subnet that has a gateway is not deleted"
    return gateway, network, subnet


async def _found(work: records.Work, project: projects.Project, region: str, gateway_id: str) -> View:
    gateway = await work.gateways.get(gateway_id) if access.is_uuid(gateway_id) else None
    if gateway is None or (gateway.project_id, gateway.region) != (project.id, region):
        raise errors.NotFound(f"Gateway {gateway_id[:64]!r} does not exist in this region", name="NotFoundError")
    network = await work.private_networks.get(gateway.network_id)
    assert network is not None, "a network that has a gateway is not deleted"
    return await _view(work, network, gateway)


@operation("gateway.create")
async def create(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    order: GatewayOrder,
) -> domain.CloudOperation:
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        network = await network_records.by_openstack_id(work, project, order.region, order.openstack_id)
        network_records.check_stays(network)
        subnet = await network_records.found_subnet(work, network, order.subnet_id)
        if subnet.region != order.region:
            raise errors.NotFound(f"Subnet {subnet.id} is in region {subnet.region}", name="NotFoundError")
        if subnet.gateway_ip is None:
            raise errors.BadInput(
                f"Subnet {subnet.cidr} has no address for a gateway: it was made with noGateway. Edit it, or make "
                "another one",
                name="InvalidDataError",
            )
        await network_records.check_no_gateway(work, subnet)
        gateway_id = private_networks.GatewayId(str(uuid.uuid4()))
        made = Gateway(
            id=gateway_id,
            project_id=project.id,
            network_id=network.id,
            subnet_id=subnet.id,
            region=order.region,
            name=private_networks.checked_name(order.name),
            model=_model(order.model),
            number=await network_records.number_of(
                work, network_records.GATEWAYS, gateway_id, below=private_networks.MOST_GATEWAYS
            ),
            created_at=now,
        )
        await work.gateways.put(made)
        begun = domain.CloudOperation(
            project_id=project.id,
            action="gateway#create",
            resource_id=made.id,
            region=made.region,
            created_at=now,
        )
        await cloud_operations.begin(work, begun)
        deed = network_records.Deed(
            operation="gateway.create",
            type="gateway:ordered",
            message=f"Gateway {made.name} was ordered for subnet {subnet.cidr} of private network {network.name}",
            subject=("gateway", made.id),
            facts={"subnet": subnet.id, "address": str(subnet.gateway_ip), "model": made.model.value},
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
    context.wake(f"private-network:{network.id}")
    return begun


def _model(text: str) -> GatewayModel:
    try:
        return GatewayModel(text)
    except ValueError:
        known = ", ".join(each.value for each in GatewayModel)
        raise errors.BadInput(
            f"Body parameter model isn't formated correctly: {text[:64]!r} is not one of {known}"
        ) from None


@operation("gateway.edit")
async def edit(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    region: str,
    gateway_id: str,
    change: GatewayChange,
) -> View:
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        gateway, network, subnet = await _found(work, project, region, gateway_id)
        _check_stays(gateway)
        changed = replace(
            gateway,
            name=gateway.name if change.name is None else private_networks.checked_name(change.name),
            model=gateway.model if change.model is None else _model(change.model),
        )
        if changed == gateway:
            return gateway, network, subnet
        await work.gateways.put(changed)
        deed = network_records.Deed(
            operation="gateway.edit",
            type="gateway:edited",
            message=f"Gateway {gateway.name} of private network {network.name} was edited",
            subject=("gateway", gateway.id),
            facts={"name": changed.name, "model": changed.model.value},
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
    return changed, network, subnet


def _check_stays(gateway: Gateway) -> None:
    if gateway.delete_asked_at is not None:
        raise errors.Conflict(f"Gateway {gateway.name} is being deleted", name="ConflictError")


@operation("gateway.delete")
async def delete(
    context: context_.Context, actor: actors.Actor, *, project_id: str, region: str, gateway_id: str
) -> domain.CloudOperation:
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        gateway, network, subnet = await _found(work, project, region, gateway_id)
        _check_stays(gateway)
        for cluster in await network_records.clusters_on(work, network):
            if _needs(cluster, subnet):
                raise network_records.in_use(f"Gateway {gateway.name}", cluster)
        await work.gateways.put(replace(gateway, delete_asked_at=now))
        begun = domain.CloudOperation(
            project_id=project.id,
            action="gateway#delete",
            resource_id=gateway.id,
            region=gateway.region,
            created_at=now,
        )
        await cloud_operations.begin(work, begun)
        deed = network_records.Deed(
            operation="gateway.delete",
            type="gateway:delete-asked",
            message=f"The deletion of gateway {gateway.name} of private network {network.name} was asked for",
            subject=("gateway", gateway.id),
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
    context.wake(f"private-network:{network.id}")
    return begun


def _needs(cluster: clusters.Cluster, subnet: Subnet) -> bool:
    """Its nodes leave by this gateway, or its plan asks for one."""
    on = cluster.network
    if on is None or on.nodes_subnet_id != subnet.id:
        return False
    standard = cluster.plan is clusters.Plan.STANDARD
    return standard or private_networks.default_via(on, subnet) == subnet.gateway_ip
