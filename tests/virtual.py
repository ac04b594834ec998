"""Virtual time: an event loop whose clock jumps to the next timer as soon as nothing else can happen.

Everything that sleeps through asyncio (`VirtualClock.sleep`, `asyncio.sleep`, timeouts) costs no real time.
Work that threads do for the loop (aiosqlite's connections, `to_thread`) is real: while any of it is under way
the virtual clock stands still, so no timer overtakes a database. Sockets of others get a short real grace.
"""

import asyncio
import inspect
import selectors
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple, Unpack

START = datetime(2030, 1, 1, tzinfo=UTC)
LONGEST_STANDSTILL = 30.0  # real seconds in which neither a timer nor anything else happens: a deadlock
SOCKET_GRACE = 0.005  # real seconds that foreign sockets are given before time jumps
_THREADED = ("aiosqlite.core", "asyncio.base_events")  # modules whose futures are completed by threads

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(AssertionError):
    """Every task waits for something that nobody is going to do."""


class _Selector(selectors.BaseSelector):
    """The real selector, asked without waiting; where it would have waited, virtual time moves on."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.microseconds = 0  # whole, so that moments compare exactly
        self.outside_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return self._real.select(0)
        if timeout is None or self.outside_work:
            return self._wait()
        ready = self._real.select(SOCKET_GRACE if len(self._real.get_map()) > 1 else 0)
        if not ready:
            self.microseconds += max(1, round(timeout * 1e6))
        return ready

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(LONGEST_STANDSTILL)
        if not ready:
            raise Deadlock(f"nothing happened for {LONGEST_STANDSTILL:.0f} real seconds, and no timer is set")
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Any:
        return self._real.get_map()


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)
        # A nanosecond, the real clock's, is lost in the floats of moments a year away.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._virtual.microseconds / 1e6

    def create_future(self) -> "asyncio.Future[Any]":
        future = super().create_future()
        if sys._getframe(1).f_globals.get("__name__") in _THREADED:
            self._count(future)
        return future

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> "asyncio.Future[T]":
        future = super().run_in_executor(executor, func, *args)
        self._count(future)
        return future

    def _count(self, future: "asyncio.Future[Any]") -> None:
        self._virtual.outside_work += 1
        future.add_done_callback(self._uncount)

    def _uncount(self, _: "asyncio.Future[Any]") -> None:
        self._virtual.outside_work -= 1


class VirtualClock:
    """`ports.clock.Clock` on a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(microseconds=round(self._loop.time() * 1e6))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(
        self, fact: Callable[[], bool | Awaitable[bool]], *, within: float = 600, every: float = 0.1, what: str = ""
    ) -> None:
        await eventually(self, fact, within=within, every=every, what=what)


async def eventually(
    clock: Any,
    fact: Callable[[], bool | Awaitable[bool]],
    *,
    within: float = 600,
    every: float = 0.1,
    what: str = "",
) -> None:
    """Ask again and again, on whatever clock, until the fact holds; AssertionError once `within` is over."""
    deadline = clock.now() + timedelta(seconds=within)
    while True:
        answer = fact()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        if clock.now() >= deadline:
            raise AssertionError(f"{what or 'the awaited fact'} did not come true within {within:g} s")
        await clock.sleep(every)


class Time:
    """One virtual loop that outlives single calls: what a state machine's rules run on."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        loop = self._runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        self.clock = VirtualClock(loop)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(story)

    def close(self) -> None:
        self._runner.close()


def run(story: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run `async def story(clock)` to its end on a loop of its own."""
    time = Time()
    try:
        return time.run(story(time.clock))
    finally:
        time.close()
