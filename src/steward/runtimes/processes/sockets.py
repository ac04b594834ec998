"""Sockets inside a cluster's network namespace, and whose turn it is where two programs listen at one address.

A socket belongs to the namespace that its thread was in when it was made. So one thread enters a namespace, makes the
socket, and leaves; everything else goes on in the event loop.

Two API servers may listen at the same address (SO_REUSEPORT). The kernel then asks a small program of ours which of
them gets a new connection: it counts them in the order in which they began to listen. All go to one of them; what
comes from `ASKING` is led to the first, and from `KNOCKING` to the second, so that it can be asked whether it serves
before anybody else reaches it. From `OWN`, or by IPv6, which a cluster's namespace has for itself alone, come an API
server's questions to itself: the second one has just begun to ask them, the first one has had its connection for long,
and neither knows the other's password.
"""

import asyncio
import contextlib
import ctypes
import errno
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from steward.runtimes.processes import places

OWN = "127.0.0.1"
ASKING, KNOCKING = "127.0.0.98", "127.0.0.99"  # loopback addresses that steward's own questions come from
_CLONE_NEWNET = 0x40000000
_PIDFD_GETFD = 438
_ATTACH_REUSEPORT_CBPF = 51
_LISTENING = "0A"
# Of the header, as programs of the kernel's packet filter count: its version, and the source that IPv4 has there.
_VERSION, _SOURCE = -0x100000 & 0xFFFFFFFF, (-0x100000 + 12) & 0xFFFFFFFF
_LOAD, _LOAD_BYTE, _SHIFT_RIGHT, _IF_EQUAL, _RETURN = 0x20, 0x30, 0x74, 0x15, 0x06
_libc = ctypes.CDLL(None, use_errno=True)


def made(namespace: str, source: str = "") -> socket.socket:
    """TCP, not connected yet; to be called in a thread of its own."""
    with inside(namespace):
        fresh = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if source:
            fresh.bind((source, 0))
        fresh.setblocking(False)
    except OSError:
        fresh.close()
        raise
    return fresh


@contextlib.asynccontextmanager
async def secured(
    connected: socket.socket, context: ssl.SSLContext, name: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """TLS over a connected socket, which has ended afterwards, whatever happens.

    The connection is ours before the handshake begins: one that asyncio secures by itself goes on without an owner
    where it is cancelled in the moment in which its handshake ends.
    """
    reader, writer = await asyncio.open_connection(sock=connected)
    transport = writer.transport
    try:
        await writer.start_tls(context, server_hostname=name)
        yield reader, writer
    finally:
        transport.abort()  # nothing is owed to the other side, and a dead one would never say goodbye


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Of the calling thread alone. One that cannot come back makes no more sockets anywhere."""
    with open("/proc/thread-self/ns/net", "rb") as home, places.namespace_path(namespace).open("rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def listens(pid: int, port: int) -> bool:
    return _listener(pid, port) is not None


def direct(pid: int, port: int, *, to: int) -> bool:
    """New connections go to the first (0) or the second (1) that listens beside this process; whether it listens.

    What is asked for does not exist while one listens alone: then that one gets them. A listener of Multipath TCP, as
    Go makes them where it is not told otherwise, takes no program; one beside it that does speaks for both.
    """
    copy = _copy(pid, _listener(pid, port))
    if copy is None:
        return False
    with socket.socket(fileno=copy) as listener:
        try:
            _attach(listener, to)
        except OSError as reason:
            if reason.errno != errno.EOPNOTSUPP:
                raise
    return True


def _copy(pid: int, number: int | None) -> int | None:
    """Of another process's descriptor; None where either has gone since it was seen."""
    if number is None:
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        copy: int = _libc.syscall(_PIDFD_GETFD, pidfd, number, 0)
    finally:
        os.close(pidfd)
    if copy >= 0:
        return copy
    reason = ctypes.get_errno()
    if reason in (errno.ESRCH, errno.EBADF):
        return None
    raise OSError(reason, f"reaching the listener of process {pid}: {os.strerror(reason)}")


def _attach(listener: socket.socket, to: int) -> None:
    asking, knocking, own = (struct.unpack("!I", socket.inet_aton(each))[0] for each in (ASKING, KNOCKING, OWN))
    steps = (
        (_LOAD_BYTE, 0, 0, _VERSION),
        (_SHIFT_RIGHT, 0, 0, 4),
        (_IF_EQUAL, 5, 0, 6),
        (_LOAD, 0, 0, _SOURCE),
        (_IF_EQUAL, 0, 1, asking),
        (_RETURN, 0, 0, 0),
        (_IF_EQUAL, 1, 0, knocking),
        (_IF_EQUAL, 0, 1, own),
        (_RETURN, 0, 0, 1),
        (_RETURN, 0, 0, to),
    )
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_REUSEPORT_CBPF, program)


def _listener(pid: int, port: int) -> int | None:
    """The number of its descriptor that listens at this port."""
    waiting = set()
    for kind in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and fields[1].endswith(f":{port:04X}"):
                    waiting.add(f"socket:[{fields[9]}]")
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return None
    for each in descriptors:
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/fd/{each}") in waiting:
                return int(each)
    return None


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"entering a network namespace: {os.strerror(number)}")
