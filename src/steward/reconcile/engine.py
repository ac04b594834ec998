"""Runs the reconcilers: what to look at, when, and by whom.

Level-triggered: a subject is looked at when something woke it, when it asked to be looked at again, and
at a slow, jittered audit. The same subject is never worked on twice at a time: in this process by a
table, among several by leases in the records. A lease is kept between passes; when one grows old, all
are renewed in one transaction, so that a subject at rest costs next to nothing. Its token is checked in
the transaction that applies a result.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from steward.domain import errors, pauses
from steward.ports import clock, records
from steward.reconcile import flow, outcome
from steward.reconcile.outcome import Outcome

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
RENEW_BEFORE = timedelta(seconds=30)
AT_ONCE = 16  # passes side by side
AFTER_ERROR = 1.0  # seconds, doubled with each error in a row
LONGEST_AFTER_ERROR = 60.0


@dataclass(frozen=True, slots=True)
class Lease:
    subject: str
    token: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The subject is no more; nobody need look again."""


Handler = Callable[[str, Lease], Awaitable[Outcome | Gone]]
Everything = Callable[[], Awaitable[list[str]]]


@dataclass(slots=True)
class _Entry:
    running: bool = False
    again: bool = False
    timer: asyncio.TimerHandle | None = None
    lease: Lease | None = None
    errors: int = 0


@dataclass(slots=True)
class _State:
    entries: dict[str, _Entry] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    stopping: bool = False


class Engine:
    """`handlers` by kind (`cluster`, `nodepool`, `node`); `everything` lists all subjects that exist."""

    def __init__(
        self,
        records: records.Records,
        clock: clock.Clock,
        *,
        owner: str,
        handlers: Mapping[str, Handler],
        everything: Everything,
        audit_interval: float,
    ) -> None:
        self._records = records
        self._clock = clock
        self._owner = owner
        self._handlers = handlers
        self._everything = everything
        self._audit_interval = audit_interval
        self._random = random.Random(owner)
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._state = _State()

    async def start(self) -> None:
        """Take up everything that exists. Leases of an earlier process of this owner end here."""
        try:
            async with self._records.begin() as work:
                await work.leases.release_all(self._owner)
        except errors.Unavailable as reason:
            # A disk that is full keeps nobody from reading; the leases run out by themselves.
            log.warning("leases not released", reason=reason.message)
        for subject in await self._everything():
            self.wake(subject)
        self._keep(self._discover())

    async def stop(self) -> None:
        """End between two steps, wherever the passes are; nothing that runs in a cluster ends."""
        self._state.stopping = True
        for entry in self._state.entries.values():
            if entry.timer is not None:
                entry.timer.cancel()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        with contextlib.suppress(errors.Unavailable):
            async with self._records.begin() as work:
                await work.leases.release_all(self._owner)

    async def _discover(self) -> None:
        """Now and then, what exists without ever having been woken here: ordered through another process, say."""
        while True:
            await self._clock.sleep(self._jittered())
            try:
                for subject in await self._everything():
                    if subject not in self._state.entries:
                        self.wake(subject)
            except errors.Refusal as reason:
                log.warning("subjects not listed", reason=reason.message)
            except Exception:
                log.exception("subjects not listed")

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    def wake(self, subject: str) -> None:
        """Look at it now; while it is being looked at, once more afterwards."""
        if self._state.stopping:
            return
        entry = self._state.entries.setdefault(subject, _Entry())
        if entry.timer is not None:
            entry.timer.cancel()
            entry.timer = None
        if entry.running:
            entry.again = True
            return
        entry.running = True
        self._keep(self._work(subject, entry))

    async def _work(self, subject: str, entry: _Entry) -> None:
        async with self._at_once:
            entry.again = False
            pause = await self._pass(subject, entry)
        entry.running = False
        if pause is None:
            self._state.entries.pop(subject, None)
            if entry.again:
                self.wake(subject)
            return
        if entry.again:
            self.wake(subject)
        elif not self._state.stopping:
            entry.timer = asyncio.get_running_loop().call_later(pause, self.wake, subject)

    async def _pass(self, subject: str, entry: _Entry) -> float | None:
        """One look; the seconds until the next, or None when there is nothing left to look at."""
        try:
            lease = await self._leased(subject, entry)
            if lease is None:
                # Whoever holds it may die with it: nobody else comes back before it runs out.
                return min(self._jittered(), LEASE.total_seconds())
            result = await self._handlers[subject.partition(":")[0]](subject, lease)
            pause = await self._pause_after(result, entry)
        except flow.Stale:
            entry.lease = None
            return AFTER_ERROR
        except errors.Refusal as reason:
            entry.errors += 1
            log.warning("pass refused", subject=subject, reason=reason.message)
        except Exception:
            entry.errors += 1
            log.exception("pass failed", subject=subject)
        else:
            entry.errors = 0
            return pause
        return pauses.doubled(AFTER_ERROR, LONGEST_AFTER_ERROR, entry.errors)

    async def _pause_after(self, result: Outcome | Gone, entry: _Entry) -> float | None:
        match result:
            case Gone():
                if entry.lease is not None:
                    async with self._records.begin() as work:
                        await work.leases.release(entry.lease.subject, entry.lease.token)
                return None
            case outcome.Done():
                return self._jittered()
            case outcome.Wait(after=after) | outcome.Blocked(after=after):
                return after

    async def _leased(self, subject: str, entry: _Entry) -> Lease | None:
        now = self._clock.now()
        if entry.lease is not None and entry.lease.until - now > RENEW_BEFORE:
            return entry.lease
        until = now + LEASE
        if entry.lease is not None:
            async with self._records.begin() as work:
                held = await work.leases.renew_all(self._owner, until=until)
            for each in self._state.entries.values():
                if each.lease is not None and held.get(each.lease.subject) == each.lease.token:
                    each.lease = replace(each.lease, until=until)
            if held.get(subject) == entry.lease.token:
                return entry.lease
        async with self._records.begin() as work:
            token = await work.leases.acquire(subject, self._owner, now=now, until=until)
        entry.lease = None if token is None else Lease(subject, token, until)
        return entry.lease

    def _jittered(self) -> float:
        return self._audit_interval * self._random.uniform(0.8, 1.2)
