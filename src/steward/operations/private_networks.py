"""Private networks of a project: made, renamed, brought to regions, taken away. Their segments are the reconciler's.

What a cluster is on stays as it is: whoever takes a part of it away is refused with the cluster that is in the way.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from steward.domain import actors, errors, private_networks, projects
from steward.domain.private_networks import PrivateNetwork
from steward.operations import access, capabilities, network_records
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOrder:
    name: str
    regions: Sequence[str] = ()  # none: all
    vlan: int | None = None


async def all_of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str
) -> Sequence[PrivateNetwork]:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        return await work.private_networks.of(project.id)


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str, network_id: str) -> PrivateNetwork:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        return await network_records.found(work, project, network_id)


@operation("private_network.create")
async def create(
    context: context_.Context, actor: actors.Actor, *, project_id: str, order: NetworkOrder
) -> PrivateNetwork:
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        regions = [capabilities.region(each).name for each in order.regions]
        regions = list(dict.fromkeys(regions)) or [each.name for each in capabilities.regions()]
        name = private_networks.checked_name(order.name)
        present = await work.private_networks.of(project.id)
        if len(present) >= private_networks.MOST_OF_PROJECT:
            raise errors.QuotaExceeded(
                f"A project has at most {private_networks.MOST_OF_PROJECT} private networks",
                name="InsufficientNetworksQuotaError",
            )
        network_id = private_networks.NetworkId(str(uuid.uuid4()))
        made = PrivateNetwork(
            id=network_id,
            project_id=project.id,
            name=name,
            vlan=_vlan(order.vlan, present),
            number=await network_records.number_of(
                work, network_records.SEGMENTS, network_id, below=private_networks.MOST_SEGMENTS
            ),
            regions=tuple(_presence(each) for each in regions),
            created_at=now,
        )
        await join_vrack(work, project, now)
        await work.private_networks.put(made)
        said = f"Private network {name} was ordered: VLAN {made.vlan}, in {', '.join(regions)}"
        facts = {"vlan": str(made.vlan), "regions": ",".join(regions)}
        await network_records.write(
            work,
            network_records.Deed(
                operation="private_network.create",
                type="private-network:ordered",
                message=said,
                subject=network_records.subject_of(made),
                facts=facts,
            ),
            at=now,
            actor=actor,
            project=project,
        )
    context.wake(f"private-network:{made.id}")
    return made


def _vlan(asked: int | None, present: Sequence[PrivateNetwork]) -> int:
    taken = {each.vlan for each in present}
    if asked is None:
        return next(each for each in range(private_networks.HIGHEST_VLAN) if each not in taken)
    if not private_networks.UNTAGGED <= asked <= private_networks.LAST_VLAN:
        raise errors.BadInput(
            f"[vlanId] {asked} is not between {private_networks.UNTAGGED} and {private_networks.LAST_VLAN}",
            name="InvalidDataError",
        )
    if asked in taken:
        raise errors.Conflict(f"VLAN {asked} is that of another private network of this project", name="ConflictError")
    return asked


def _presence(region: str) -> private_networks.Presence:
    return private_networks.Presence(region=region, openstack_id=str(uuid.uuid4()))


async def join_vrack(work: records.Work, project: projects.Project, now: datetime) -> private_networks.Vrack:
    """The project's vRack; made with its first network where it was not before."""
    present = await work.vracks.get(project.id)
    if present is not None:
        return present
    made = private_networks.Vrack(project_id=project.id, created_at=now)
    await work.vracks.put(made)
    return made


@operation("private_network.rename")
async def rename(
    context: context_.Context, actor: actors.Actor, *, project_id: str, network_id: str, name: str
) -> None:
    now = context.clock.now()
    async with context.records.begin() as work:
        project, network = await network_records.to_change(work, actor, project_id, network_id)
        changed = replace(network, name=private_networks.checked_name(name))
        if changed == network:
            return
        await work.private_networks.put(changed)
        said = f"Private network {network.name} is called {changed.name} now"
        deed = network_records.Deed(
            operation="private_network.rename",
            type="private-network:renamed",
            message=said,
            subject=network_records.subject_of(network),
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)


@operation("private_network.add_region")
async def add_region(
    context: context_.Context, actor: actors.Actor, *, project_id: str, network_id: str, region: str
) -> PrivateNetwork:
    """A second time it changes nothing."""
    now = context.clock.now()
    async with context.records.begin() as work:
        project, network = await network_records.to_change(work, actor, project_id, network_id)
        name = capabilities.region(region).name
        if network.openstack_id(name) is not None:
            return network
        changed = replace(network, regions=(*network.regions, _presence(name)))
        await work.private_networks.put(changed)
        deed = network_records.Deed(
            operation="private_network.add_region",
            type="private-network:region-added",
            message=f"Private network {network.name} is in {name} as well",
            subject=network_records.subject_of(network),
            facts={"region": name},
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
    return changed


@operation("private_network.remove_region")
async def remove_region(
    context: context_.Context, actor: actors.Actor, *, project_id: str, region: str, openstack_id: str
) -> None:
    """With the subnets that it has there."""
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        network = await network_records.by_openstack_id(work, project, region, openstack_id)
        network_records.check_stays(network)
        for cluster in await network_records.clusters_on(work, network):
            if cluster.region == region:
                raise network_records.in_use(f"Private network {network.name}", cluster)
        for subnet in await work.subnets.of(network.id):
            if subnet.region == region:
                await network_records.check_no_gateway(work, subnet)
                await network_records.drop(work, subnet)
        left = tuple(each for each in network.regions if each.region != region)
        await work.private_networks.put(replace(network, regions=left))
        deed = network_records.Deed(
            operation="private_network.remove_region",
            type="private-network:region-removed",
            message=f"Private network {network.name} is no longer in {region}",
            subject=network_records.subject_of(network),
            facts={"region": region},
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)


@operation("private_network.delete")
async def delete(context: context_.Context, actor: actors.Actor, *, project_id: str, network_id: str) -> None:
    """Asked twice it changes nothing the second time; 404 once nothing is left of it."""
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        network = await network_records.found(work, project, network_id)
        if network.delete_asked_at is not None:
            return
        for cluster in await network_records.clusters_on(work, network):
            raise network_records.in_use(f"Private network {network.name}", cluster)
        for gateway in await work.gateways.of(network.id):
            raise errors.Conflict(
                f"Private network {network.name} has gateway {gateway.name} ({gateway.id}); delete that first",
                name="ConflictError",
            )
        await work.private_networks.put(replace(network, delete_asked_at=now))
        deed = network_records.Deed(
            operation="private_network.delete",
            type="private-network:delete-asked",
            message=f"The deletion of private network {network.name} was asked for",
            subject=network_records.subject_of(network),
        )
        await network_records.write(work, deed, at=now, actor=actor, project=project)
    context.wake(f"private-network:{network.id}")
