"""Logs of clusters: subscribed to a stream, subscriptions looked at and ended, and read for a while under a link.

An order sets the cluster's condition in the same transaction, so it is busy before the answer leaves; what comes of it
is the forwarder's (`reconcile/logs.py`). Whoever has a link's token may read, and needs nothing else.
"""

import dataclasses
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from steward.domain import actors, clusters, conditions, errors, logs
from steward.operations import access, history
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

FORWARDER = "job:log-forwarding"  # who is woken by an order
RECENT = 64 * 1024  # bytes of the log's end that a link shows at first
PIECE = 64 * 1024
LOOK_SECONDS = 0.5
CHECK_EVERY = 4  # looks, after which it is asked anew whether the link still holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A cluster, as the caller names it."""

    project_id: str
    cluster_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """The only place where the token stands in clear text."""

    token: str = dataclasses.field(repr=False)
    expires_at: datetime


async def subscriptions(
    context: context_.Context, actor: actors.Actor, where: Where, *, kind: str | None = None
) -> Sequence[logs.Subscription]:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, where.project_id, where.cluster_id)
        found = await work.log_subscriptions.of(cluster.id)
        return [each for each in found if not each.ending and kind in (None, "", each.kind)]


async def subscription(
    context: context_.Context, actor: actors.Actor, where: Where, subscription_id: str
) -> logs.Subscription:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, where.project_id, where.cluster_id)
        return await _one(work, cluster, subscription_id)


@operation("log.subscribe")
async def subscribe(
    context: context_.Context, actor: actors.Actor, where: Where, *, kind: str, stream_id: str
) -> logs.Operation:
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, where.project_id, where.cluster_id)
        if cluster.deleting:
            raise errors.Conflict(f"Cluster {cluster.id} is being deleted", name="ConflictError")
        logs.checked_kind(kind)
        stream = await _stream_of_its_account(work, cluster, stream_id)
        found = await work.log_subscriptions.of(cluster.id)
        if len(found) >= logs.MOST_SUBSCRIPTIONS:
            raise errors.QuotaExceeded(
                f"The log of a cluster goes to at most {logs.MOST_SUBSCRIPTIONS} streams; end one first"
            )
        if any(each.stream_id == stream.id and each.kind == kind and not each.ending for each in found):
            raise errors.Conflict(f"The {kind} log of this cluster goes to stream {stream.id} already")
        made = logs.Subscription(
            id=str(uuid.uuid4()),
            cluster_id=cluster.id,
            account=stream.account,
            stream_id=stream.id,
            kind=kind,
            operation_id=str(uuid.uuid4()),
            created_at=now,
            updated_at=now,
        )
        said = f"The {kind} log goes to stream {stream.id}"
        begun = await _begun(work, made, now)
        await _busy(work, cluster, now)
        await _write(work, "log.subscribe", "logs:subscribed", said, (cluster, actor, now))
    context.wake(FORWARDER)
    return begun


@operation("log.unsubscribe")
async def unsubscribe(
    context: context_.Context, actor: actors.Actor, where: Where, subscription_id: str
) -> logs.Operation:
    """Gone for who asks; the forwarder lets go of it."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, where.project_id, where.cluster_id)
        found = await _one(work, cluster, subscription_id)
        ending = dataclasses.replace(found, ending=True, operation_id=str(uuid.uuid4()), updated_at=now)
        said = f"The {found.kind} log goes to stream {found.stream_id} no more"
        begun = await _begun(work, ending, now)
        await _busy(work, cluster, now)
        await _write(work, "log.unsubscribe", "logs:unsubscribed", said, (cluster, actor, now))
    context.wake(FORWARDER)
    return begun


@operation("log.link")
async def link(context: context_.Context, actor: actors.Actor, where: Where, *, kind: str) -> MadeLink:
    """For whoever gets it; the oldest of many ends."""
    now, token = context.clock.now(), logs.made_token()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, where.project_id, where.cluster_id)
        if cluster.deleting:
            raise errors.Conflict(f"Cluster {cluster.id} is being deleted", name="ConflictError")
        made = logs.Link(
            id=str(uuid.uuid4()),
            cluster_id=cluster.id,
            kind=logs.checked_kind(kind),
            hash=logs.hashed(token),
            created_at=now,
            expires_at=now + logs.LINK_LIFE,
        )
        await work.log_links.put(made)
        await work.log_links.keep_latest(cluster.id, logs.MOST_LINKS)
        said = f"A link to the {kind} log was made; it ends at {made.expires_at:%Y-%m-%d %H:%M} UTC"
        await _write(work, "log.link", "logs:link-made", said, (cluster, actor, now))
    return MadeLink(token=token, expires_at=made.expires_at)


async def opened(context: context_.Context, token: str) -> logs.Link:
    """What a token opens now. One that opens nothing costs as much, and is answered alike, whatever the reason."""
    digest = logs.hashed(token)
    async with context.records.read() as work:
        found = await work.log_links.by_key(digest)
        cluster = None if found is None else await work.clusters.get(found.cluster_id)
    if found is None or cluster is None or cluster.deleting or not found.holds(context.clock.now()):
        raise errors.NotFound("This link is not valid, or not any more")
    return found


async def tail(context: context_.Context, found: logs.Link, *, follow: bool) -> AsyncIterator[Sequence[bytes]]:
    """Recent lines, then those that come, until the link ends. Empty where nothing came for a moment."""
    piece = await context.audit_logs.latest(found.cluster_id, most=RECENT)
    yield piece.lines
    place, seen, looks = piece.place, None, 0
    while follow:
        await context.clock.sleep(LOOK_SECONDS)
        looks += 1
        if not found.holds(context.clock.now()) or (looks % CHECK_EVERY == 0 and not await _still(context, found)):
            return
        glance = context.audit_logs.glance(found.cluster_id)
        if glance is None or glance == seen:
            yield ()
            continue
        more, seen = True, glance
        while more:
            piece = await context.audit_logs.read(found.cluster_id, place, most=PIECE)
            place, more = piece.place, piece.more
            yield piece.lines


async def _still(context: context_.Context, found: logs.Link) -> bool:
    async with context.records.read() as work:
        cluster = await work.clusters.get(found.cluster_id)
        there = await work.log_links.get(found.id)
    return there is not None and cluster is not None and not cluster.deleting


async def _one(work: records.Work, cluster: clusters.Cluster, subscription_id: str) -> logs.Subscription:
    found = await work.log_subscriptions.get(subscription_id) if access.is_uuid(subscription_id) else None
    if found is None or found.cluster_id != cluster.id or found.ending:
        raise errors.NotFound("This log subscription does not exist in this cluster", name="NotFoundError")
    return found


async def _stream_of_its_account(work: records.Work, cluster: clusters.Cluster, stream_id: str) -> logs.Stream:
    if not access.is_uuid(stream_id):
        raise errors.BadInput(f"[streamId] Given data ({stream_id[:64]}) is not valid for type uuid")
    project = await work.projects.get(cluster.project_id)
    found = await work.log_streams.get(stream_id)
    if found is None or project is None or found.account != project.account:
        raise errors.NotFound(f"Stream {stream_id} does not exist", name="NotFoundError")
    return found


async def _begun(work: records.Work, found: logs.Subscription, now: datetime) -> logs.Operation:
    begun = logs.Operation(
        id=found.operation_id,
        account=found.account,
        state=logs.State.PENDING,
        subscription_id=found.id,
        stream_id=found.stream_id,
        created_at=now,
        updated_at=now,
    )
    await work.log_subscriptions.put(found)
    await work.log_operations.put(begun)
    return begun


async def _busy(work: records.Work, cluster: clusters.Cluster, now: datetime) -> None:
    condition = logs.forwarding(await work.log_subscriptions.of(cluster.id), now)
    assert condition is not None, "one was just written"
    changed = conditions.merge(cluster.conditions, condition)
    await work.clusters.save(dataclasses.replace(cluster, conditions=changed, updated_at=now))


async def _write(
    work: records.Work,
    name: str,
    type_: str,
    message: str,
    by: tuple[clusters.Cluster, actors.Actor, datetime],
) -> None:
    cluster, actor, at = by
    deed = history.Deed(operation=name, type=type_, message=message)
    await history.write(work, deed, at=at, actor=actor, cluster=cluster)
