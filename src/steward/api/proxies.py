"""Where a request comes from: the address at the other end of the connection, or what trusted proxies say of it.

`X-Forwarded-For` is whatever a client writes, until a proxy of ours has added to its end. It is read from the end, as
far as the addresses are trusted proxies; the first that is none is the client. The edge calls it for every request.
"""

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORWARDED = b"x-forwarded-for"
_MOST_HOPS = 20


def client(scope: Scope, trusted: Sequence[Network]) -> str:
    """Empty where nobody knows: over a socket without addresses, or behind a proxy that said nothing readable."""
    peer = scope.get("client")
    here = _address(peer[0]) if peer else None
    if here is None or not _is_in(here, trusted):
        return "" if here is None else str(here)
    for hop in _hops(scope):
        here = _address(hop)
        if here is None or not _is_in(here, trusted):
            break
    return "" if here is None else str(here)


def _hops(scope: Scope) -> list[str]:
    """Nearest first. A header that is there twice is one list."""
    found = [value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED]
    return [hop.strip() for hop in ",".join(found).split(",") if hop.strip()][::-1][:_MOST_HOPS]


def _address(text: str) -> Address | None:
    """Also with a port, as some proxies write it, and of IPv4 in the form that IPv6 sockets have for it."""
    host = text.partition("]")[0][1:] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in each for each in networks)
