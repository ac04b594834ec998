"""Keeps programs running: starts, adopts, watches and ends them.

Every program is watched through a pidfd, so that its end is seen at once, and is started again with
back-off for as long as it is wanted. A program that runs already, started by an earlier steward, is
adopted: pid and start time together name it, never the pid alone. Nothing ends when steward ends.
"""

import asyncio
import contextlib
import itertools
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from steward.domain import pauses
from steward.runtimes.processes import launch

log = structlog.get_logger(__name__)

FIRST_PAUSE = 0.2  # seconds; doubles with each end in a row
LONGEST_PAUSE = 30.0
NOT_STARTED = "not started"
MARK = "MARK_OF_STEWARD"  # in a program's environment
STEADY_AFTER = 60.0  # seconds of running after which an end counts as the first again
RECENT = 5.0  # seconds; what a log said earlier is no reason for an end
_COMPLAINT = re.compile(
    r'^[EF]\d{4} |level"?[=:]"?(error|fatal|panic)|^panic:|^(Error|error|fatal|steward):', re.IGNORECASE
)
_LAUNCHER = str(Path(launch.__file__))


class NotYet(OSError):
    """What a program needs does not stand; it is tried again soon, and nobody is alarmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start. `prepare` runs before each start; `order` adds what only then is known, or is NotYet."""

    name: str  # unique in this steward, as in `<cluster>/etcd`
    record: Path  # pid file
    log: Path
    command: tuple[str, ...]
    argv: tuple[str, ...] = ()  # where the program's own name differs from its file's
    environment: Mapping[str, str] = field(default_factory=dict)
    cgroups: tuple[Path, ...] = ()
    order: Callable[[], Mapping[str, Any]] = dict
    prepare: Callable[[], None] = lambda: None
    mark: str = ""  # what it is started with, to be read of the running process again


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Told to the listener: a wanted program ended and will be started again."""

    name: str
    reason: str
    restarts: int


@dataclass(slots=True)
class _Watched:
    program: Program
    pid: int = 0
    pidfd: int = -1
    running_since: float = 0.0
    ends_in_a_row: int = 0
    restarts: int = 0
    reason: str = ""
    mark: str = ""
    wanted: bool = True
    told_at: float | None = None  # when it was told to end
    restart: asyncio.TimerHandle | None = None
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def running(self) -> bool:
        return self.pidfd >= 0


class Supervisor:
    """One per service. Listeners are called in the event loop at each unasked-for end."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Ended], None]] = []
        self._watched: dict[str, _Watched] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def subscribe(self, listener: Callable[[Ended], None]) -> None:
        self._listeners.append(listener)

    async def ensure(self, program: Program) -> None:
        """Start it, or adopt it where it runs; OSError where it cannot even be launched."""
        watched = self._watched.setdefault(program.name, _Watched(program))
        watched.wanted = True
        async with watched.starting:
            if watched.running:
                return
            watched.program = program
            if watched.restart is None:
                await self._start(watched)

    async def adopt(self, program: Program) -> bool:
        """Watch it where it runs, started by an earlier steward or by this one; whether it does."""
        if not launch.alive(launch.read_record(str(program.record))):
            return self.state(program.name)[0]
        await self.ensure(program)
        return True

    def tell_to_end(self, name: str, *, grace: float) -> None:
        """SIGTERM, once, and SIGKILL once `grace` seconds are over; it is not started again by itself."""
        watched = self._watched.get(name)
        if watched is None:
            return
        watched.wanted = False
        if watched.restart is not None:
            watched.restart.cancel()
            watched.restart = None
        if not watched.running:
            return
        now = asyncio.get_running_loop().time()
        with contextlib.suppress(ProcessLookupError):
            if watched.told_at is None:
                watched.told_at = now
                signal.pidfd_send_signal(watched.pidfd, signal.SIGTERM)
            elif now - watched.told_at > grace:
                signal.pidfd_send_signal(watched.pidfd, signal.SIGKILL)

    def told(self, name: str) -> bool:
        """Whether this steward has told it to end."""
        watched = self._watched.get(name)
        return watched is not None and watched.told_at is not None

    def succeed(self, program: Program, heir: Program) -> None:
        """The heir's process is the program from now on; the one before it has ended."""
        os.rename(heir.record, program.record)
        before = self._watched.pop(program.name, None)
        if before is not None:
            self._unwatch(before)
        watched = self._watched.pop(heir.name, None)
        if watched is not None:
            self._watched[program.name] = watched
            watched.program = program

    def state(self, name: str) -> tuple[bool, int, str]:
        """Whether it runs, how often it was started again, and why it does not run."""
        watched = self._watched.get(name)
        if watched is None:
            return False, 0, NOT_STARTED
        return watched.running, watched.restarts, "" if watched.running else watched.reason

    def mark(self, name: str) -> str:
        """Of the running process itself; empty where it has none."""
        watched = self._watched.get(name)
        return watched.mark if watched is not None and watched.running else ""

    def pid(self, name: str) -> int | None:
        watched = self._watched.get(name)
        return watched.pid if watched is not None and watched.running else None

    def names(self, prefix: str) -> list[str]:
        return [name for name in self._watched if name.startswith(prefix)]

    async def stop(self, name: str, record: Path, *, grace: float) -> None:
        """End it, adopted or not: SIGTERM, and SIGKILL once `grace` seconds are over."""
        watched = self._watched.pop(name, None)
        if watched is not None:
            self._unwatch(watched)
        await end(record, grace=grace)
        record.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Stop watching; every program goes on."""
        for watched in self._watched.values():
            self._unwatch(watched)
        for task in self._tasks:
            task.cancel()
        self._watched.clear()

    async def _start(self, watched: _Watched) -> None:
        program = watched.program
        record = launch.read_record(str(program.record))
        if not launch.alive(record):
            if record and not watched.pid:
                watched.reason = "it ended while no steward watched it"
                self._tell(watched)
            program.prepare()
            record = await _launched(program)
        self._watch(watched, record["pid"], record["start"])

    def _watch(self, watched: _Watched, pid: int, start: int) -> None:
        loop = asyncio.get_running_loop()
        watched.pid, watched.running_since, watched.told_at = pid, loop.time(), None
        watched.mark = _mark(pid)
        try:
            watched.pidfd = os.pidfd_open(pid)
            if not _is(pid, start):
                raise ProcessLookupError
        except ProcessLookupError:
            self._on_end(watched)
            return
        loop.add_reader(watched.pidfd, self._on_end, watched)

    def _on_end(self, watched: _Watched) -> None:
        self._close(watched)
        loop = asyncio.get_running_loop()
        steady = loop.time() - watched.running_since > STEADY_AFTER
        watched.ends_in_a_row = 1 if steady else watched.ends_in_a_row + 1
        watched.reason = last_words(watched.program.log) or "it was killed, or ended without a word"
        if not watched.wanted:
            return
        pause = pauses.doubled(FIRST_PAUSE, LONGEST_PAUSE, watched.ends_in_a_row)
        log.warning("program ended", program=watched.program.name, reason=watched.reason, again_in=pause)
        watched.restart = loop.call_later(pause, self._restart, watched)
        self._tell(watched)

    def _tell(self, watched: _Watched) -> None:
        watched.restarts += 1
        ended = Ended(name=watched.program.name, reason=watched.reason, restarts=watched.restarts)
        for listener in self._listeners:
            listener(ended)

    def _restart(self, watched: _Watched) -> None:
        watched.restart = None
        if watched.wanted:
            task = asyncio.get_running_loop().create_task(self._start_again(watched))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _start_again(self, watched: _Watched) -> None:
        async with watched.starting:
            if not watched.wanted or watched.running:
                return
            try:
                await self._start(watched)
            except NotYet as reason:
                watched.reason = str(reason)
                loop = asyncio.get_running_loop()
                watched.restart = loop.call_later(FIRST_PAUSE, self._restart, watched)
            except OSError as reason:
                watched.running_since = asyncio.get_running_loop().time()
                self._on_end(watched)
                watched.reason = str(reason)

    def _unwatch(self, watched: _Watched) -> None:
        watched.wanted = False
        if watched.restart is not None:
            watched.restart.cancel()
            watched.restart = None
        self._close(watched)

    def _close(self, watched: _Watched) -> None:
        if watched.pidfd >= 0:
            asyncio.get_running_loop().remove_reader(watched.pidfd)
            os.close(watched.pidfd)
            watched.pidfd = -1


async def end(record: Path, *, grace: float) -> None:
    """End the program that a pid file names, if it still runs."""
    known = launch.read_record(str(record))
    if not launch.alive(known):
        return
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(known["pid"])
        try:
            if not _is(known["pid"], known["start"]):
                return
            if grace > 0:
                signal.pidfd_send_signal(pidfd, signal.SIGTERM)
                if await _ended(pidfd, grace):
                    return
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            await _ended(pidfd, 30.0)
        finally:
            os.close(pidfd)


async def _ended(pidfd: int, within: float) -> bool:
    loop = asyncio.get_running_loop()
    gone = loop.create_future()

    def note() -> None:
        if not gone.done():
            gone.set_result(True)

    loop.add_reader(pidfd, note)
    try:
        await asyncio.wait_for(gone, within)
        return True
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(pidfd)


async def _launched(program: Program) -> dict[str, Any]:
    program.record.parent.mkdir(parents=True, exist_ok=True)
    program.log.parent.mkdir(parents=True, exist_ok=True)
    order = {
        "command": program.command,
        "argv": program.argv,
        "env": {**program.environment, **({MARK: program.mark} if program.mark else {})},
        "log": str(program.log),
        "record": str(program.record),
        "cgroups": [str(each) for each in program.cgroups],
        **program.order(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        _LAUNCHER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    output, complaint = await process.communicate(json.dumps(order).encode())
    if process.returncode != 0:
        raise OSError(f"could not launch {program.name}: {complaint.decode(errors='replace').strip()[-300:]}")
    record: dict[str, Any] = json.loads(output)
    return record


def _mark(pid: int) -> str:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return next((each.partition(b"=")[2].decode() for each in variables if each.startswith(f"{MARK}=".encode())), "")


def _is(pid: int, start: int) -> bool:
    try:
        return launch.start_time(pid) == start
    except OSError:
        return False


def last_words(path: Path) -> str:
    """The last complaint of a log that was written just now, at most 300 characters; else nothing."""
    try:
        status = path.stat()
        if time.time() - status.st_mtime > RECENT:
            return ""
        with path.open("rb") as file:
            file.seek(max(0, status.st_size - 8192))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    found = next((number for number in reversed(range(len(lines))) if _COMPLAINT.search(lines[number])), None)
    return "" if found is None else _in_full(lines[found:])[:300]


def _in_full(lines: Sequence[str]) -> str:
    """The first line; where its text has several, klog puts them between `<` and `>` on lines of their own."""
    first = lines[0].strip()
    if not first.endswith("<"):
        return first[-300:]
    rest = itertools.takewhile(lambda line: line.strip() != ">", lines[1:])
    return " ".join([first.removesuffix("<"), *(line.strip() for line in rest)])
