"""Who else uses this machine: other stewards, other users of the range of addresses, a firewall, the API's port."""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from steward.domain import networks
from steward.runtimes.processes import claims, kernel, places
from steward.runtimes.processes.findings import Finding, verdict

Route = Mapping[str, Any]


def look(spot: places.Places, plan: networks.Plan) -> Iterator[Finding]:
    yield verdict("other stewards", claims.conflict(spot, plan), well="none with these names", mend=claims.MEND)
    taken = [text for route in routes() if (text := foreign(route, spot.instance, plan))]
    yield verdict(
        f"addresses {plan.range}",
        f"this machine uses some of them already: {', '.join(taken[:3])}" if taken else "",
        well="nothing else on this machine uses them",
        mend="set STEWARD_NETWORK to a /12 (or larger) that no route of this machine lies in",
    )
    yield from entrance(plan)
    closed = [name for name, text in _forwarding() if f'"{spot.instance}-*"' not in text]
    link = f'"{spot.instance}-*"'
    yield verdict(
        "forwarding",
        f"{', '.join(closed)} drops what is forwarded: pods would not reach the outside" if closed else "",
        well="no firewall keeps pods from the outside",
        mend=" && ".join(
            f"nft insert rule {name} {direction} {link} accept"
            for name in closed
            for direction in ("iifname", "oifname")
        ),
        warning=True,
    )


def entrance(plan: networks.Plan) -> Iterator[Finding]:
    """Whether packets for API servers can arrive at all."""
    if plan.entrance is None:
        return
    listed = json.loads(kernel.output("ip", "-4", "-j", "addr") or "[]")
    own = {each["local"] for link in listed for each in link.get("addr_info", ())}
    wanted = str(plan.entrance.address)
    yield verdict(
        f"entrance {plan.entrance.host}",
        "" if wanted in own else f"{wanted} is no address of this machine, so nobody would reach a cluster by it",
        well=f"arrives at {wanted}",
        mend="set STEWARD_CLUSTER_ADDRESS to an address of this machine (`ip -4 addr` lists them)",
    )


def names(resolvers: Sequence[IPv4Address]) -> Finding:
    """Without any, the DNS of clusters does not start."""
    return verdict(
        "resolvers",
        "" if resolvers else "this machine names none that clusters reach: only loopback or IPv6 addresses, or nothing",
        well=", ".join(map(str, resolvers)),
        mend="set STEWARD_UPSTREAM_DNS to resolvers' IPv4 addresses, as a JSON list",
    )


def routes() -> list[Route]:
    found: list[Route] = json.loads(kernel.output("ip", "-4", "-j", "route", "show", "table", "all") or "[]")
    return found


def foreign(route: Route, instance: str, plan: networks.Plan) -> str:
    """The route, in words, where it is somebody else's and in steward's range; else nothing."""
    text, device = str(route.get("dst", "default")), str(route.get("dev", ""))
    if text == "default" or device.startswith(f"{instance}-"):
        return ""
    network = IPv4Network(text)
    own = (plan.range if route.get("type") == "unreachable" else IPv4Network(f"{plan.registry}/32")) == network
    # A wider route that leads to a router is left to the routes of steward's, which are narrower.
    wider = plan.range.subnet_of(network) and plan.range != network and "gateway" in route
    if own or wider or not network.overlaps(plan.range):
        return ""
    return f"{text} ({device or route.get('type', 'a route')})"


def _forwarding() -> list[tuple[str, str]]:
    """Chains that drop what they do not name, and what they name."""
    listed = json.loads(kernel.output("nft", "-j", "list", "chains") or "{}").get("nftables", [])
    chains = [each["chain"] for each in listed if "chain" in each]
    closed = [each for each in chains if each.get("hook") == "forward" and each.get("policy") == "drop"]
    names = [f"{each['family']} {each['table']} {each['name']}" for each in closed if each["family"] in ("ip", "inet")]
    return [(name, kernel.output("nft", "list", "chain", *name.split())) for name in names]


def port(listen: str) -> Finding:
    """Whether the API can listen there; who serves there, where it is another steward."""
    host, _, number = listen.rpartition(":")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), int(number)))
    except OSError as reason:
        others = [each.claim for each in claims.known() if each.runs and each.claim.listen == listen]
        who = f", by the steward (pid {others[0].pid}) that serves from {others[0].state}" if others else ""
        return Finding(
            check=f"address {listen}",
            good=False,
            message=f"cannot be used: {reason.strerror}{who}",
            mend=f"see who has it with `ss -ltnp sport = :{number}`, or set STEWARD_LISTEN to another",
        )
    return Finding(check=f"address {listen}", good=True, message="is free")
