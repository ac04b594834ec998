"""Subnets of private networks: made, edited, deleted. Those that a cluster's nodes are on stay as they are."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address

from steward.domain import actors, errors, private_networks
from steward.domain.private_networks import PrivateNetwork, Subnet
from steward.operations import access, capabilities, network_records
from steward.operations import context as context_
from steward.operations.registry import operation


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetOrder:
    region: str
    network: str
    start: str
    end: str
    dhcp: bool
    no_gateway: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetChange:
    dhcp: bool
    disable_gateway: bool
    gateway_ip: str | None = None


async def subnets(
    context: context_.Context, actor: actors.Actor, *, project_id: str, network_id: str
) -> Sequence[Subnet]:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        return await work.subnets.of((await network_records.found(work, project, network_id)).id)


@operation("subnet.create")
async def create_subnet(
    context: context_.Context, actor: actors.Actor, *, project_id: str, network_id: str, order: SubnetOrder
) -> Subnet:
    now = context.clock.now()
    async with context.records.begin() as work:
        project, network = await network_records.to_change(work, actor, project_id, network_id)
        made = _drafted(network, order, now)
        present = await work.subnets.of(network.id)
        for each in present:
            if each.cidr.overlaps(made.cidr):
                raise errors.BadInput(
                    f"[network] {made.cidr} overlaps with {each.cidr}, a subnet of the same network",
                    name="InvalidDataError",
                )
        if len(present) >= private_networks.MOST_SUBNETS:
            raise errors.QuotaExceeded(
                f"A private network has at most {private_networks.MOST_SUBNETS} subnets",
                name="InsufficientSubnetsQuotaError",
            )
        await work.subnets.put(made)
        deed = network_records.Deed(
            operation="subnet.create",
            type="subnet:created",
            message=f"Subnet {made.cidr} of private network {network.name} was made, in {made.region}",
            subject=("subnet", made.id),
            facts={"cidr": str(made.cidr), "region": made.region, "gateway": str(made.gateway_ip or "")},
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
    return made


def _drafted(network: PrivateNetwork, order: SubnetOrder, now: datetime) -> Subnet:
    region = capabilities.region(order.region).name
    if network.openstack_id(region) is None:
        raise errors.BadInput(
            f"[region] private network {network.name} is not in {region}; add the region first", name="InvalidDataError"
        )
    cidr = private_networks.checked_cidr(order.network)
    start = private_networks.checked_address(order.start, "start")
    end = private_networks.checked_address(order.end, "end")
    private_networks.check_pool(cidr, start, end)
    made = Subnet(
        id=private_networks.SubnetId(str(uuid.uuid4())),
        network_id=network.id,
        region=region,
        cidr=cidr,
        start=start,
        end=end,
        dhcp=order.dhcp,
        gateway_ip=None if order.no_gateway else cidr.network_address + 1,
        created_at=now,
    )
    if made.room < 1:
        raise errors.BadInput("[start, end] hold no address but that of the gateway", name="InvalidDataError")
    return made


@operation("subnet.edit")
async def edit_subnet(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    network_id: str,
    subnet_id: str,
    change: SubnetChange,
) -> None:
    now = context.clock.now()
    async with context.records.begin() as work:
        project, network = await network_records.to_change(work, actor, project_id, network_id)
        subnet = await network_records.found_subnet(work, network, subnet_id)
        changed = replace(subnet, dhcp=change.dhcp, gateway_ip=_gateway_ip(subnet, change))
        if changed == subnet:
            return
        await network_records.check_unused(work, network, subnet)
        if changed.gateway_ip != subnet.gateway_ip:
            await network_records.check_no_gateway(work, subnet)
        if changed.room < 1:
            raise errors.BadInput("[gatewayIp] it would take the subnet's only address", name="InvalidDataError")
        await work.subnets.put(changed)
        deed = network_records.Deed(
            operation="subnet.edit",
            type="subnet:edited",
            message=f"Subnet {subnet.cidr} of private network {network.name} was edited",
            subject=("subnet", subnet.id),
            facts={"dhcp": str(changed.dhcp).lower(), "gateway": str(changed.gateway_ip or "")},
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)


def _gateway_ip(subnet: Subnet, change: SubnetChange) -> IPv4Address | None:
    if change.disable_gateway:
        if change.gateway_ip:
            raise errors.BadInput("[gatewayIp] cannot be given together with disableGateway", name="InvalidDataError")
        return None
    if not change.gateway_ip:
        return subnet.gateway_ip or subnet.cidr.network_address + 1
    address = private_networks.checked_address(change.gateway_ip, "gatewayIp")
    private_networks.check_host(subnet.cidr, address, "gatewayIp")
    return address


@operation("subnet.delete")
async def delete_subnet(
    context: context_.Context, actor: actors.Actor, *, project_id: str, network_id: str, subnet_id: str
) -> None:
    now = context.clock.now()
    async with context.records.begin() as work:
        project, network = await network_records.to_change(work, actor, project_id, network_id)
        subnet = await network_records.found_subnet(work, network, subnet_id)
        await network_records.check_unused(work, network, subnet)
        await network_records.check_no_gateway(work, subnet)
        await network_records.drop(work, subnet)
        deed = network_records.Deed(
            operation="subnet.delete",
            type="subnet:deleted",
            message=f"Subnet {subnet.cidr} of private network {network.name} was deleted",
            subject=("subnet", subnet.id),
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
