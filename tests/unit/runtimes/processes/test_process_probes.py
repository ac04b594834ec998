"""What a probe makes of an API server that is well, strange, silent, or somebody else's; over TLS on loopback."""

import asyncio
import contextlib
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from steward.domain import availability, clusters, networks
from steward.outside import certificates as certificates_
from steward.outside import clock
from steward.ports import certificates, guests, probes
from steward.runtimes.processes import places, sockets
from steward.runtimes.processes import probes as probes_

pytestmark = pytest.mark.loopback

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
MAKES = certificates_.EllipticCertificates(clock.SystemClock())
AUTHORITY = MAKES.authority("the cluster's own")
SERVER = MAKES.issue(AUTHORITY, certificates.Request(common_name="api", names=["127.0.0.1"], client=False))
CLIENT = MAKES.issue(AUTHORITY, certificates.Request(common_name="probe"))


def http(status: int, body: str = "ok") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def well(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(http(200))


async def unready(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(http(500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed"))


async def forbidding(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(http(200 if path == "/readyz" else 403))


async def silent(path: str, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def closing(path: str, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def babbling(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")


async def endless(path: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()


@contextlib.asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=AUTHORITY.certificate)
    with tempfile.NamedTemporaryFile() as file:
        file.write(f"{SERVER.certificate}{SERVER.key}".encode())
        file.flush()
        context.load_cert_chain(file.name)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await answer(head.split()[1].decode(), writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def target(port: int, authority: str = AUTHORITY.certificate) -> probes.Target:
    access = guests.Access(
        cluster_id=clusters.ClusterId("c"),
        server=f"https://127.0.0.1:{port}",
        authority=authority,
        certificate=CLIENT.certificate,
        key=CLIENT.key,
    )
    return probes.Target(access=access, network=networks.Plan(IPv4Network("100.64.0.0/12")).cluster(0))


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, where there is no namespace of a cluster to enter."""

    def plain(name: str) -> socket.socket:
        assert name == "x-0"
        made = socket.socket()
        made.setblocking(False)
        return made

    monkeypatch.setattr(sockets, "made", plain)
    monkeypatch.setattr(probes, "PATIENCE", 1.0)


async def probed(answer: Answer, **how: str) -> availability.Sighting:
    prober = probes_.ProcessProbes(places.Places(Path("/nowhere"), "x"), clock.SystemClock())
    try:
        async with serving(answer) as port:
            return await prober.probe(target(port, **how))
    finally:
        await prober.close()


def test_one_that_is_well() -> None:
    seen = asyncio.run(probed(well))
    assert seen.good, seen.failure
    assert seen.connected_ms > 0
    assert seen.answered_ms > 0


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (unready, "/readyz was answered 500 etcd failed"),
        (forbidding, "was answered 403"),
        (silent, "no answer within 1 s"),
        (closing, "closed"),
        (babbling, ""),
        (endless, "more than"),
    ],
)
def test_what_is_wrong_is_said(answer: Answer, told: str) -> None:
    seen = asyncio.run(probed(answer))
    assert not seen.good
    assert told in seen.failure


def test_a_stranger_with_a_certificate_of_its_own_is_not_the_api_server() -> None:
    seen = asyncio.run(probed(well, authority=MAKES.authority("another").certificate))
    assert seen.failure.startswith("TLS:"), seen.failure


def test_nobody_there() -> None:
    async def story() -> availability.Sighting:
        prober = probes_.ProcessProbes(places.Places(Path("/nowhere"), "x"), clock.SystemClock())
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return await prober.probe(target(taken.getsockname()[1]))

    seen = asyncio.run(story())
    assert "refused" in seen.failure.lower()


def test_the_status_of_a_call_says_whether_a_credential_is_void() -> None:
    async def story() -> None:
        prober = probes_.ProcessProbes(places.Places(Path("/nowhere"), "x"), clock.SystemClock())
        async with serving(forbidding) as port:
            assert await prober.attempt(target(port)) == 403
        async with serving(closing) as port:
            with pytest.raises(guests.NotAnswering):
                await prober.attempt(target(port))
        await prober.close()

    asyncio.run(story())
