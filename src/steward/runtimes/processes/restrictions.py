"""Who may reach an API server: a table of the kernel in the cluster's own namespace, read back from there.

It looks at what comes in over the link to the host, connections that stand included, and at nothing else: nodes, pods
and probes are inside already. steward itself calls from an address of its own (`networks.Plan.caller`), which nobody
outside the host can have. Called by `control_planes` alone.
"""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network, summarize_address_range
from typing import Any

from steward.domain import networks, restrictions
from steward.ports.control_planes import Admission
from steward.runtimes.processes import commands, generations, links, places

TABLE, CHAIN = "steward_api", "entering"
KNOCK_SECONDS = 0.7  # one packet: the next would follow after a second
_FAMILY = "inet"
_SETS = {4: ("sources4", "ipv4_addr", "ip"), 6: ("sources6", "ipv6_addr", "ip6")}

_Json = dict[str, Any]


async def ensure(
    spot: places.Places, slot: int, sources: frozenset[restrictions.Network] | None, caller: networks.Address
) -> None:
    """Replaces the whole table in one transaction; None takes it away."""
    table = _object("table", name=TABLE)
    commands_ = [{"add": table}, {"delete": table}]
    if sources is not None:
        commands_ += [{"add": each} for each in (table, *_sets(sources), _chain(), *map(_rule, _rules(caller)))]
    # As an argument: given JSON by its standard input, nft opens /dev/stdin, which a socket (uvloop's pipe) cannot be.
    await _nft(spot, slot, json.dumps({"nftables": commands_}))


async def seen(spot: places.Places, slot: int, caller: networks.Address) -> Admission:
    """As the kernel has it."""
    listed = json.loads(await _nft(spot, slot, "list", "ruleset", _FAMILY))["nftables"]
    mine = [each for each in listed if TABLE in (_named(each).get("table"), each.get("table", {}).get("name"))]
    if not mine:
        return Admission(sources=None)
    rules = [each["rule"]["expr"] for each in mine if "rule" in each]
    chains = [each["chain"] for each in mine if "chain" in each]
    wanted = _chain()["chain"]
    intact = (
        len(chains) == 1
        and all(chains[0].get(key) == value for key, value in wanted.items())
        and [_uncounted(each) for each in rules] == [_uncounted(each) for each in _rules(caller)]
    )
    elements = [element for each in mine if "set" in each for element in each["set"].get("elem", [])]
    found = [network for element in elements for network in _networks(element)]
    return Admission(sources=restrictions.joined(found), refused=_refused(rules), intact=intact)


class Admissions:
    """Looks at who is let in, again and again: where nobody is kept out, only once the kernel's rules have changed."""

    def __init__(self, spot: places.Places, caller: networks.Address) -> None:
        self._spot = spot
        self._caller = caller
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rule-generations")
        self._open: dict[int, generations.Generation] = {}

    async def seen(self, slot: int) -> Admission:
        generation = await self._generation(slot)
        if generation is not None and self._open.get(slot) == generation:
            return Admission(sources=None)
        admission = await seen(self._spot, slot, self._caller)
        if generation is not None and admission == Admission(sources=None):
            self._open[slot] = generation
        else:
            self._open.pop(slot, None)
        return admission

    async def _generation(self, slot: int) -> generations.Generation | None:
        """None where the kernel does not say; then its rules are listed."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, generations.of, self._spot.namespace(slot))
        except OSError:
            return None


async def knocked(network: networks.ClusterNetwork) -> bool:
    """Whether a connection from the host's end of the link, which is a stranger's, is let in."""
    try:
        async with asyncio.timeout(KNOCK_SECONDS):
            _, writer = await asyncio.open_connection(
                str(network.api_address), networks.API_PORT, local_addr=(str(network.host_address), 0)
            )
    except TimeoutError:
        return False
    except ConnectionRefusedError:
        return True  # it was let in; nobody listened
    except OSError:
        return False
    writer.transport.abort()
    return True


def _sets(sources: frozenset[restrictions.Network]) -> list[_Json]:
    found: list[_Json] = []
    for version, (name, type_, _) in _SETS.items():
        elements = sorted(str(each) for each in sources if each.version == version)
        blocks = [_element(ip_network(each)) for each in elements]
        made = _object("set", table=TABLE, name=name, type=type_, flags=["interval"])
        found.append({"set": {**made["set"], **({"elem": blocks} if blocks else {})}})
    return found


def _chain() -> _Json:
    return _object("chain", table=TABLE, name=CHAIN, type="filter", hook="input", prio=-5, policy="accept")


def _rules(caller: networks.Address) -> list[list[_Json]]:
    def matched(op: str, left: _Json, right: object) -> _Json:
        return {"match": {"op": op, "left": left, "right": right}}

    def field(protocol: str, name: str) -> _Json:
        return {"payload": {"protocol": protocol, "field": name}}

    accept: _Json = {"accept": None}
    own = [matched("==", field("ip", "saddr"), str(caller)), accept]
    listed = [[matched("==", field(family, "saddr"), f"@{name}"), accept] for name, _, family in _SETS.values()]
    return [
        [matched("!=", {"meta": {"key": "iifname"}}, links.UPLINK), accept],
        [matched("!=", field("tcp", "dport"), networks.API_PORT), accept],
        own,
        *listed,
        [{"counter": {"packets": 0, "bytes": 0}}, {"drop": None}],
    ]


def _rule(expression: Sequence[_Json]) -> _Json:
    return _object("rule", table=TABLE, chain=CHAIN, expr=list(expression))


def _object(kind: str, **fields: object) -> _Json:
    return {kind: {"family": _FAMILY, **fields}}


def _named(listed: _Json) -> _Json:
    """What an object says of itself, whichever kind it is of."""
    found: object = next(iter(listed.values()), {})
    return found if isinstance(found, dict) else {}


def _element(network: restrictions.Network) -> object:
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    return {"prefix": {"addr": str(network.network_address), "len": network.prefixlen}}


def _networks(element: Any) -> list[restrictions.Network]:
    """Single addresses, blocks, and ranges, which the kernel may make of neighbouring blocks."""
    if isinstance(element, str):
        return [ip_network(element)]
    if "prefix" in element:
        return [ip_network(f"{element['prefix']['addr']}/{element['prefix']['len']}")]
    first, last = (ip_address(each) for each in element["range"])
    return list(summarize_address_range(first, last))


def _uncounted(expression: Sequence[_Json]) -> list[_Json]:
    return [{"counter": None} if "counter" in each else each for each in expression]


def _refused(rules: Sequence[Sequence[_Json]]) -> int:
    counted = [each["counter"] for rule in rules for each in rule if "counter" in each]
    return sum(int(each["packets"]) for each in counted)


async def _nft(spot: places.Places, slot: int, *arguments: str) -> str:
    path = places.namespace_path(spot.namespace(slot))
    return await commands.run("nsenter", f"--net={path}", "--", "nft", "-j", *arguments)
