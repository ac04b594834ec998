"""What the ledger costs: its appends as a share of an order, and the verification of a million entries.

Called by `python -m bench --only ledger`; needs neither root nor components. Orders are made by the service's own
operations on a SQLite file of the disk that is measured, synced at every commit; the bundles are those of `kit`.
"""

import asyncio
import dataclasses
import logging
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from steward.domain import actors, ledgers, projects
from steward.kit import bundles, leaves, merkle, notes, verification
from steward.operations import clusters, context, orders
from steward.operations import projects as projects_
from steward.outside import clock, passwords, sealing
from steward.ports import records
from steward.runtimes.simulated import hosts, world
from steward.storage import ledgers as storage_ledgers
from steward.storage import records as records_

ORDERS = 200
SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 10_000)
CHECKPOINT_EVERY = 100
Taken = tuple[float, float]  # seconds by the clock, and of CPU
ORIGIN, LOG = "steward.bench/project-0", "project-0"
ACCOUNT = "bench"


def measured(folder: Path, *, quick: bool) -> dict[str, Any]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    appends = asyncio.run(_orders(folder, 50 if quick else ORDERS))
    sizes = QUICK_SIZES if quick else SIZES
    return {"appends": appends, "verification": [_verification(folder, size) for size in sizes]}


class _Timed:
    """The records, with the time that appends take inside their transactions."""

    def __init__(self, inner: records.Records, taken: list[Taken]) -> None:
        self._inner = inner
        self._taken = taken
        self.read = inner.read

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[records.Work]:
        async with self._inner.begin() as work:
            yield dataclasses.replace(work, ledger=_TimedLedger(work.ledger, self._taken))

    async def close(self) -> None:
        await self._inner.close()


class _TimedLedger:
    def __init__(self, inner: records.Ledger, taken: list[Taken]) -> None:
        self._inner = inner
        self._taken = taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def append(self, log: str, draft: ledgers.Draft) -> int:
        began = _now()
        index = await self._inner.append(log, draft)
        self._taken.append(_since(began))
        return index


async def _orders(folder: Path, count: int) -> dict[str, Any]:
    appends: list[Taken] = []
    now = clock.SystemClock()
    kept = await records_.open(f"sqlite:///{folder / 'ledger.db'}", sealing.FileKeySealing(folder / "seal.key"))
    timed: records.Records = _Timed(kept, appends)  # type: ignore[assignment]  # a port's look, with one part timed
    host = hosts.SimulatedHost(world.World(clock=now))
    needs = context.Context(
        records=timed, clock=now, host=host, passwords=passwords.Argon2Passwords(), wake=lambda _: None
    )
    customer = actors.customer(projects.AccountId(ACCOUNT))
    try:
        taken = []
        for number in range(count):
            # A project each: its quota and its list of clusters stay as small as a customer's.
            project = await projects_.create(needs, actors.OPERATOR, account=ACCOUNT, description=str(number))
            appends.clear()
            began = _now()
            pool = orders.PoolOrder(name="workers", flavor="d2-4", desired=1)
            order = orders.ClusterOrder(region="LOCAL1", pools=[pool])
            await clusters.create(needs, customer, project_id=project.id, order=order)
            taken.append((_since(began), list(appends)))
    finally:
        await kept.close()
    return _shares(taken[count // 10 :])  # the first ones compile their statements


def _shares(taken: Sequence[tuple[Taken, Sequence[Taken]]]) -> dict[str, Any]:
    """By the clock, as a customer waits, and by CPU time, which hardly depends on what else runs."""
    found: dict[str, Any] = {
        "orders": len(taken),
        "appends_per_order": statistics.median(len(appends) for _, appends in taken),
    }
    for place, suffix in enumerate(("", "_cpu")):
        order = statistics.median(whole[place] for whole, _ in taken)
        one = statistics.median(each[place] for _, appends in taken for each in appends)
        every = sum(each[place] for _, appends in taken for each in appends)
        found |= {
            f"order_p50{suffix}_ms": round(order * 1000, 3),
            f"append_p50{suffix}_ms": round(one * 1000, 4),
            f"one_append_of_an_order{suffix}": round(one / order, 4),
            f"all_appends_of_an_order{suffix}": round(every / sum(whole[place] for whole, _ in taken), 4),
        }
    return found


def _now() -> Taken:
    return time.perf_counter(), time.process_time()


def _since(began: Taken) -> Taken:
    return time.perf_counter() - began[0], time.process_time() - began[1]


def _verification(folder: Path, size: int) -> dict[str, Any]:
    path = folder / f"{size}.jsonl"
    with path.open("wb") as file:
        file.writelines(_bundle(size))
    began, cpu = time.perf_counter(), time.process_time()
    with path.open("rb") as file:
        verdict = verification.verify(bundles.lines_of(file))
    spent, cpu = time.perf_counter() - began, time.process_time() - cpu
    if not verdict.holds or verdict.entries != size:
        raise ValueError(f"the bundle of {size} entries does not hold: {verdict.fault}")
    megabytes = path.stat().st_size / 1e6
    path.unlink()
    return {
        "entries": size,
        "checkpoints": verdict.checkpoints,
        "megabytes": round(megabytes, 1),
        "seconds": round(spent, 3),
        "microseconds_per_entry": round(spent / size * 1e6, 2),
        "cpu_microseconds_per_entry": round(cpu / size * 1e6, 2),
    }


def _bundle(size: int) -> Iterator[bytes]:
    """Entries as the service writes them: two personal values each, a checkpoint now and then."""
    secret, writer, tree = notes.new_secret(), bundles.Writer(), merkle.Growing()
    began = datetime(2030, 1, 1, tzinfo=UTC)
    header = bundles.Header(
        origin=ORIGIN, log=LOG, size=size, reader=bundles.CUSTOMER, exported_at=leaves.moment(began)
    )
    yield writer.header(header)
    for index in range(size):
        first = index == 0
        public = notes.encoded(notes.public_of(secret))
        draft = ledgers.Draft(
            kind="key" if first else "event",
            at=began + timedelta(seconds=index),
            activity="3.1.3-3",
            subject="cluster:11111111-2222-4333-8444-555555555555",
            facts={"public": public, "note": ""} if first else {"type": "nodepool:resized", "desired": str(index)},
            personal={"actor": "somebody@example.org", "message": f"Pool workers was resized to {index} nodes"},
        )
        disclosed = leaves.salted(draft.personal)
        leaf = storage_ledgers.leaf_of(LOG, index, draft, disclosed)
        digest = merkle.leaf_hash(leaf.encode())
        tree.append(digest)
        yield writer.entry(bundles.Entry(index=index, hash=digest, leaf=leaf, disclosed=disclosed))
        if tree.size % CHECKPOINT_EVERY == 0 or tree.size == size:
            checkpoint = notes.Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root, at=draft.at)
            yield writer.checkpoint(tree.size, notes.signed(checkpoint.text, ORIGIN, secret))
    yield writer.end()
