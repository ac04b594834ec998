"""Private networks of a project: one layer-2 segment each, with subnets, gateways, and a presence in each region.

Only values and rules. An id that customers see is made here; numbers of segments and of gateways are allotted in the
database, as are the places of nodes in a subnet's pool.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import NewType

from steward.domain import errors, networks, projects

NetworkId = NewType("NetworkId", str)  # a UUID; what customers see is `wire_id`
SubnetId = NewType("SubnetId", str)  # a UUID
GatewayId = NewType("GatewayId", str)  # a UUID

UNTAGGED = 0  # the VLAN id that means "without a VLAN"
HIGHEST_VLAN = 4000  # of those that are given without being asked for; 4001 to 4095 can be asked for
LAST_VLAN = 4095
MOST_OF_PROJECT = 100
MOST_SUBNETS = 20
LONGEST_NAME = 255
SMALLEST, LARGEST = 29, 8  # prefix lengths of subnets
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_WIRE_ID = re.compile(r"pn-(\d{1,9})_(\d{1,4})")
_FIRST_NUMBER = 1_000_000
# The container engine's own network on nodes at OVHcloud; no subnet of nodes may touch it.
ENGINE = IPv4Network("172.17.0.0/16")


class Status(StrEnum):
    """Values of `cloud.network.StatusEnum`."""

    ACTIVE = "ACTIVE"
    BUILDING = "BUILDING"
    DELETING = "DELETING"
    ERROR = "ERROR"


class GatewayModel(StrEnum):
    S = "s"
    M = "m"
    L = "l"
    XL = "xl"
    XXL = "2xl"
    XXXL = "3xl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Of a network in a region, where clusters know it by `openstack_id`."""

    region: str
    openstack_id: str  # a UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateNetwork:
    """`number` is the segment's on this host; all regions of a network are one segment."""

    id: NetworkId
    project_id: projects.ProjectId
    name: str
    vlan: int
    number: int
    regions: tuple[Presence, ...] = ()
    built_at: datetime | None = None
    delete_asked_at: datetime | None = None
    created_at: datetime

    @property
    def status(self) -> Status:
        if self.delete_asked_at is not None:
            return Status.DELETING
        return Status.BUILDING if self.built_at is None else Status.ACTIVE

    def openstack_id(self, region: str) -> str | None:
        return next((each.openstack_id for each in self.regions if each.region == region), None)

    def region_of(self, openstack_id: str) -> str | None:
        return next((each.region for each in self.regions if each.openstack_id == openstack_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """`start` to `end` is what is given to nodes; `gateway_ip` is not, wherever it lies."""

    id: SubnetId
    network_id: NetworkId
    region: str
    cidr: IPv4Network
    start: IPv4Address
    end: IPv4Address
    dhcp: bool
    gateway_ip: IPv4Address | None = None
    created_at: datetime

    @property
    def room(self) -> int:
        """How many nodes it has addresses for."""
        return int(self.end) - int(self.start) + 1 - (1 if self._gateway_is_inside else 0)

    def address(self, place: int) -> IPv4Address:
        """Of the node with this place in the pool."""
        found = self.start + place
        if self.gateway_ip is not None and self._gateway_is_inside and found >= self.gateway_ip:
            found += 1
        return found

    def gives(self, address: IPv4Address) -> bool:
        """Whether a node may be given this address."""
        return self.start <= address <= self.end and address != self.gateway_ip

    @property
    def _gateway_is_inside(self) -> bool:
        return self.gateway_ip is not None and self.start <= self.gateway_ip <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A router between a subnet and the outside, at the subnet's gateway address. `number` is its link's here."""

    id: GatewayId
    project_id: projects.ProjectId
    network_id: NetworkId
    subnet_id: SubnetId
    region: str
    name: str
    model: GatewayModel
    number: int
    built_at: datetime | None = None
    delete_asked_at: datetime | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a cluster is on: which network, and how its nodes route. None of it changes by itself but the routing.

    `default_gateway` empty: the subnet's own, where private routing is the default.
    """

    network_id: NetworkId
    openstack_id: str
    nodes_subnet_id: SubnetId
    load_balancers_subnet_id: SubnetId | None = None
    default_gateway: str = ""
    routing_as_default: bool = False


def wire_id(network: PrivateNetwork) -> str:
    """As OVHcloud writes it: `pn-`, the number of the project's vRack, the VLAN."""
    return f"pn-{vrack_number(network.project_id)}_{network.vlan}"


def vrack_number(project_id: projects.ProjectId) -> int:
    """OVHcloud numbers vRacks; ours is made of the project's id."""
    return _FIRST_NUMBER + int(project_id[:7], 16)


def vlan_of(project_id: projects.ProjectId, text: str) -> int | None:
    """Of an id as the customer writes it; None where it cannot be one of this project."""
    found = _WIRE_ID.fullmatch(text)
    if found is None or int(found[1]) != vrack_number(project_id):
        return None
    return int(found[2])


def key(project_id: projects.ProjectId, vlan: int) -> str:
    """No two networks of a project have one VLAN."""
    return f"{project_id}/{vlan}"


def checked_name(text: str, what: str = "name") -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > LONGEST_NAME or not stripped.isprintable():
        raise errors.BadInput(f"[{what}] has from 1 to {LONGEST_NAME} printable characters", name="InvalidDataError")
    return stripped


def checked_cidr(text: str) -> IPv4Network:
    """A subnet's: private, IPv4, host bits zero."""
    try:
        found = IPv4Network(text)
    except ValueError:
        raise errors.BadInput(f"[network] Given data ({text[:64]}) is not valid for type ipBlock") from None
    if not any(found.subnet_of(private) for private in _PRIVATE):
        raise errors.BadInput(f"[network] {found} is no private IPv4 range", name="InvalidDataError")
    if not LARGEST <= found.prefixlen <= SMALLEST:
        raise errors.BadInput(
            f"[network] {found} must be between a /{LARGEST} and a /{SMALLEST}", name="InvalidDataError"
        )
    return found


def checked_address(text: str, what: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        raise errors.BadInput(f"[{what}] Given data ({text[:64]}) is not valid for type ip") from None


def check_pool(cidr: IPv4Network, start: IPv4Address, end: IPv4Address) -> None:
    for address, what in ((start, "start"), (end, "end")):
        check_host(cidr, address, what)
    if start > end:
        raise errors.BadInput(f"[start, end] {start} lies behind {end}", name="InvalidDataError")


def check_host(cidr: IPv4Network, address: IPv4Address, what: str) -> None:
    if address not in cidr or address in (cidr.network_address, cidr.broadcast_address):
        raise errors.BadInput(f"[{what}] {address} is no address of a host in {cidr}", name="InvalidDataError")


def check_apart(cidr: IPv4Network, others: list[IPv4Network], whose: str) -> None:
    for other in others:
        if cidr.overlaps(other):
            raise errors.Conflict(f"[network] {cidr} overlaps with {other}, {whose}", name="ConflictError")


def check_reserved(subnet: Subnet, pods: IPv4Network, services: IPv4Network, own: IPv4Network | None) -> None:
    """What nodes of a cluster use otherwise: a subnet there would hide it from them, or be hidden."""
    reserved = {"the cluster's pods": pods, "the cluster's services": services, "the container engine": ENGINE}
    if own is not None:
        reserved["the provider's own network"] = own
    for what, taken in reserved.items():
        if subnet.cidr.overlaps(taken):
            raise errors.BadInput(
                f"[nodesSubnetId] subnet {subnet.cidr} overlaps with {taken}, which is reserved for {what}; choose "
                "another subnet" + ("" if taken is not pods and taken is not services else " or ipAllocationPolicy"),
                name="InvalidDataError",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Of one node on a segment: all that a runtime must know to connect it."""

    segment: int
    address: IPv4Address
    prefix: int
    default_via: IPv4Address | None = None  # where the default route goes; None: by the public interface

    @property
    def subnet(self) -> IPv4Network:
        return IPv4Network((int(self.address), self.prefix), strict=False)


def default_via(membership: Membership, subnet: Subnet) -> IPv4Address | None:
    """Where nodes send what is for the outside."""
    if not membership.routing_as_default:
        return None
    return IPv4Address(membership.default_gateway) if membership.default_gateway else subnet.gateway_ip


def gateway_link(plan: networks.Plan, number: int) -> IPv4Network:
    """The /30 of a gateway's way out, from the second half of the range of links."""
    first = int(plan.links.network_address) + 2**15
    return IPv4Network((first + 4 * number, 30))


MOST_GATEWAYS = 1024
MOST_SEGMENTS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Vrack:
    """What the private networks of a project lie in."""

    project_id: projects.ProjectId
    name: str = ""
    description: str = ""
    created_at: datetime

    @property
    def id(self) -> str:
        return f"pn-{vrack_number(self.project_id)}"
