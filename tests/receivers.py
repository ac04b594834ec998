"""Real receivers of logs on loopback: GELF over TCP with or without TLS, and HTTP; and a simulated one.

They keep what arrived whole, and behave as a test says.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from steward.ports import clock, log_receivers, messengers

Messages = list[dict[str, Any]]


@dataclass
class Gelf:
    """`manner`: takes all; `resets` after a few bytes; `hangs` without reading; `keeps` its side open."""

    manner: str = "takes"
    got: Messages = field(default_factory=list)
    connections: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self.manner == "resets":
                await reader.read(10)
                wire = writer.get_extra_info("socket")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return
            if self.manner == "hangs":
                writer.transport.pause_reading()  # type: ignore[attr-defined] # a stream's has it
                await asyncio.sleep(60)
            whole = await reader.read()
            self.got += [json.loads(each) for each in whole.split(b"\0")[:-1]]
            if self.manner == "keeps":
                await asyncio.sleep(60)
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


@dataclass
class Http:
    """Answers with each of `answers` once, then 204."""

    answers: list[str] = field(default_factory=list)
    got: Messages = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.heads.append({"": first, **headers})
        answer = self.answers.pop(0) if self.answers else "204 No Content"
        if answer.startswith("2"):
            self.got += [json.loads(each) for each in body.splitlines()]
        writer.write(f"HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def served(receiver: Gelf | Http, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port."""
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(receiver(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@dataclass
class Way:
    """Of one URL: `failing` says why, `loses_answers` takes the batch and fails all the same."""

    failing: str = ""
    loses_answers: bool = False
    seconds: float = 0.0
    got: list[Mapping[str, Any]] = field(default_factory=list)
    asked: int = 0


class Simulated:
    """`ports.log_receivers` without a network."""

    def __init__(self, clock: clock.Clock) -> None:
        self._clock = clock
        self.ways: dict[str, Way] = {}
        self.tokens: list[str] = []
        self.under_way = 0
        self.most_at_once = 0

    def way(self, url: str) -> Way:
        return self.ways.setdefault(url, Way())

    def check(self, target: log_receivers.Target) -> None:
        return None

    async def send(self, target: log_receivers.Target, messages: Sequence[Mapping[str, Any]]) -> None:
        way = self.way(target.url)
        way.asked += 1
        self.tokens.append(target.token)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await self._clock.sleep(way.seconds)
            if way.failing and not way.loses_answers:
                raise messengers.NotSent(way.failing)
            way.got += messages
            if way.loses_answers:
                raise messengers.NotSent("The answer was lost")
        finally:
            self.under_way -= 1
