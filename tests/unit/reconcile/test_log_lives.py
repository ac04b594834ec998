"""A log that is cut, renamed and torn, a receiver that fails now and then, and forwarders that die: nothing is lost."""

import asyncio
import contextlib
import dataclasses
import random
import tempfile
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from steward.domain import conditions, logs, projects
from steward.reconcile import logs as forwarding
from steward.reconcile.services import Services
from steward.runtimes.processes import audit_logs, places
from tests import receivers, virtual
from tests.unit.reconcile import ears, posts, stewards, test_audit_lives
from tests.unit.responsibility import audited
from tests.unit.responsibility.audited import ADMIN, CLUSTER, NOON

URL = "https://logs.example.org"
ACCOUNT = projects.AccountId("ab1-local")
PATIENCE = 2 * logs.LONGEST_PAUSE  # seconds, after which whoever was put off comes again


class Life:
    """A log in a folder, its subscription, and a forwarder that is born again whenever it died."""

    def __init__(self, clock: virtual.VirtualClock, folder: Path, seed: int) -> None:
        self.clock = clock
        self.records = posts.OneAtATime()
        self.outside = receivers.Simulated(clock)
        self.spot = places.Places(folder, "x")
        self.here = self.spot.cluster(CLUSTER)
        self.here.audit.mkdir(parents=True)
        self.random = random.Random(seed)
        self.written: list[str] = []
        self.held = b""
        self.files = 0
        self.spoiled = 0  # batches whose end nobody learned of, at most
        self.life = stewards.Life()
        self.work: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        stream = logs.Stream(id="s", account=ACCOUNT, title="mine", url=URL, created_at=NOON, updated_at=NOON)
        subscription = logs.Subscription(
            id="1",
            cluster_id=CLUSTER,
            account=ACCOUNT,
            stream_id="s",
            kind=logs.AUDIT,
            operation_id="o",
            created_at=NOON,
            updated_at=self.clock.now(),
        )
        begun = logs.forwarding([subscription], self.clock.now())
        assert begun is not None
        cluster = test_audit_lives._cluster()
        self._put(b"")
        async with self.records.begin() as work:
            await work.clusters.save(_with(cluster, begun))
            await work.log_streams.put(stream)
            await work.log_subscriptions.put(subscription)
        self.born()

    def born(self) -> None:
        self.life = stewards.Life()
        services = types.SimpleNamespace(
            records=stewards.GatedRecords(self.records, self.life),
            clock=stewards.Gated(self.clock, self.life),
            audit_logs=stewards.Gated(audit_logs.ProcessAuditLogs(self.spot), self.life),
            log_receivers=stewards.Gated(self.outside, self.life),
            event=lambda *_, **__: None,
        )
        forwarder = forwarding.Forwarder(cast(Services, services))
        forwarder._tell = _told  # type: ignore[method-assign] # what customers are told is tested elsewhere
        self.work = asyncio.ensure_future(self._rounds(forwarder))

    async def _rounds(self, forwarder: forwarding.Forwarder) -> None:
        with contextlib.suppress(stewards.Killed):
            while True:
                await forwarder.round()
                await self.clock.sleep(forwarding.LOOK_EVERY)

    def dying(self) -> None:
        """At one of its next crossings, in the middle of whatever it does then."""
        left = self.random.randrange(1, 25)

        def gate() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.life.end()

        self.life.on_gate = gate

    async def buried(self) -> None:
        """Whoever died, or was about to, is followed by the next."""
        self.life.end()
        assert self.work is not None
        self.work.cancel()
        await asyncio.gather(self.work, return_exceptions=True)
        self.spoiled += 1
        self.born()

    def write(self) -> None:
        self.complete()
        number = f"{len(self.written):08d}"
        document = audited.event(ADMIN, "create", "configmaps", f"shop/{number}", id=number, at=self.clock.now())
        self.written.append(number)
        self._put(audited.line(document) + b"\n")

    def tear(self) -> None:
        self.complete()
        number = f"{len(self.written):08d}"
        self.written.append(number)
        whole = audited.line(audited.event(ADMIN, "get", "pods", "shop/x", id=number, at=self.clock.now())) + b"\n"
        self._put(whole[: len(whole) // 2])
        self.held = whole[len(whole) // 2 :]

    def complete(self) -> None:
        if self.held:
            self._put(self.held)
            self.held = b""

    def rotate(self) -> None:
        self.complete()
        self.files += 1
        self.here.audit_log.rename(self.here.audit / f"audit-2026-{self.files:06d}.log")
        self._put(b"")

    def _put(self, data: bytes) -> None:
        with open(self.here.audit_log, "ab") as file:
            file.write(data)

    async def step(self, step: str) -> None:
        way = self.outside.way(URL)
        if step == "wait":
            await self.clock.sleep(self.random.choice([0.3, 1.0, 5.0]))
        elif step == "die":
            self.dying()
            await self.clock.sleep(self.random.choice([0.5, 4.0]))
            await self.buried()
        elif step == "fail":
            way.failing = "" if way.failing else "It answered 503"
        elif step == "lose":
            way.loses_answers = not way.loses_answers
            self.spoiled += 12  # attempts between here and its end
        else:
            getattr(self, step)()

    def arrived(self) -> list[str]:
        return [str(each["_audit_id"]) for each in self.outside.way(URL).got]


async def _told(*_: Any) -> None:
    return None


def _with(cluster: Any, condition: conditions.Condition) -> Any:
    return dataclasses.replace(cluster, conditions=(condition,))


STEPS = st.lists(
    st.sampled_from(["write", "write", "write", "tear", "rotate", "wait", "wait", "die", "fail", "lose"]), max_size=30
)


@settings(max_examples=80, deadline=None)
@given(STEPS, st.sampled_from([1, 700, 2**18]), st.integers(0, 2**16))
def test_all_arrives_in_order_and_little_of_it_twice(steps: Sequence[str], batch: int, seed: int) -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        life = Life(clock, Path(folder), seed)
        await life.begin()
        await clock.sleep(3)
        for step in steps:
            await life.step(step)
        life.complete()
        way = life.outside.way(URL)
        way.failing, way.loses_answers = "", False
        await clock.until(lambda: set(life.arrived()) >= set(life.written), within=PATIENCE, every=1.0)
        await life.buried()
        found = life.arrived()
        assert list(dict.fromkeys(found)) == life.written, "each for the first time in its order, and nothing else"
        if batch == 1:
            assert len(found) - len(life.written) <= life.spoiled, "of a batch of one line, one line is repeated"
        life.life.end()
        assert life.work is not None
        life.work.cancel()
        await asyncio.gather(life.work, return_exceptions=True)

    before, forwarding.BATCH = forwarding.BATCH, batch
    try:
        with tempfile.TemporaryDirectory(dir=ears.forgetful_disk()) as folder, ears.open_for_errors() as heard:
            virtual.run(story)
        assert not heard, ears.said(heard)
    finally:
        forwarding.BATCH = before
