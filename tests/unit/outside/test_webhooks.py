"""Signed messages to a real receiver that fails now and then; and the addresses that nothing is ever sent to."""

import asyncio
import contextlib
import ipaddress
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from steward.domain import errors, notices
from steward.outside import clock, webhooks
from steward.ports import messengers
from tests import authorities

loopback = pytest.mark.loopback
HERE = ipaddress.ip_network("127.0.0.1/32")
SECRET = notices.made_secret()


class Receiver:
    """An HTTP server that keeps what it gets; `answers` are its next ones, then 204 each time."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[str] = []
        self.slow = 0.0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((first, headers, body))
        await asyncio.sleep(self.slow)
        answer = self.answers.pop(0) if self.answers else "204 No Content\r\n"
        writer.write(f"HTTP/1.1 {answer}\r\n".encode())
        writer.close()


@asynccontextmanager
async def served(receiver: Receiver, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(receiver, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def sending(**how: Any) -> AsyncIterator[webhooks.HttpWebhooks]:
    sender = webhooks.HttpWebhooks(clock.SystemClock(), **{"allowed": [HERE], **how})
    try:
        yield sender
    finally:
        await sender.close()


def to(*addresses: str) -> Callable[[str, int], Coroutine[Any, Any, Sequence[str]]]:
    """What every name leads to."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


@loopback
def test_a_receiver_can_check_every_message_and_tell_a_repeated_one() -> None:
    async def story() -> None:
        receiver, message_id = Receiver(), str(uuid.uuid4())
        receiver.answers = ["503 Busy\r\n", "500 Broken\r\n"]
        async with served(receiver) as port, sending() as sender:
            url = f"http://127.0.0.1:{port}/hook?x=1"
            for status in (503, 500):
                with pytest.raises(messengers.NotSent, match=f"answered {status}") as refused:
                    await sender.send(url, SECRET, message_id, "digest", {"text": "über"})
                assert not refused.value.final
            assert await sender.send(url, SECRET, message_id, "digest", {"text": "über"}) == f"204 {message_id}"
        assert len(receiver.got) == 3
        for first, headers, body in receiver.got:
            assert first == "POST /hook?x=1 HTTP/1.1"
            assert headers["webhook-id"] == message_id
            assert headers["content-type"] == "application/json"
            verified = standardwebhooks.Webhook(SECRET).verify(body, headers)
            assert verified == {"type": "digest", "data": {"text": "über"}}
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(notices.made_secret()).verify(body, headers)
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(SECRET).verify(body + b" ", headers)

    run(story)


@loopback
def test_both_secrets_sign_while_one_follows_the_other() -> None:
    async def story() -> None:
        receiver, new = Receiver(), notices.made_secret()
        async with served(receiver) as port, sending() as sender:
            await sender.send(f"http://127.0.0.1:{port}", f"{new} {SECRET}", "id", "test", {})
        _, headers, body = receiver.got[0]
        for secret in (new, SECRET):
            assert standardwebhooks.Webhook(secret).verify(body, headers)["type"] == "test"

    run(story)


@loopback
def test_tls_is_verified_for_the_name_and_the_connection_goes_to_the_address_looked_at(tmp_path: Path) -> None:
    async def story() -> None:
        receiver, authority = Receiver(), authorities.Authority(tmp_path)
        tls = authority.server("hook.example")
        async with served(receiver, tls) as port:
            async with sending(authority=authority.trusting(), resolve=to("127.0.0.1")) as sender:
                await sender.send(f"https://hook.example:{port}/", SECRET, "id", "test", {})
                with pytest.raises(messengers.NotSent, match="certificate"):
                    await sender.send(f"https://other.example:{port}/", SECRET, "id", "test", {})
            async with sending(resolve=to("127.0.0.1")) as sender:
                with pytest.raises(messengers.NotSent, match="certificate not trusted"):
                    await sender.send(f"https://hook.example:{port}/", SECRET, "id", "test", {})
        assert len(receiver.got) == 1
        assert receiver.got[0][1]["host"] == f"hook.example:{port}"

    run(story)


@loopback
def test_no_redirect_is_followed() -> None:
    async def story() -> None:
        receiver, inside = Receiver(), Receiver()
        async with served(receiver) as port, served(inside) as secret_port, sending() as sender:
            receiver.answers = [f"307 Elsewhere\r\nLocation: http://127.0.0.1:{secret_port}/\r\n"]
            with pytest.raises(messengers.NotSent, match="answered 307"):
                await sender.send(f"http://127.0.0.1:{port}/", SECRET, "id", "test", {})
        assert inside.got == []

    run(story)


@loopback
def test_gone_is_for_good_and_a_slow_one_or_none_is_not() -> None:
    async def story() -> None:
        receiver = Receiver()
        receiver.answers = ["410 Gone\r\n"]
        async with served(receiver) as port:
            url = f"http://127.0.0.1:{port}/"
            async with sending() as sender:
                with pytest.raises(messengers.NotSent) as refused:
                    await sender.send(url, SECRET, "id", "test", {})
                assert refused.value.final
            receiver.slow = 1.0
            async with sending(timeout=0.2) as sender:
                with pytest.raises(messengers.NotSent, match=r"within 0\.2 s") as refused:
                    await sender.send(url, SECRET, "id", "test", {})
                assert not refused.value.final
            await asyncio.sleep(1.0)
        async with sending() as sender:
            with pytest.raises(messengers.NotSent, match="could not be reached") as refused:
                await sender.send(url, SECRET, "id", "test", {})
            assert not refused.value.final
            assert "127.0.0.1" not in str(refused.value)

    run(story)


INNER = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "2002:7f00:1::", "2002:0a00:0001::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1",
    "fec0::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_nothing_is_sent_to_an_inner_address(address: str) -> None:
    """Neither said outright nor by a name; no connection is even tried, for unit tests have no sockets."""

    async def story() -> None:
        async with sending(allowed=[], resolve=to(address)) as sender:
            host = f"[{address}]" if ":" in address else address
            with pytest.raises(errors.BadInput):
                sender.check(f"https://{host}/")
            for url in (f"https://{host}/", "https://harmless.example/"):
                with pytest.raises(messengers.NotSent, match="sends nothing to"):
                    await sender.send(url, SECRET, "id", "test", {})

    run(story)


@pytest.mark.parametrize("others", [("93.184.215.14", "10.0.0.1"), ("10.0.0.1", "93.184.215.14")])
def test_a_name_with_one_inner_address_is_refused(others: tuple[str, str]) -> None:
    async def story() -> None:
        async with sending(allowed=[], resolve=to(*others)) as sender:
            with pytest.raises(messengers.NotSent, match="sends nothing to"):
                await sender.send("https://harmless.example/", SECRET, "id", "test", {})

    run(story)


@loopback
def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    """DNS rebinding: what was looked at is what is connected to."""

    async def story() -> None:
        receiver, asked = Receiver(), []

        async def resolve(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

        async with served(receiver) as port, sending(resolve=resolve) as sender:
            await sender.send(f"http://turncoat.example:{port}/", SECRET, "id", "test", {})
        assert asked == ["turncoat.example"]
        assert len(receiver.got) == 1

    run(story)


@pytest.mark.parametrize(
    "url",
    ["ftp://hook.example/", "https://", "hook.example", "https://user:secret@hook.example/",
     "https://hook.example/\r\nx: y", "https://hook.example/" + "a" * 2000, "https://[::ffff:127.0.0.1]/",
     *(pytest.param(url, marks=pytest.mark.loopback)  # what only a resolver can tell
       for url in ("http://hook.example/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://localhost/"))],
)  # fmt: skip
def test_urls_that_are_not_taken(url: str) -> None:
    """What a resolver makes an inner address of is refused at the latest when it is sent to."""

    async def story() -> None:
        async with sending(allowed=[]) as sender:
            with contextlib.suppress(errors.BadInput):
                sender.check(url)
            with pytest.raises(messengers.NotSent) as refused:
                await sender.send(url, SECRET, "id", "test", {})
            assert "secret" not in str(refused.value)

    run(story)


def test_plain_http_only_where_the_operator_allows_a_network() -> None:
    async def story() -> None:
        async with sending(allowed=[ipaddress.ip_network("10.1.0.0/16")], resolve=to("93.184.215.14")) as sender:
            sender.check("http://10.1.2.3/")
            with pytest.raises(errors.BadInput):
                sender.check("https://10.2.0.1/")
            with pytest.raises(messengers.NotSent, match="sends nothing to"):
                await sender.send("http://public.example/", SECRET, "id", "test", {})

    run(story)
