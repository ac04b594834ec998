"""Whether the packet rules of a network namespace are still those of an earlier look, asked of the kernel itself.

The kernel counts how often the rules of a namespace were changed, by whomever. To ask it takes a hundred microseconds
in a thread; to list the rules takes a process.
"""

import socket
import struct
from dataclasses import dataclass

from steward.runtimes.processes import sockets

_NETLINK_NETFILTER, _SO_NETNS_COOKIE = 12, 71
_REQUEST = 1
_GET, _NEW = 10 << 8 | 16, 10 << 8 | 15  # NFT_MSG_GETGEN and NFT_MSG_NEWGEN of the subsystem nftables
_HEADER, _FAMILY, _ATTRIBUTE, _NUMBER = struct.Struct("=IHHII"), struct.Struct("=BBH"), struct.Struct("=HH"), ">I"
_ID = 1  # NFTA_GEN_ID


@dataclass(frozen=True, slots=True)
class Generation:
    """`cookie` names the namespace, and none after it; `number` is one more after each change of its rules."""

    cookie: int
    number: int


def of(namespace: str) -> Generation:
    """To be called in a thread of its own. Raises OSError where the namespace or the kernel's answer is missing."""
    with sockets.inside(namespace):
        asking = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    with asking:
        asking.settimeout(1.0)
        cookie = int.from_bytes(asking.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8), "little")
        question = _FAMILY.pack(socket.AF_UNSPEC, 0, 0)
        asking.sendto(_HEADER.pack(_HEADER.size + len(question), _GET, _REQUEST, 1, 0) + question, (0, 0))
        return Generation(cookie, _number(asking.recv(4096)))


def _number(answer: bytes) -> int:
    length, kind, *_ = _HEADER.unpack_from(answer)
    offset = _HEADER.size + _FAMILY.size
    while kind == _NEW and offset + _ATTRIBUTE.size <= min(length, len(answer)):
        size, name = _ATTRIBUTE.unpack_from(answer, offset)
        if name == _ID:
            return int(struct.unpack_from(_NUMBER, answer, offset + _ATTRIBUTE.size)[0])
        offset += max(_ATTRIBUTE.size, (size + 3) & ~3)
    raise OSError("the kernel does not say how often its packet rules were changed")
