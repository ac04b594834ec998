"""A connection that is secured ends with its user, in whichever moment that one is cancelled."""

import asyncio
import socket
import ssl
import tempfile
from pathlib import Path

import pytest

from steward.outside import certificates as certificates_
from steward.outside import clock
from steward.ports import certificates
from steward.runtimes.processes import sockets

pytestmark = pytest.mark.loopback

MAKES = certificates_.EllipticCertificates(clock.SystemClock())
AUTHORITY = MAKES.authority("the cluster's own")
SERVER = MAKES.issue(AUTHORITY, certificates.Request(common_name="api", names=["127.0.0.1"], client=False))


def _serving() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.write_text(f"{SERVER.certificate}\n{SERVER.key}")
        context.load_cert_chain(file)
    return context


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _use(connected: socket.socket, context: ssl.SSLContext, secured: asyncio.Event) -> None:
    with connected:
        async with sockets.secured(connected, context, "127.0.0.1") as (reader, _):
            secured.set()
            await reader.read()


def test_what_is_cancelled_leaves_nothing_behind() -> None:
    """The next socket has the number of the one before: the loop refuses it where that one lives on."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        trusting = ssl.create_default_context(cadata=AUTHORITY.certificate)
        server = await asyncio.start_server(_silent, "127.0.0.1", 0, ssl=_serving())
        address = server.sockets[0].getsockname()
        numbers, secured = [], []
        for turns in range(1, 25):
            connected = socket.socket()
            connected.setblocking(False)
            numbers.append(connected.fileno())
            await loop.sock_connect(connected, address)
            reached = asyncio.Event()
            task = loop.create_task(_use(connected, trusting, reached))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            (ended,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(ended, asyncio.CancelledError)
            secured.append(reached.is_set())
        server.close()
        assert (secured[0], secured[-1]) == (False, True), "the moment in which the handshake ends was passed"
        assert len(set(numbers)) < len(numbers), "numbers of sockets came again"

    asyncio.run(story())
