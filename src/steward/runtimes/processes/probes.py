"""Probes of API servers from inside the clusters' network namespaces: `ports/probes.py` on this machine.

Only making a socket takes a thread (`sockets.py`); everything else goes on in the event loop, where a silent API server
costs nothing.
"""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

from steward.domain import availability, clusters
from steward.kit import mutual_tls
from steward.ports import clock, guests, probes
from steward.runtimes.processes import places, sockets

OK, MOST_BYTES = 200, 1 << 20
KEPT = 600.0  # seconds after its last probe that a cluster's identity stays in memory


class ProcessProbes:
    def __init__(self, spot: places.Places, clock: clock.Clock) -> None:
        self._spot = spot
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="probe-sockets")
        # Making one reads the authority and the key; a certificate lasts for dozens of probes.
        self._contexts: dict[clusters.ClusterId, _Known] = {}

    async def probe(self, target: probes.Target) -> availability.Sighting:
        began = time.monotonic()
        connected = answered = 0.0
        try:
            async with asyncio.timeout(probes.PATIENCE), self._connected(target, self._context(target.access)) as line:
                connected = time.monotonic()
                await line.expect("/readyz")
                ready = time.monotonic()
                await line.expect(probes.LISTED)
                answered = time.monotonic() - ready
        except (OSError, ValueError, _Unexpected, httptools.HttpParserError) as reason:
            return availability.Sighting(at=self._clock.now(), failure=_told(reason, connected > 0))
        return availability.Sighting(
            at=self._clock.now(),
            connected_ms=round((connected - began) * 1000, 2),
            answered_ms=round(answered * 1000, 2),
        )

    async def attempt(self, target: probes.Target) -> int:
        try:
            async with asyncio.timeout(probes.PATIENCE), self._connected(target, _identified(target.access)) as line:
                status, _ = await line.ask(probes.TRIED, probes.PROOF_AGENT)
                return status
        except (OSError, ValueError, _Unexpected, httptools.HttpParserError) as reason:
            raise guests.NotAnswering(f"{target.access.server} did not answer: {_told(reason, False)}") from reason

    async def close(self) -> None:
        self._thread.shutdown(wait=False)

    def _context(self, access: guests.Access) -> ssl.SSLContext:
        now = time.monotonic()
        known = self._contexts.get(access.cluster_id)
        if known is None or known.certificate != access.certificate:
            # Of clusters that are gone nobody asks any more; their keys are not kept.
            self._contexts = {key: each for key, each in self._contexts.items() if now - each.used < KEPT}
            known = self._contexts[access.cluster_id] = _Known(access.certificate, _identified(access), now)
        known.used = now
        return known.context

    @contextlib.asynccontextmanager
    async def _connected(self, target: probes.Target, context: ssl.SSLContext) -> "AsyncIterator[_Line]":
        place = urlsplit(target.access.server)
        host, port = str(place.hostname), place.port or 443
        loop = asyncio.get_running_loop()
        name = self._spot.namespace(target.network.slot)
        with await loop.run_in_executor(self._thread, sockets.made, name) as made:
            await loop.sock_connect(made, (host, port))
            async with sockets.secured(made, context, host) as (reader, writer):
                yield _Line(reader, writer, f"{host}:{port}")


@dataclass(slots=True)
class _Known:
    certificate: str
    context: ssl.SSLContext
    used: float  # by the monotonic clock


class _Unexpected(Exception):
    """An answer that is none of a healthy API server."""


@dataclass(slots=True)
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: str

    async def expect(self, path: str) -> None:
        status, body = await self.ask(path)
        if status != OK:
            failed = [line[3:] for line in body.decode(errors="replace").splitlines() if line.startswith("[-]")]
            raise _Unexpected(f"{path.partition('?')[0]} was answered {status} {', '.join(failed)[:200]}".rstrip())

    async def ask(self, path: str, agent: str = probes.AGENT) -> tuple[int, bytes]:
        self.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\r\n".encode()
        )
        answer = _Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.complete:
            data = await self.reader.read(65536)
            if not data:
                raise ConnectionResetError("the connection was closed before the answer")
            parser.feed_data(data)
            if len(answer.body) > MOST_BYTES:
                raise _Unexpected(f"{path.partition('?')[0]} was answered with more than {MOST_BYTES} bytes")
        return parser.get_status_code(), bytes(answer.body)


class _Answer:
    """What httptools calls back."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.complete = False

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def _identified(access: guests.Access) -> ssl.SSLContext:
    return mutual_tls.identified(access.authority, certificate=access.certificate, key=access.key)


def _told(reason: Exception, connected: bool) -> str:
    if isinstance(reason, _Unexpected):
        return str(reason)
    if isinstance(reason, TimeoutError):
        where = "no answer" if connected else "no connection"
        return f"{where} within {probes.PATIENCE:g} s"
    if isinstance(reason, ssl.SSLError):
        return f"TLS: {reason.reason or reason}"
    if isinstance(reason, FileNotFoundError):
        return "the network of the cluster does not stand"
    if isinstance(reason, OSError) and reason.errno:
        return os.strerror(reason.errno)
    return str(reason) or type(reason).__name__
