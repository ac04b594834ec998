"""The replacement of an API server by its successor, without a refused request.

Called by `control_planes` with each `ensure`, it looks at what stands and takes the next step; nothing is remembered
but by what stands, so whoever comes after a kill goes on from there:

1. one runs that is not as wanted: every new connection is bound to it, and its successor is started beside it;
2. the successor is asked, by the way that only this question takes (`sockets.py`), until it serves;
3. a mark is left that the first is ending, new connections go to the successor, and the first is told to end: it
   serves for its delay those that it has, and finishes what was begun;
4. the first is gone: the successor's pid file takes its name.

The mark of 3 names the process, and is the only point of no return. Before it a successor that is not wanted any more
is killed, for nobody has reached it; a first that dies has its successor take its place at once.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from steward.domain import networks
from steward.kit import mutual_tls
from steward.ports.control_planes import ControlPlane, Mark, Part
from steward.runtimes.processes import launch, places, sockets, supervision

NEXT = ".next"
SUCCESSOR = f"{Part.API_SERVER}{NEXT}"
FINISHING = 75.0  # seconds for what it was asked for already; its own requests end after 60
ENDING = 10.0  # of one that is wanted away at once
PATIENCE = 2.0  # for one answer
OK = b"HTTP/1.1 200"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Of one cluster's API server: as it is wanted, and its successor, which is the same program by another name."""

    here: places.ClusterPlaces
    namespace: str
    authority: str
    program: supervision.Program
    heir: supervision.Program


class Succession:
    def __init__(self, supervisor: supervision.Supervisor) -> None:
        self._supervisor = supervisor
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="api-sockets")

    async def step(self, wanted: ControlPlane, place: Place) -> str:
        """What the replacement waits for; empty where there is none."""
        heir_runs = await self._supervisor.adopt(place.heir)
        if not await self._supervisor.adopt(place.program):
            return await self._without_first(place, heir_runs=heir_runs)
        if self._is_ending(place):
            return await self._finish(place, heir_runs=heir_runs)
        if wanted.is_met(Part.API_SERVER, Mark.parse(self._supervisor.mark(place.program.name))):
            await self._drop(place)
            return ""
        pid = self._supervisor.pid(place.program.name)
        listens = pid is not None and await asyncio.to_thread(sockets.direct, pid, networks.API_PORT, to=0)
        if pid is None or (not listens and launch.is_ending(pid)):
            # We hear of it in a moment; then its successor takes its place, which therefore must not be dropped here.
            return "it has ended"
        if wanted.at_once or not listens:
            await self._drop(place)
            self._supervisor.tell_to_end(place.program.name, grace=ENDING)
            return "it is being stopped, and started again as it is wanted"
        return await self._bring_up(wanted, place)

    def succeeds(self, place: places.ClusterPlaces) -> bool:
        """Whether a successor runs that takes the place of the first when that ends."""
        return launch.alive(launch.read_record(str(place.record(SUCCESSOR))))

    async def _without_first(self, place: Place, *, heir_runs: bool) -> str:
        place.here.ending.unlink(missing_ok=True)
        if heir_runs and self._supervisor.state(place.heir.name)[0]:
            self._supervisor.succeed(place.program, place.heir)
            return ""
        await self._drop(place)
        await self._supervisor.ensure(place.program)
        return ""

    async def _bring_up(self, wanted: ControlPlane, place: Place) -> str:
        runs, _, reason = self._supervisor.state(place.heir.name)
        if runs and not wanted.is_met(Part.API_SERVER, Mark.parse(self._supervisor.mark(place.heir.name))):
            await self._drop(place)
            runs = False
        if not runs:
            await self._supervisor.ensure(place.heir)
            failed = f", after it failed: {reason}" if reason and reason != supervision.NOT_STARTED else ""
            return f"its successor is being started{failed}"
        pid = self._supervisor.pid(place.heir.name)
        if pid is None or not await asyncio.to_thread(sockets.direct, pid, networks.API_PORT, to=0):
            return "its successor does not listen yet"
        if not await self._answers(place, sockets.KNOCKING):
            return "its successor does not serve yet"
        record = launch.read_record(str(place.program.record))
        await asyncio.to_thread(places.write_private, place.here.ending, json.dumps(record))
        return await self._finish(place, heir_runs=True)

    async def _finish(self, place: Place, *, heir_runs: bool) -> str:
        name = place.program.name
        pid = self._supervisor.pid(place.heir.name) if heir_runs else None
        if pid is not None:
            await asyncio.to_thread(sockets.direct, pid, networks.API_PORT, to=1)
        # A second signal would cut off what it is finishing; one that calls itself ready has not had the first.
        overdue = _age(place) > FINISHING
        if self._supervisor.told(name) or overdue or await self._answers(place, sockets.ASKING):
            self._supervisor.tell_to_end(name, grace=FINISHING)
        return "it finishes what it was asked for, while its successor serves"

    def _is_ending(self, place: Place) -> bool:
        """Whether the mark is of the process that runs; one of another is left over."""
        marked = launch.read_record(str(place.here.ending))
        if marked and marked == launch.read_record(str(place.program.record)):
            return True
        place.here.ending.unlink(missing_ok=True)
        return False

    async def _drop(self, place: Place) -> None:
        """A successor that nobody has reached yet."""
        if place.heir.record.exists() or self._supervisor.state(place.heir.name)[2] != supervision.NOT_STARTED:
            await self._supervisor.stop(place.heir.name, place.heir.record, grace=0.0)

    async def _answers(self, place: Place, source: str) -> bool:
        """Whether the one that this way leads to calls itself ready."""
        loop = asyncio.get_running_loop()
        context = mutual_tls.trusting(place.authority)
        try:
            with await loop.run_in_executor(self._thread, sockets.made, place.namespace, source) as made:
                async with asyncio.timeout(PATIENCE):
                    await loop.sock_connect(made, ("127.0.0.1", networks.API_PORT))
                    return await _is_ready(made, context)
        except (OSError, TimeoutError):
            return False


async def _is_ready(made: socket.socket, context: ssl.SSLContext) -> bool:
    async with sockets.secured(made, context, "127.0.0.1") as (reader, writer):
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return (await reader.readline()).startswith(OK)


def _age(place: Place) -> float:
    with contextlib.suppress(OSError):
        return time.time() - place.here.ending.stat().st_mtime
    return 0.0
