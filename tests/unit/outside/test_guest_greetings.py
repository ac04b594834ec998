"""How a server meets callers, tried on real TLS servers of this machine's loopback."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from steward.domain import clusters
from steward.outside import certificates as certificates_
from steward.outside import guest_greetings
from steward.ports import certificates, guests

pytestmark = pytest.mark.loopback


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


MAKES = certificates_.EllipticCertificates(Clock())


class Stage:
    """An authority, a server's certificate, and a client's, of one cluster."""

    def __init__(self, names: Sequence[str] = ("127.0.0.1", "one.example"), days: int = 365) -> None:
        self.authority = MAKES.authority("one")
        asked = certificates.Request(common_name="server", names=names, client=False, valid_for=timedelta(days=days))
        self.server = MAKES.issue(self.authority, asked)
        self.client = MAKES.issue(self.authority, certificates.Request(common_name="steward:3.1.6-1:inventory"))

    def access(self, port: int, server: str = "127.0.0.1") -> guests.Access:
        return guests.Access(
            cluster_id=clusters.ClusterId("one"),
            server=f"https://{server}:{port}",
            authority=self.authority.certificate,
            certificate=self.client.certificate,
            key=self.client.key,
        )


@asynccontextmanager
async def serving(
    stage: Stage, *, anonymous: int = 401, shown: certificates.KeyPair | None = None
) -> AsyncIterator[int]:
    """Answers 200 to whoever shows a certificate of the stage's authority, and `anonymous` to all others."""
    pair = shown or stage.server
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pair.pem")
        file.write_text(pair.certificate + pair.key)
        context.load_cert_chain(file)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=stage.authority.certificate)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            known = writer.get_extra_info("ssl_object").getpeercert()
            status = 200 if known else anonymous
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_a_server_as_it_must_be() -> None:
    async def story() -> None:
        stage = Stage()
        async with serving(stage) as port:
            met = await guest_greetings.greeting(stage.access(port), ["127.0.0.1", "one.example"])
        assert (met.protocol, met.old_protocol, met.distrust, list(met.missing)) == ("TLSv1.3", False, "", [])
        assert met.anonymous == 401
        assert timedelta(days=364) < met.expires_at - datetime.now(UTC) <= timedelta(days=365)

    asyncio.run(story())


def test_a_name_that_is_missing_an_end_that_is_near_and_an_open_door_show() -> None:
    async def story() -> None:
        stage = Stage(["127.0.0.1"], days=3)
        async with serving(stage, anonymous=200) as port:
            met = await guest_greetings.greeting(stage.access(port), ["127.0.0.1", "one.example", "100.64.0.1"])
        assert list(met.missing) == ["one.example", "100.64.0.1"]
        assert met.anonymous == 200
        assert met.expires_at - datetime.now(UTC) < timedelta(days=4)

    asyncio.run(story())


def test_a_certificate_of_another_authority_is_distrusted() -> None:
    async def story() -> None:
        stage, other = Stage(), Stage()
        async with serving(stage, shown=other.server) as port:
            met = await guest_greetings.greeting(stage.access(port), ["127.0.0.1"])
        assert met.distrust
        assert (met.protocol, met.anonymous) == ("", 0)

    asyncio.run(story())


def test_credentials_of_another_are_really_shown_and_refused() -> None:
    async def story() -> None:
        stage, other = Stage(), Stage()
        async with serving(stage) as port:
            access = stage.access(port)
            assert await guest_greetings.answer_to(access, access) == 200
            # This server ends the handshake where a certificate is not of its authority; an API server answers 401.
            with pytest.raises(guests.NotAnswering):
                await guest_greetings.answer_to(access, other.access(port))

    asyncio.run(story())


def test_where_nobody_listens_nothing_is_known() -> None:
    async def story() -> None:
        stage = Stage()
        async with serving(stage) as port:
            pass
        for ask in (
            guest_greetings.greeting(stage.access(port), []),
            guest_greetings.answer_to(stage.access(port), stage.access(port)),
        ):
            with pytest.raises(guests.NotAnswering):
                await ask

    asyncio.run(story())
