"""Layer-2 segments on this machine: a namespace with a bridge each, legs of nodes on it, and routers beside it.

The bridge has no address and its namespace no link to the host, so a segment reaches nothing but who is on it. A
router is a namespace of its own with one leg on the segment and one link to the host. What a customer chooses as a
subnet is an address in those namespaces and in its nodes', never in the host's.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from ipaddress import IPv4Network

from steward.domain import networks, private_networks
from steward.ports.private_networks import LegState, Router, Segment
from steward.runtimes.processes import links, places

BRIDGE = "segment0"
LEG = links.PRIVATE_LEG
LAN, UPLINK = "lan0", links.UPLINK  # in a router's
TABLE = "steward"
_OF_ROUTER = re.compile(r"router(\d+)")
_ROUTING = ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0")
# Of the node, the segment sees the private address alone.
_PRIVATE = (f"net.ipv4.conf.{LEG}.arp_ignore=1", f"net.ipv4.conf.{LEG}.arp_announce=2")

Identity = tuple[int, int]


def router_rules() -> str:
    """What begins on the segment goes out under the router's own address; nothing begins outside."""
    return f"""
table ip {TABLE} {{
  chain through {{
    type filter hook forward priority 0; policy accept;
    iifname "{UPLINK}" ct state established,related accept
    iifname "{UPLINK}" counter drop
  }}
  chain reaching {{
    type filter hook input priority 0; policy accept;
    iifname "{UPLINK}" ct state established,related accept
    iifname "{UPLINK}" counter drop
  }}
  chain masked {{
    type nat hook postrouting priority 100; policy accept;
    oifname "{UPLINK}" masquerade
  }}
}}
"""


def node_rules(pods: IPv4Network) -> str:
    """On the segment pods are seen under their node's address, for other clusters have the same ranges; and whoever is
    there reaches the node and its NodePorts, not the cluster behind it."""
    return f"""
table ip {TABLE} {{
  chain arriving {{
    type filter hook forward priority 0; policy accept;
    iifname "{LEG}" ct state established,related accept
    iifname "{LEG}" ct status dnat accept
    iifname "{LEG}" counter drop
  }}
  chain masked {{
    type nat hook postrouting priority 100; policy accept;
    oifname "{LEG}" ip saddr {pods} masquerade
  }}
}}
"""


class Segments:
    """One at a time for each segment: its reconciler and those of its nodes may come to it together."""

    def __init__(self, spot: places.Places) -> None:
        self._spot = spot
        self._turns: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def identity(self, number: int) -> Identity | None:
        """Another once the segment was made anew, None while it is gone. No program is run."""
        try:
            status = places.namespace_path(self._spot.segment(number)).stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    async def ensure(self, wanted: Segment) -> bool:
        async with self._turns[wanted.number]:
            made = await self._ensure_bridge(wanted.number)
            for router in wanted.routers:
                made = await self._ensure_router(wanted.number, router) or made
            return made

    async def _ensure_bridge(self, number: int) -> bool:
        name = self._spot.segment(number)
        made = not places.namespace_path(name).exists()
        if made:
            await links.add_namespace(name)
        if not await links.has_link(name, BRIDGE):
            made = True
            await links.batch(name, [f"link add {BRIDGE} type bridge forward_delay 0"])
        await links.batch(name, ["link set lo up", f"link set {BRIDGE} up"])
        return made

    async def _ensure_router(self, segment: int, wanted: Router) -> bool:
        name, port = self._spot.router(wanted.number), f"router{wanted.number}"
        lan = self._spot.segment(segment)
        if places.namespace_path(name).exists() and await self._stands(lan, name, port, wanted):
            return False
        if not places.namespace_path(name).exists():
            await links.add_namespace(name)
        if not await links.has_link(lan, port):
            await links.batch(name, [f"link del {LAN}"], lenient=True)
            await links.batch(lan, [f"link add {port} type veth peer name {LAN} netns {name}"])
        await links.batch(lan, [f"link set {port} master {BRIDGE} up"])
        if not await links.has_link(None, name):
            await links.batch(name, [f"link del {UPLINK}"], lenient=True)
            await links.batch(None, [f"link add {name} type veth peer name {UPLINK} netns {name}"])
        host = wanted.link.network_address + 1
        await links.batch(None, [f"addr replace {host}/{wanted.link.prefixlen} dev {name}", f"link set {name} up"])
        await links.batch(
            name,
            [
                "link set lo up",
                f"addr flush dev {LAN}",
                f"addr replace {wanted.address}/{wanted.subnet.prefixlen} dev {LAN}",
                f"link set {LAN} up",
                f"addr replace {wanted.outside}/{wanted.link.prefixlen} dev {UPLINK}",
                f"link set {UPLINK} up",
                f"route replace default via {host}",
            ],
        )
        await links.inside(name, "sysctl", "-qw", *_ROUTING)
        await links.inside(name, "nft", "-f", "-", stdin=links.fresh(TABLE, router_rules()))
        return True

    async def _stands(self, lan: str, name: str, port: str, wanted: Router) -> bool:
        """As wanted, with its rules, which are written last."""
        if not await links.has_link(lan, port) or not await links.has_link(None, name):
            return False
        found = json.loads(await links.shown(name, "-j", "-4", "addr", "show", "dev", LAN) or "[]")
        own = {each["local"] for link in found for each in link.get("addr_info", ())}
        if own != {str(wanted.address)}:
            return False
        return f"table ip {TABLE}" in await links.inside(name, "nft", "list", "tables")

    async def routers(self, number: int) -> frozenset[int]:
        name = self._spot.segment(number)
        if not places.namespace_path(name).exists():
            return frozenset()
        found = json.loads(await links.shown(name, "-j", "link") or "[]")
        ports = [_OF_ROUTER.fullmatch(each["ifname"]) for each in found]
        numbers = [int(each[1]) for each in ports if each is not None]
        return frozenset(each for each in numbers if places.namespace_path(self._spot.router(each)).exists())

    async def remove_router(self, segment: int, number: int) -> None:
        async with self._turns[segment]:
            await self._remove_router(number)

    async def _remove_router(self, number: int) -> None:
        name = self._spot.router(number)
        # Its ends in the segment and on the host go with the namespace, but not at once; names may be taken again soon.
        await links.batch(None, [f"link del {name}"], lenient=True)
        if places.namespace_path(name).exists():
            await links.batch(name, [f"link del {LAN}"], lenient=True)
        await links.remove_namespace(name)

    async def remove(self, wanted: Segment) -> None:
        async with self._turns[wanted.number]:
            for each in {*(router.number for router in wanted.routers), *await self.routers(wanted.number)}:
                await self._remove_router(each)
            await links.remove_namespace(self._spot.segment(wanted.number))

    async def connect(
        self,
        network: networks.ClusterNetwork,
        number: int,
        pods: IPv4Network,
        leg: private_networks.Leg | None,
    ) -> Identity | None:
        """A node's leg, or none; its namespace and its public link stand already."""
        node, cluster = self._spot.node_namespace(network.slot, number), self._spot.namespace(network.slot)
        if leg is None:
            await self._disconnect(network, number, pods)
            return None
        async with self._turns[leg.segment]:
            await self._ensure_bridge(leg.segment)
            segment, port = self._spot.segment(leg.segment), f"node{network.slot}-{number}"
            if not await links.has_link(segment, port):
                await links.batch(node, [f"link del {LEG}"], lenient=True)
                await links.batch(segment, [f"link add {port} type veth peer name {LEG} netns {node}"])
            await links.batch(segment, [f"link set {port} master {BRIDGE} up"])
        await self._readdress(node, leg)
        await links.inside(node, "sysctl", "-qw", *_PRIVATE)
        await links.inside(node, "nft", "-f", "-", stdin=links.fresh(TABLE, node_rules(pods)))
        out = f"{leg.default_via} dev {LEG}" if leg.default_via else f"{network.gateway} dev eth0"
        await links.batch(
            node,
            [
                f"route replace {network.own} via {network.gateway} dev eth0",
                f"route replace {pods} via {network.gateway} dev eth0",
                f"route replace default via {out}",
            ],
        )
        await self._lead(cluster, network, number, pods, [str(leg.address)])
        return self.identity(leg.segment)

    async def _readdress(self, node: str, leg: private_networks.Leg) -> None:
        found = json.loads(await links.shown(node, "-j", "-4", "addr", "show", "dev", LEG) or "[]")
        own = {f"{each['local']}/{each['prefixlen']}" for link in found for each in link.get("addr_info", ())}
        address = f"{leg.address}/{leg.prefix}"
        lines = [f"addr del {each} dev {LEG}" for each in own - {address}]
        hardware = f"02:70:{int(leg.address) >> 24:02x}:" + ":".join(f"{each:02x}" for each in leg.address.packed[1:])
        lines += [f"link set {LEG} address {hardware} up", f"addr replace {address} dev {LEG}"]
        await links.batch(node, lines)

    async def _disconnect(self, network: networks.ClusterNetwork, number: int, pods: IPv4Network) -> None:
        node, cluster = self._spot.node_namespace(network.slot, number), self._spot.namespace(network.slot)
        if not await links.has_link(node, LEG):
            return
        await links.batch(node, [f"link del {LEG}", f"route del {network.own}", f"route del {pods}"], lenient=True)
        await links.batch(node, [f"route replace default via {network.gateway} dev eth0"])
        await links.inside(node, "nft", "delete", "table", "ip", TABLE, lenient=True)
        await self._lead(cluster, network, number, pods, [])

    async def _lead(
        self, cluster: str, network: networks.ClusterNetwork, number: int, pods: IPv4Network, addresses: Sequence[str]
    ) -> None:
        """The control plane's way to the node's private address, which is where its kubelet is asked for."""
        public = str(network.node_address(number))
        own = {str(networks.node_pods(pods, number)), *addresses}
        routes = json.loads(await links.shown(cluster, "-j", "-4", "route") or "[]")
        stale = [each["dst"] for each in routes if each.get("gateway") == public and each["dst"] not in own]
        lines = [f"route del {each}" for each in stale]
        await links.batch(
            cluster, [*lines, *(f"route replace {each}/32 via {public} dev {links.BRIDGE}" for each in addresses)]
        )

    async def leg(self, slot: int, number: int) -> LegState | None:
        """What the node's own namespace says; None where it does not stand."""
        node = self._spot.node_namespace(slot, number)
        if not places.namespace_path(node).exists():
            return None
        if not await links.has_link(node, LEG):
            return LegState()
        shown = json.loads(await links.shown(node, "-j", "-s", "addr", "show", "dev", LEG))[0]
        routes = json.loads(await links.shown(node, "-j", "-4", "route", "show", "default") or "[]")
        addresses = [each["local"] for each in shown.get("addr_info", ()) if each["family"] == "inet"]
        counts = shown.get("stats64", {})
        return LegState(
            address=addresses[0] if addresses else "",
            default_via=next((each.get("gateway", "") for each in routes if each.get("dev") == LEG), ""),
            received=counts.get("rx", {}).get("packets", 0),
            sent=counts.get("tx", {}).get("packets", 0),
        )
