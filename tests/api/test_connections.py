"""Bytes that are no request, and requests that never end: an answer in OVHcloud's form, and an end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from steward.api import connections

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

LINE = b"GET /1.0/auth/time HTTP/1.1\r\nhost: x\r\n"


class Hasty(connections.Connection):
    head_seconds = 0.2
    body_seconds = 0.3


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def talk(story: Callable[[int], Awaitable[None]]) -> None:
    async def whole() -> None:
        config = uvicorn.Config(echo, http=Hasty, lifespan="off", ws="none", log_config=None)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: Hasty(config=config, server_state=server.server_state, app_state={}), "127.0.0.1", 0
        )
        async with listening:
            await story(listening.sockets[0].getsockname()[1])

    asyncio.run(asyncio.wait_for(whole(), 30))


async def said(port: int, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.05)
    answer = await reader.read()
    writer.close()
    return answer


def check(answer: bytes, status: str, text: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert lines[0] == f"HTTP/1.1 {status}"
    assert headers["connection"] == "close"
    assert headers["content-type"].startswith("application/json")
    assert int(headers["content-length"]) == len(body)
    document = json.loads(body)
    assert document["class"].startswith("Client::")
    assert document["httpCode"] == status
    assert document["errorCode"]
    assert text in document["message"]
    assert document["details"]["queryId"].lower() == headers["x-ovh-queryid"]


@pytest.mark.parametrize(
    "nonsense",
    [b"\x16\x03\x01\x02\x00 a greeting of TLS\r\n\r\n", b"HELLO\r\n\r\n", b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n"],
)
def test_what_is_no_http(nonsense: bytes) -> None:
    async def story(port: int) -> None:
        check(await said(port, nonsense), "400 Bad Request", "HTTP/1.1")

    talk(story)


@pytest.mark.parametrize("pieces", [1, 40])
def test_a_head_without_an_end(pieces: int) -> None:
    async def story(port: int) -> None:
        header = b"x-long: " + b"y" * (200_000 // pieces)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LINE + (header + b"\r\n") * pieces)
        check(await reader.read(), "431 Request Header Fields Too Large", "more than 65536 bytes")
        writer.close()

    talk(story)


def test_an_address_that_is_too_long() -> None:
    async def story(port: int) -> None:
        answer = await said(port, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")
        check(answer, "431 Request Header Fields Too Large", "more than 65536 bytes")

    talk(story)


def test_a_head_that_stops_half_way() -> None:
    async def story(port: int) -> None:
        check(await said(port, LINE), "408 Request Timeout", "The head of the request")

    talk(story)


def test_a_body_that_stops_half_way() -> None:
    async def story(port: int) -> None:
        begun = b"POST /1.0/x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nfive!"
        check(await said(port, begun), "408 Request Timeout", "The body of the request")

    talk(story)


def test_silence_is_ended_without_a_word() -> None:
    async def story(port: int) -> None:
        assert await said(port) == b""

    talk(story)


def test_requests_that_come_in_time_are_answered_on_one_connection() -> None:
    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(b"POST /1.0/x HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n")
            await asyncio.sleep(0.15)
            writer.write(b"body")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
            assert await reader.readexactly(4) == b"body"
        await asyncio.sleep(0.4)  # at rest between two requests, longer than a request may take
        writer.write(LINE + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        writer.close()

    talk(story)
