"""Who may reach a cluster's API, by source address: blocks as the customer wrote them, compared as networks.

An empty list lets everybody in. Blocks of version 6 are kept, answered and enforced like the others; the API itself is
reached by version 4.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from steward.domain import errors

Network = IPv4Network | IPv6Network

MOST = 200  # blocks of a cluster; each is compared with every packet, and read back from the kernel
LONGEST = 64  # characters that are shown of what was wrong
# ipaddress reads masks and zones as well, which are no part of OVHcloud's `ipBlock`.
_BLOCK = re.compile(r"[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?", re.ASCII)


def network(text: str, field: str = "ips") -> Network:
    """A block or a single address; host bits of a block have to be zero, for they would say two things."""
    try:
        if not _BLOCK.fullmatch(text):
            raise ValueError(text)
        return ip_network(text)
    except ValueError:
        shown = text[:LONGEST]
        raise errors.BadInput(f"[{field}] Given data ({shown}) is not valid for type ipBlock") from None


def folded(blocks: Iterable[str]) -> tuple[str, ...]:
    """In their order and as they were written; of those that mean the same network the first stays."""
    known: dict[Network, str] = {}
    for block in blocks:
        known.setdefault(network(block), block)
    if len(known) > MOST:
        raise errors.BadInput(
            f"[ips] {len(known)} blocks are more than the {MOST} that a cluster can have; join neighbouring ones",
            name="InvalidDataError",
        )
    return tuple(known.values())


def without(blocks: Sequence[str], block: str) -> tuple[str, ...] | None:
    """None where it is not among them."""
    gone = network(block, "ip")
    left = tuple(each for each in blocks if network(each) != gone)
    return None if len(left) == len(blocks) else left


def admitted(blocks: Iterable[str]) -> frozenset[Network]:
    """The same in the fewest networks: two lists that let the same sources in are equal."""
    return joined(network(each) for each in blocks)


def joined(found: Iterable[Network]) -> frozenset[Network]:
    """The fewest networks that hold the same addresses."""
    every = list(found)
    four = collapse_addresses(each for each in every if isinstance(each, IPv4Network))
    six = collapse_addresses(each for each in every if isinstance(each, IPv6Network))
    return frozenset((*four, *six))
