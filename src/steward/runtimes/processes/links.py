"""The networks of clusters: a namespace each, with a bridge for its nodes and one link to the host.

Nothing that a customer can choose becomes an address of the host: the host sees the link and the range
of the nodes, both from steward's own range. Every verb may be repeated; what stands is left alone.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from steward.domain import networks
from steward.runtimes.processes import commands, places

BRIDGE = "nodes0"
UPLINK = "uplink0"
PRIVATE_LEG = "private0"  # of a node on a private network: `segments.py` says where its default route goes
_SYSCTLS = (
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
)


# What is nobody's, or somebody's own: no address of the public network.
_INNER = (
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.0.2.0/24, "
    "192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0-255.255.255.255"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Where a control plane may begin a connection to: an identity provider of the customer's, and names for it.

    Nobody knows beforehand at which hosts a provider publishes its keys; so all public ones, at these ports alone.
    """

    ports: tuple[int, ...]
    resolvers: tuple[IPv4Address, ...] = ()
    allowed: tuple[IPv4Network, ...] = ()  # beside the public ones

    @property
    def rules(self) -> str:
        way = f'oifname "{UPLINK}" tcp dport {{ {", ".join(map(str, self.ports))} }} ip daddr'
        lines = [f"{way} {each} accept" for each in self.allowed] + [f"{way} != {{ {_INNER} }} accept"]
        for each in self.resolvers:
            lines += [f'oifname "{UPLINK}" ip daddr {each} {kind} dport 53 accept' for kind in ("udp", "tcp")]
        return "\n    ".join(lines)


def cluster_rules(network: networks.ClusterNetwork, pods: IPv4Network, outlet: Outlet | None = None) -> str:
    """Inside a cluster's namespace: pods leave under the link's address, the control plane by its outlet alone."""
    return f"""
table ip steward {{
  chain leaving {{
    type filter hook output priority 0; policy accept;
    oifname "{UPLINK}" ct state established,related accept
    oifname "{UPLINK}" ip daddr {network.nodes} accept
    {outlet.rules if outlet is not None else ""}
    oifname "{UPLINK}" counter drop
  }}
  chain masked {{
    type nat hook postrouting priority 100; policy accept;
    oifname "{UPLINK}" ip saddr {pods} masquerade
  }}
}}
"""


def host_rules(instance: str, plan: networks.Plan) -> str:
    """On the host, for all clusters at once: none reaches another, none reaches the host but its registry, and
    nobody beyond the host opens a connection into one, for forwarding is on and a neighbour's route would do, but to an
    API server by an address that the operator maps to it, with its source as it came."""
    return f"""
table ip {instance} {{
  chain between {{
    type filter hook forward priority -10; policy accept;
    iifname "{instance}-*" oifname "{instance}-*" counter drop
    iifname "{instance}-*" ip daddr {{ {plan.range}, 127.0.0.0/8 }} counter drop
    oifname "{instance}-*" ct state established,related accept
    oifname "{instance}-*" ip daddr {plan.links} tcp dport {networks.API_PORT} ct status dnat accept
    oifname "{instance}-*" counter drop
  }}
  chain reaching {{
    type filter hook input priority -10; policy accept;
    iifname "{instance}-*" ct state established,related accept
    iifname "{instance}-*" ip daddr {plan.registry} tcp dport {networks.REGISTRY_PORT} accept
    iifname "{instance}-*" counter drop
  }}
  {_mapped(plan)}
  chain masked {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr {plan.range} oifname != "{instance}-*" oifname != "lo" masquerade
  }}
}}
"""


def _mapped(plan: networks.Plan) -> str:
    """From the entrance to the API server of each slot, of those as well that no cluster has: behind them is nobody."""
    if plan.entrance is None:
        return ""
    at, api = plan.entrance, networks.API_PORT
    slots = range(networks.MOST_CLUSTERS)
    ways = ", ".join(f"{at.port(slot)} : {plan.cluster(slot).api_address} . {api}" for slot in slots)
    rule = f"ip daddr {at.address} dnat ip to tcp dport map @servers"
    return f"""
  map servers {{ type inet_service : ipv4_addr . inet_service; elements = {{ {ways} }}; }}
  chain mapped {{ type nat hook prerouting priority -100; policy accept; {rule}; }}
  chain mapped_here {{ type nat hook output priority -100; policy accept; {rule}; }}
"""


async def ensure_cluster(
    spot: places.Places, network: networks.ClusterNetwork, pods: IPv4Network, outlet: Outlet | None = None
) -> None:
    name = spot.namespace(network.slot)
    if not places.namespace_path(name).exists():
        await add_namespace(name)
    if not await has_link(None, name):
        # A half-made pair of an earlier attempt may stand inside; the pair goes as a whole.
        await batch(name, [f"link del {UPLINK}"], lenient=True)
        await batch(None, [f"link add {name} type veth peer name {UPLINK} netns {name}"])
    await batch(
        None,
        [
            f"addr replace {network.host_address}/{network.link.prefixlen} dev {name}",
            f"link set {name} up",
            f"route replace {network.nodes} via {network.api_address} dev {name}",
        ],
    )
    lines = [] if await has_link(name, BRIDGE) else [f"link add {BRIDGE} type bridge forward_delay 0"]
    lines += [
        "link set lo up",
        f"addr replace {network.api_address}/{network.link.prefixlen} dev {UPLINK}",
        f"link set {UPLINK} up",
        f"route replace default via {network.host_address}",
        f"addr replace {network.gateway}/{network.nodes.prefixlen} dev {BRIDGE}",
        f"link set {BRIDGE} up",
    ]
    await batch(name, lines)
    await inside(name, "sysctl", "-qw", *_SYSCTLS)
    await rule_cluster(spot, network, pods, outlet)


async def rule_cluster(
    spot: places.Places, network: networks.ClusterNetwork, pods: IPv4Network, outlet: Outlet | None
) -> None:
    """The rules alone, in the place of those that stood; connections go on."""
    rules = fresh("steward", cluster_rules(network, pods, outlet))
    await inside(spot.namespace(network.slot), "nft", "-f", "-", stdin=rules)


Identity = tuple[int, int, str]


def identity(spot: places.Places, slot: int) -> Identity | None:
    """Of a cluster's namespace and its link on the host: another once either was made anew, None while one is gone."""
    name = spot.namespace(slot)
    try:
        status = places.namespace_path(name).stat()
        link = Path(f"/sys/class/net/{name}/ifindex").read_text()
    except OSError:
        return None
    return status.st_dev, status.st_ino, link


async def ensure_node(spot: places.Places, network: networks.ClusterNetwork, number: int, pods: IPv4Network) -> None:
    """The node's own namespace, its leg on the bridge, and the route to its pods."""
    cluster, node = spot.namespace(network.slot), spot.node_namespace(network.slot, number)
    port = f"node{number}"
    if not places.namespace_path(node).exists():
        await add_namespace(node)
    if not await has_link(cluster, port):
        await batch(node, ["link del eth0"], lenient=True)
        await batch(cluster, [f"link add {port} type veth peer name eth0 netns {node}"])
    address = network.node_address(number)
    await batch(cluster, [f"link set {port} master {BRIDGE} up"])
    await batch(
        node,
        [
            "link set lo up",
            # Fixed, so that a node that takes over an address is not sought at its predecessor's.
            f"link set eth0 address {_hardware_address(network.slot, number)} up",
            f"addr replace {address}/{network.nodes.prefixlen} dev eth0",
            *([] if await has_link(node, PRIVATE_LEG) else [f"route replace default via {network.gateway}"]),
        ],
    )
    await batch(cluster, [f"route replace {networks.node_pods(pods, number)} via {address} dev {BRIDGE}"])
    await inside(node, "sysctl", "-qw", *_SYSCTLS)


async def remove_node(spot: places.Places, slot: int, number: int) -> None:
    cluster, node = spot.namespace(slot), spot.node_namespace(slot, number)
    if places.namespace_path(cluster).exists():
        # Takes the route to the pods with it, once the address is no longer reachable; so it is named first.
        routes = json.loads(await commands.run("ip", "-n", cluster, "-j", "route", "show", "dev", BRIDGE) or "[]")
        own = [f"route del {each}" for each in routes_by(routes, number)]
        await batch(cluster, [f"link del node{number}", *own], lenient=True)
    await remove_namespace(node)


def routes_by(routes: Iterable[Mapping[str, str]], number: int) -> list[str]:
    """Destinations that `ip -j route` leads by the node with this number; of its network the size alone is known."""
    gateways = ((each["dst"], each.get("gateway")) for each in routes)
    return [to for to, by in gateways if by is not None and networks.number_of(IPv4Address(by)) == number]


async def remove_cluster(spot: places.Places, slot: int) -> None:
    name = spot.namespace(slot)
    for path in places.namespace_path(name).parent.glob(f"{name}-*"):
        await remove_namespace(path.name)
    await batch(None, [f"link del {name}"], lenient=True)
    await remove_namespace(name)


async def ensure_host(instance: str, plan: networks.Plan) -> None:
    """The rules for all clusters, and the registry's address."""
    await commands.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    # What belongs to no cluster goes nowhere, rather than out by the default route.
    await batch(None, [f"addr replace {plan.registry}/32 dev lo", f"route replace unreachable {plan.range}"])
    await commands.run("nft", "-f", "-", stdin=fresh(instance, host_rules(instance, plan)))


async def host_stands(instance: str, plan: networks.Plan) -> bool:
    """Whether what `ensure_host` made is there: whoever loads a firewall's rules anew takes ours away with the rest."""
    tables = await commands.run("nft", "list", "tables", "ip")
    routes = await commands.run("ip", "-4", "route", "show", "type", "unreachable")
    registry = await commands.run("ip", "-4", "-o", "addr", "show", "dev", "lo", "to", f"{plan.registry}/32")
    return f"table ip {instance}" in tables.splitlines() and f"unreachable {plan.range}" in routes and bool(registry)


async def remove_networks(instance: str) -> None:
    """Segments and routers of private networks, which stand without any cluster."""
    for path in places.namespace_path(f"{instance}-").parent.glob(f"{instance}-[pr]*"):
        if re.fullmatch(rf"{instance}-[pr]\d+", path.name):
            await batch(None, [f"link del {path.name}"], lenient=True)
            await remove_namespace(path.name)


async def remove_host(instance: str, plan: networks.Plan) -> None:
    lines = [f"addr del {plan.registry}/32 dev lo", f"route del unreachable {plan.range}"]
    await batch(None, lines, lenient=True)
    await commands.run("nft", "delete", "table", "ip", instance, accept=(0, 1))


def fresh(table: str, rules: str) -> str:
    """Replaces the table in one transaction, whether it stood or not."""
    return f"table ip {table} {{}}\ndelete table ip {table}\n{rules}"


def _hardware_address(slot: int, number: int) -> str:
    return f"02:73:{slot >> 8:02x}:{slot & 255:02x}:{number >> 8:02x}:{number & 255:02x}"


async def add_namespace(name: str) -> None:
    await commands.run("ip", "netns", "add", name)


async def remove_namespace(name: str) -> None:
    if places.namespace_path(name).exists():
        await commands.run("ip", "netns", "del", name)


async def has_link(namespace: str | None, link: str) -> bool:
    where = ("-n", namespace) if namespace else ()
    try:
        await commands.run("ip", *where, "link", "show", "dev", link)
    except commands.Failed:
        return False
    return True


async def batch(namespace: str | None, lines: list[str], *, lenient: bool = False) -> None:
    where = ("-n", namespace) if namespace else ()
    force = ("-force",) if lenient else ()
    accept = (0, 1, 2) if lenient else (0,)
    await commands.run("ip", *where, *force, "-batch", "-", stdin="\n".join(lines) + "\n", accept=accept)


async def shown(namespace: str, *what: str) -> str:
    """What `ip` says in there."""
    return await commands.run("ip", "-n", namespace, *what)


async def inside(namespace: str, *command: str, stdin: str = "", lenient: bool = False) -> str:
    # Not `ip netns exec`: that mounts a fresh /sys.
    net = f"--net={places.namespace_path(namespace)}"
    return await commands.run("nsenter", net, "--", *command, stdin=stdin, accept=(0, 1) if lenient else (0,))
