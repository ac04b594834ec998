"""Addresses: pure arithmetic from allotted numbers to ranges.

Every cluster has one number (its slot) and every node one number within its cluster; both are allotted
in the database. This module turns them into addresses, so no address is ever guessed or looked for.

From steward's own range (a /12): the first /16 holds one /30 link per cluster, its last address serves
the registry; the rest holds one /23 of node addresses per cluster.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from steward.domain import errors

DEFAULT_PODS = IPv4Network("10.2.0.0/16")  # fixed on OVHcloud's free plan
DEFAULT_SERVICES = IPv4Network("10.3.0.0/16")
STANDARD_PODS = IPv4Network("10.240.0.0/13")
API_PORT = 6443
REGISTRY_PORT = 5000

_NODES_PREFIX = 23
_FIRST_NODE = 10  # below: the bridge and room for what a cluster's network may need
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
MOST_CLUSTERS = 15 * 128
Address = IPv4Address
MOST_NODES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Where machines beyond this one reach API servers: each at a port of its own, by the cluster's slot."""

    host: str  # what clients are told: a name or an address
    address: IPv4Address  # of this machine, where their packets arrive
    first_port: int

    def port(self, slot: int) -> int:
        return self.first_port + slot


@dataclass(frozen=True, slots=True)
class Plan:
    """steward's own range, and what is cut from it."""

    range: IPv4Network
    entrance: Entrance | None = None  # None: API servers are reached from this machine alone

    @property
    def links(self) -> IPv4Network:
        return next(self.range.subnets(new_prefix=16))

    @property
    def registry(self) -> IPv4Address:
        return self.links.broadcast_address - 1

    @property
    def caller(self) -> IPv4Address:
        """Where steward's own calls to API servers come from: restrictions by source address let it in."""
        return self.registry

    def cluster(self, slot: int) -> "ClusterNetwork":
        link = IPv4Network((int(self.links.network_address) + 4 * slot, 30))
        first = int(self.range.network_address) + 2**16
        nodes = IPv4Network((first + slot * 2 ** (32 - _NODES_PREFIX), _NODES_PREFIX))
        return ClusterNetwork(slot=slot, link=link, nodes=nodes, own=self.range, entrance=self.entrance)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNetwork:
    slot: int
    link: IPv4Network
    nodes: IPv4Network
    own: IPv4Network  # steward's whole range: what is reached by the cluster's network, whatever the default route is
    entrance: Entrance | None = None

    @property
    def host_address(self) -> IPv4Address:
        """The host's end of the cluster's one link."""
        return self.link.network_address + 1

    @property
    def api_address(self) -> IPv4Address:
        """The cluster's end: where its API server answers from outside."""
        return self.link.network_address + 2

    @property
    def served_host(self) -> str:
        """What customers reach the API server by; a name in its certificate."""
        return str(self.api_address) if self.entrance is None else self.entrance.host

    @property
    def served_at(self) -> str:
        """The same with its port, as in `203.0.113.7:20003`."""
        return f"{self.served_host}:{API_PORT if self.entrance is None else self.entrance.port(self.slot)}"

    @property
    def gateway(self) -> IPv4Address:
        """The bridge of the nodes: their default route, and their way to the API server."""
        return self.nodes.network_address + 1

    def node_address(self, number: int) -> IPv4Address:
        return self.nodes.network_address + _FIRST_NODE + number


def number_of(address: IPv4Address) -> int:
    """Of the node with this address, whichever cluster's it is; below zero for addresses that nodes do not have."""
    return (int(address) & ((1 << (32 - _NODES_PREFIX)) - 1)) - _FIRST_NODE


def node_pods(pods: IPv4Network, number: int) -> IPv4Network:
    """The /24 of the pod range that the node with this number has."""
    return IPv4Network((int(pods.network_address) + number * 256, 24))


def most_nodes(pods: IPv4Network) -> int:
    return min(MOST_NODES, 1 << (24 - pods.prefixlen))


def service_address(services: IPv4Network, position: int) -> IPv4Address:
    """`1` is the API server's, `10` the DNS's, as everywhere."""
    return services.network_address + position


def checked_range(text: str, what: str) -> IPv4Network:
    """A customer's own pod or service range: private, at least /16, host bits zero."""
    try:
        network = IPv4Network(text)
    except ValueError as reason:
        raise errors.BadInput(f"[{what}] Given data ({text}) is not valid for type ipv4Block: {reason}") from None
    if network.prefixlen > 16 or not any(network.subnet_of(private) for private in _PRIVATE):
        raise errors.BadInput(f"[{what}] {network} must be a private IPv4 range of at least /16")
    return network


def check_apart(pods: IPv4Network, services: IPv4Network) -> None:
    if pods.overlaps(services):
        raise errors.BadInput(f"[ipAllocationPolicy] pods ({pods}) and services ({services}) overlap")
