"""What the use cases of private networks share: finding them for whoever may, what is in the way, the history.

Called by `private_networks`, `subnets`, `gateways` and `cluster_networks`; the names of the allotments are the
reconcilers' too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from steward.domain import actors, clusters, errors, events, private_networks, projects
from steward.domain.private_networks import PrivateNetwork, Subnet
from steward.operations import access, history
from steward.operations.registry import activity_of
from steward.ports import records

SEGMENTS = "private-segment"  # pools of numbers that `records.allotments` gives from
GATEWAYS = "gateway"
PLACES = "private-address:{}"  # of a subnet


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    operation: str
    type: str
    message: str
    subject: tuple[str, str]  # kind and id
    facts: Mapping[str, str] = field(default_factory=dict)


async def found(work: records.Work, project: projects.Project, network_id: str) -> PrivateNetwork:
    """By the id that customers see."""
    vlan = private_networks.vlan_of(project.id, network_id)
    network = None if vlan is None else await work.private_networks.by_key(private_networks.key(project.id, vlan))
    if network is None:
        raise errors.NotFound(f"Private network {network_id[:64]!r} does not exist", name="NotFoundError")
    return network


async def by_openstack_id(
    work: records.Work, project: projects.Project, region: str, openstack_id: str
) -> PrivateNetwork:
    for network in await work.private_networks.of(project.id):
        if network.region_of(openstack_id) == region:
            return network
    raise errors.NotFound(
        f"Network {openstack_id[:64]!r} does not exist in region {region[:64]!r}", name="NotFoundError"
    )


async def to_change(
    work: records.Work, actor: actors.Actor, project_id: str, network_id: str
) -> tuple[projects.Project, PrivateNetwork]:
    project = await access.project(work, actor, project_id)
    network = await found(work, project, network_id)
    check_stays(network)
    return project, network


def check_stays(network: PrivateNetwork) -> None:
    if network.delete_asked_at is not None:
        raise errors.Conflict(f"Private network {network.name} is being deleted", name="ConflictError")


async def found_subnet(work: records.Work, network: PrivateNetwork, subnet_id: str) -> Subnet:
    subnet = await work.subnets.get(subnet_id) if access.is_uuid(subnet_id) else None
    if subnet is None or subnet.network_id != network.id:
        raise errors.NotFound(f"Subnet {subnet_id[:64]!r} does not exist in this network", name="NotFoundError")
    return subnet


async def clusters_on(work: records.Work, network: PrivateNetwork) -> Sequence[clusters.Cluster]:
    """Also those that are being deleted or leave it by a reset: their nodes are on it until they are gone."""
    left = await _clusters_with_nodes(work, network, {each.id for each in await work.subnets.of(network.id)})
    present = await work.clusters.of_project(network.project_id)
    return [
        each
        for each in present
        if (each.network is not None and each.network.network_id == network.id) or each.id in left
    ]


async def _clusters_with_nodes(
    work: records.Work, network: PrivateNetwork, subnets: Collection[private_networks.SubnetId]
) -> set[clusters.ClusterId]:
    members = await work.nodes.of_project(network.project_id)
    return {each.cluster_id for each in members if each.subnet_id in subnets}


def in_use(what: str, cluster: clusters.Cluster) -> errors.Conflict:
    return errors.Conflict(
        f"{what} is in use by cluster {cluster.name} ({cluster.id}); a cluster leaves its network by a reset or by "
        "its deletion",
        name="ConflictError",
        details={"cluster": cluster.id},
    )


async def check_unused(work: records.Work, network: PrivateNetwork, subnet: Subnet) -> None:
    nodes_there = await _clusters_with_nodes(work, network, {subnet.id})
    for cluster in await clusters_on(work, network):
        on = cluster.network
        named = on is not None and subnet.id in (on.nodes_subnet_id, on.load_balancers_subnet_id)
        if named or cluster.id in nodes_there:
            raise in_use(f"Subnet {subnet.cidr}", cluster)


async def gateway_of(work: records.Work, subnet: Subnet) -> private_networks.Gateway | None:
    """Also one that is on its way out."""
    found_ = await work.gateways.of(subnet.network_id)
    return next((each for each in found_ if each.subnet_id == subnet.id), None)


async def check_no_gateway(work: records.Work, subnet: Subnet) -> None:
    gateway = await gateway_of(work, subnet)
    if gateway is not None:
        raise errors.Conflict(
            f"Subnet {subnet.cidr} has gateway {gateway.name} ({gateway.id}); delete that first", name="ConflictError"
        )


async def number_of(work: records.Work, pool: str, owner: str, *, below: int) -> int:
    number = await work.allotments.take(pool, owner, below=below)
    if number is None:
        raise errors.Unavailable(
            f"This host has room for {below} private networks, and all are taken. It is the provider's turn",
            name="InsufficientCapacityError",
            code="INSUFFICIENT_CAPACITY",
        )
    return number


async def drop(work: records.Work, subnet: Subnet) -> None:
    await work.subnets.remove(subnet.id)
    await work.allotments.drop_pool(PLACES.format(subnet.id))


def subject_of(network: PrivateNetwork) -> tuple[str, str]:
    return "private-network", network.id


async def write(
    work: records.Work, deed: Deed, *, at: datetime, actor: actors.Actor, project: projects.Project
) -> None:
    kind, subject_id = deed.subject
    await history.keep(
        work,
        events.Event(
            at=at,
            project_id=project.id,
            cluster_id=clusters.ClusterId(""),
            subject=kind,
            subject_id=subject_id,
            type=deed.type,
            message=deed.message,
            actor=actor.name,
            activity=activity_of(deed.operation),
            facts={**deed.facts, history.PARTY: actor.party},
        ),
    )
