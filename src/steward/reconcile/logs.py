"""Hands the audit logs of clusters over to the streams that their customers subscribed (3.1.3-5, lent by doing so).

Each subscription is followed by a lane of its own, a batch at a time; its position is written down after the receiver
took the batch and before the next one is read. So whoever is killed repeats one batch at most and loses nothing, for as
long as the log itself is kept. A receiver that takes nothing is tried again less and less often, holds up nobody else,
and its customer is told.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from steward.domain import clusters, conditions, gelf, logs
from steward.operations import history, log_streams
from steward.ports import audit_logs, log_receivers, messengers, records
from steward.reconcile import jobs as jobs_
from steward.reconcile import permits
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

NAME = "log-forwarding"
LOOK_EVERY = 1.0  # seconds
LISTED_EVERY = timedelta(seconds=5)
ROUND = timedelta(seconds=24)  # well below a lease's renewal
LAST_START = timedelta(seconds=12)  # of a round, after which only receivers that answer are begun with
LOOK_AGAIN = 0.25  # seconds, while lanes are busy
BATCH = 256 * 1024  # bytes of a log that are handed over at a time
BATCHES_AT_ONCE = 16  # of one subscription, before the others have their turn
AT_ONCE = 24  # lanes
OF_ONE_ACCOUNT = 6
SMALLER_BY = 4  # halvings of a batch, at most, while a receiver takes none
NOWHERE = "the stream has no destination yet"


def jobs(services: Services) -> list[jobs_.Job]:
    forwarder = Forwarder(services)
    return [
        jobs_.Job(name=NAME, activity=logs.ACTIVITY, operation="log.forward", every=LOOK_EVERY, act=forwarder.round)
    ]


@dataclass(slots=True)
class _Followed:
    """One subscription, as far as this process knows it."""

    id: str
    cluster_id: clusters.ClusterId
    account: str
    glance: audit_logs.Glance | None = None  # as it was when all was handed over
    failures: int = 0  # in a row
    next_at: datetime | None = None
    turn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What is to be handed over next, and where the log is then."""

    subscription: logs.Subscription
    target: log_receivers.Target | None
    messages: Sequence[gelf.Message]
    lines: int
    place: audit_logs.Place
    more: bool


class Forwarder:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._followed: dict[str, _Followed] = {}
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._listed_at: datetime | None = None
        self._turns = 0

    async def round(self) -> float | None:
        """Everything that is to be handed over; it ends when nothing is, or after a while.

        Seconds until the next: longer where there is no subscription, for whoever orders one wakes it.
        """
        began = self._services.clock.now()
        try:
            while True:
                await self._settle()
                self._begin(began)
                if not self._lanes or self._services.clock.now() - began >= ROUND:
                    return None if self._followed else LISTED_EVERY.total_seconds()
                await self._pause()
        finally:
            await self._stop(list(self._lanes))

    async def _settle(self) -> None:
        """What was ordered is taken up or let go of, and the list of what is followed is as it should be."""
        async with self._services.records.read() as work:
            waiting = await work.log_subscriptions.due(self._services.clock.now())
        for each in waiting:
            if each.ending:
                await self._stop([each.id])
                await self._let_go(each)
            else:
                await self._take_up(each)
        now = self._services.clock.now()
        if waiting or self._listed_at is None or not timedelta() <= now - self._listed_at < LISTED_EVERY:
            await self._list(now)

    async def _list(self, now: datetime) -> None:
        async with self._services.records.read() as work:
            over = await work.log_links.due(now, limit=1) or await work.log_operations.due(now, limit=1)
            found = {each.id: each for each in await work.log_subscriptions.all() if not each.waits}
        await self._stop([each for each in self._followed if each not in found])
        kept = {id_: known for id_, known in self._followed.items() if id_ in found}
        fresh = {
            id_: _Followed(id=id_, cluster_id=each.cluster_id, account=each.account)
            for id_, each in found.items()
            if id_ not in kept
        }
        self._followed = kept | fresh
        self._listed_at = now
        if over:
            await self._forget(now)

    async def _forget(self, now: datetime) -> None:
        """Links that have ended, and operations that nobody asks for any more."""
        async with self._services.records.begin() as work:
            for old in await work.log_links.due(now):
                await work.log_links.remove(old.id)
            for past in await work.log_operations.due(now):
                await work.log_operations.remove(past.id)

    def _begin(self, began: datetime) -> None:
        """Lanes for those with something to hand over, whoever had its turn longest ago first."""
        now = self._services.clock.now()
        owners = Counter(self._followed[each].account for each in self._lanes)
        for each in sorted(self._followed.values(), key=lambda known: known.turn):
            if len(self._lanes) >= AT_ONCE:
                return
            busy = each.id in self._lanes or owners[each.account] >= OF_ONE_ACCOUNT
            late = each.failures > 0 and now - began >= LAST_START
            if busy or late or not self._is_due(each, now):
                continue
            self._turns += 1
            each.turn = self._turns
            owners[each.account] += 1
            self._lanes[each.id] = asyncio.ensure_future(self._forward(each))

    def _is_due(self, followed: _Followed, now: datetime) -> bool:
        """A clock that went back keeps nobody waiting for longer than the longest pause."""
        if followed.next_at is not None:
            longest = timedelta(seconds=2 * logs.LONGEST_PAUSE)
            return now >= followed.next_at or followed.next_at - now > longest
        glance = self._services.audit_logs.glance(followed.cluster_id)
        return glance is not None and glance != followed.glance

    async def _pause(self) -> None:
        """Until a lane is free, or for a moment: others may have something now."""
        nap = asyncio.ensure_future(self._services.clock.sleep(LOOK_AGAIN))
        try:
            await asyncio.wait([nap, *self._lanes.values()], return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            await asyncio.gather(nap, return_exceptions=True)
        for id_ in [id_ for id_, task in self._lanes.items() if task.done()]:
            self._lanes.pop(id_).result()

    async def _stop(self, ids: Sequence[str]) -> None:
        """Whatever such a lane had under way is handed over again, if it is to be."""
        tasks = [self._lanes.pop(each) for each in ids if each in self._lanes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _forward(self, followed: _Followed) -> None:
        """One subscription's batches, until all is handed over, one is not taken, or others have their turn."""
        for _ in range(BATCHES_AT_ONCE):
            glance = self._services.audit_logs.glance(followed.cluster_id)
            try:
                batch = await self._next(followed)
            except OSError as reason:  # the provider's disk: no matter of the customer's receiver
                log.warning("audit log not read", cluster=followed.cluster_id, reason=str(reason))
                self._put_off(followed)
                return
            if batch is None:
                followed.glance = glance
                return
            try:
                await self._hand_over(batch)
            except messengers.NotSent as reason:
                await self._failed(followed, batch.subscription, str(reason))
                return
            except Exception as reason:  # one batch that cannot even be made must not stop the others
                log.exception("log not handed over", subscription=followed.id)
                await self._failed(followed, batch.subscription, f"it failed with {type(reason).__name__}")
                return
            await self._succeeded(followed, batch)
            if not batch.more:
                followed.glance = glance
                return

    async def _next(self, followed: _Followed) -> _Batch | None:
        """None where there is nobody to hand anything over to, or nobody may."""
        services, now = self._services, self._services.clock.now()
        async with services.records.read() as work:
            found = await work.log_subscriptions.get(followed.id)
            cluster = await work.clusters.get(followed.cluster_id)
            stream = None if found is None else await work.log_streams.get(found.stream_id)
            target = None if stream is None else await log_streams.target_of(work, stream)
        if found is None or found.waits or cluster is None or not permits.lends(cluster, "log.forward", now):
            return None
        before = audit_logs.Place(inode=found.inode, head=found.head, offset=found.offset)
        most = max(1, BATCH >> min(followed.failures, SMALLER_BY))
        piece = await services.audit_logs.read(cluster.id, before, most=most)
        return _Batch(
            subscription=found,
            target=target,
            messages=_rendered(piece, gelf.Origin(cluster_id=cluster.id, project_id=cluster.project_id, read_at=now)),
            lines=len(piece.lines),
            place=piece.place,
            more=piece.more,
        )

    async def _hand_over(self, batch: _Batch) -> None:
        if batch.target is None:
            raise messengers.NotSent(NOWHERE)
        if batch.messages:
            await self._services.log_receivers.send(batch.target, batch.messages)

    async def _succeeded(self, followed: _Followed, batch: _Batch) -> None:
        """Unless somebody else has moved on from the same place since."""
        followed.failures, followed.next_at = 0, None
        before, now, place = batch.subscription, self._services.clock.now(), batch.place
        after = replace(before, inode=place.inode, head=place.head, offset=place.offset)
        if after == before and before.failing_since is None:
            return
        after = replace(
            after,
            handed_over=before.handed_over + batch.lines,
            last_at=now if batch.lines else before.last_at,
            failing_since=None,
            last_error="",
        )
        await self._move(before, after, now)

    async def _failed(self, followed: _Followed, before: logs.Subscription, reason: str) -> None:
        now = self._services.clock.now()
        self._put_off(followed)
        log.info("log not handed over", subscription=followed.id, failures=followed.failures, reason=reason)
        if before.failing_since is None and (followed.failures >= logs.TOLD_AFTER or reason == NOWHERE):
            said = reason[: logs.LONGEST_ERROR]
            await self._move(before, replace(before, failing_since=now, last_error=said), now)

    def _put_off(self, followed: _Followed) -> None:
        followed.failures += 1
        followed.next_at = self._services.clock.now() + logs.pause_after(followed.failures, followed.id)

    async def _move(self, before: logs.Subscription, after: logs.Subscription, now: datetime) -> None:
        """In one transaction with what the cluster's customer sees of it."""
        async with self._services.records.begin() as work:
            cluster = await work.clusters.get(before.cluster_id)
            if cluster is None or await work.log_subscriptions.get(before.id) != before:
                return
            await work.log_subscriptions.put(after)
            if before.failing_since != after.failing_since:
                await self._show(work, cluster, now)
                await self._tell(work, cluster, after)

    async def _take_up(self, found: logs.Subscription) -> None:
        """From now on: what is written after the cluster is READY again arrives."""
        services = self._services
        try:
            place = (await services.audit_logs.latest(found.cluster_id, most=0)).place
        except OSError as reason:
            log.warning("audit log not read", cluster=found.cluster_id, reason=str(reason))
            return
        now = services.clock.now()
        async with services.records.begin() as work:
            cluster = await work.clusters.get(found.cluster_id)
            if cluster is None or await work.log_subscriptions.get(found.id) != found:
                return
            taken = replace(
                found, taken_up_at=now, updated_at=now, inode=place.inode, head=place.head, offset=place.offset
            )
            await work.log_subscriptions.put(taken)
            await _over(work, found, now)
            await self._show(work, cluster, now)

    async def _let_go(self, found: logs.Subscription) -> None:
        now = self._services.clock.now()
        async with self._services.records.begin() as work:
            await work.log_subscriptions.remove(found.id)
            await _over(work, found, now)
            cluster = await work.clusters.get(found.cluster_id)
            if cluster is not None:
                await self._show(work, cluster, now)

    async def _show(self, work: records.Work, cluster: clusters.Cluster, now: datetime) -> None:
        condition = logs.forwarding(await work.log_subscriptions.of(cluster.id), now)
        kept = conditions.without(cluster.conditions, [conditions.Kind.LOGS_FORWARDED])
        shown = kept if condition is None else conditions.merge(cluster.conditions, condition)
        if shown != cluster.conditions:
            await work.clusters.save(replace(cluster, conditions=shown, updated_at=now))

    async def _tell(self, work: records.Work, cluster: clusters.Cluster, found: logs.Subscription) -> None:
        if found.failing_since is None:
            type_, said = "logs:delivered-again", f"The audit log reaches stream {found.stream_id} again"
        else:
            type_ = "logs:not-delivered"
            said = f"The audit log does not reach stream {found.stream_id}: {found.last_error}. Nothing is lost while "
            said += "the log itself is kept; it is tried again and again"
        event = self._services.event(
            cluster,
            f"cluster:{cluster.id}",
            type_,
            said,
            logs.ACTIVITY,
            subscription=found.id,
            stream=found.stream_id,
        )
        await history.keep(work, event)


def _rendered(piece: audit_logs.Piece, origin: gelf.Origin) -> list[gelf.Message]:
    lost = [gelf.of_loss(piece.lost, origin)] if piece.lost else []
    return [*lost, *(gelf.of_event(line, origin) for line in piece.lines)]


async def _over(work: records.Work, found: logs.Subscription, now: datetime) -> None:
    operation = await work.log_operations.get(found.operation_id)
    if operation is not None:
        await work.log_operations.put(replace(operation, state=logs.State.SUCCESS, updated_at=now))
