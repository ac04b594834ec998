"""Which addresses may be reached on a customer's behalf, so that nobody is lent our place in the network.

Asked by whatever goes to addresses that customers choose: webhooks, log streams. A name is resolved here, once; every
address that it has must be a public one, or lie in a network that the operator allows; and the connection is to go to
the address that was looked at, not to what the name says a moment later.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from steward.ports import messengers

RESOLVED_AT_ONCE = 8  # names of customers that do not answer hold up one another, and nothing else
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# What translates to IPv4 in ways of its own, and what was an inner range once; Python calls them global.
_NEVER = tuple(ipaddress.IPv6Network(each) for each in ("64:ff9b:1::/48", "fec0::/10"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Targets:
    """`allowed` are networks beside the public ones; there, and only there, it may go without TLS too."""

    def __init__(self, allowed: Sequence[Network] = (), resolve: Resolve | None = None) -> None:
        self.allowed = tuple(allowed)
        self._resolve = resolve or _resolved

    async def pinned(self, host: str, port: int, *, encrypted: bool) -> Address:
        """The address to go to; `NotSent` where there is none that may be."""
        address = literal(host)
        found = [address] if address else [ipaddress.ip_address(each) for each in await self._resolve(host, port)]
        if not found:
            raise OSError("the name has no address")
        if not all(self.may(each, encrypted=encrypted) for each in found):
            raise messengers.NotSent("The name leads to an address that this service sends nothing to")
        return found[0]

    def may(self, address: Address, *, encrypted: bool) -> bool:
        """Public, in every form in which an inner address may be wrapped; else allowed by the operator."""
        if any(address.version == each.version and address in each for each in self.allowed):
            return True
        if any(address.version == each.version and address in each for each in _NEVER):
            return False
        return encrypted and all(each.is_global and not each.is_multicast for each in _meant(address))


def literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def plain(reason: BaseException) -> str:
    """What kind of failure it was; texts of libraries may hold what was sent."""
    cause: BaseException | None = reason
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    return type(reason).__name__


def _meant(address: Address) -> list[Address]:
    """The address, and what it stands for where it is an IPv4 one in IPv6's clothes."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    wrapped: list[Address] = [
        each for each in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if each is not None
    ]
    if address in _NAT64:
        wrapped.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return wrapped if address.ipv4_mapped is not None else [address, *wrapped]


_threads = ThreadPoolExecutor(RESOLVED_AT_ONCE, thread_name_prefix="names")


async def _resolved(host: str, port: int) -> Sequence[str]:
    def look() -> list[str]:
        return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

    return await asyncio.get_running_loop().run_in_executor(_threads, look)
