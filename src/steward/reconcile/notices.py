"""Brings notices to those who are to be told: mail and webhooks, tried again until they arrive or are given up.

Each attempt is noted before it is made, and a receipt after it came: a service that dies in between sends once more,
under the same message id, and never holds for delivered what nobody took. Messages to one address go one after
another, those to different addresses side by side, so that a slow receiver holds up nobody but itself.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from steward.domain import errors, events, ledgers
from steward.domain import notices as notices_
from steward.kit import times
from steward.operations import history, outbox, webhooks
from steward.ports import messengers, records
from steward.reconcile import jobs as jobs_
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

EVERY = 5.0  # seconds between two rounds
ROUND = timedelta(seconds=10)  # in which a round takes up what is due; what it began, it ends
LOOK_AGAIN = 0.5  # seconds, while messages are under way
AT_ONCE = 32  # addresses side by side
OF_ONE_PROJECT = 8
PAGE = 200
RESERVED_FOR = timedelta(seconds=30)  # that what waits in a lane is not taken up by anybody else
MAKES_WAY = timedelta(seconds=5)
CLAIMED_FOR = timedelta(seconds=60)  # longer than any attempt; after a death it is due again then
ACTIVITY = "3.2.1-2"  # to notify is a part of managing what happened
DIGEST_TYPE = "digest"
UNSEEN = "Nobody saw it in the inbox"

Lane = tuple[notices_.Channel, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """One address's messages; `owner` is the project, whose share of all lanes is limited."""

    owner: str
    queue: deque[notices_.Delivery]
    task: asyncio.Task[None]


def jobs(services: Services) -> list[jobs_.Job]:
    deliverer = Deliverer(services)
    return [
        jobs_.Job(name="notices", activity=ACTIVITY, every=EVERY, act=deliverer.round),
        jobs_.Job(name="receipts", activity=ACTIVITY, every=60.0, act=lambda: note_missed(services)),
    ]


async def note_missed(services: Services) -> None:
    """Receipts whose deadline passed."""
    while True:
        now = services.clock.now()
        async with services.records.begin() as work:
            due = await work.receipts.due(now, limit=PAGE)
            for each in due:
                await outbox.missed(work, each, at=now)
        if len(due) < PAGE:
            return


class Deliverer:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._lanes: dict[Lane, _Lane] = {}
        self._failures: dict[Lane, int] = {}  # in a row, of an address; what waits for it is not asked more often

    async def round(self) -> None:
        """Everything that is due, and what becomes due while it lasts."""
        end = self._services.clock.now() + ROUND
        try:
            while await self._take_up(end) or self._lanes:
                await self._pause()
                self._reap()
        finally:
            left = [each.task for each in self._lanes.values()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self._lanes.clear()

    async def _pause(self) -> None:
        """Until a lane is free, or for a moment: others may have become due."""
        nap = asyncio.ensure_future(self._services.clock.sleep(LOOK_AGAIN))
        try:
            tasks = [each.task for each in self._lanes.values()]
            await asyncio.wait([nap, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            await asyncio.gather(nap, return_exceptions=True)

    def _reap(self) -> None:
        for lane in [lane for lane, each in self._lanes.items() if each.task.done()]:
            self._lanes.pop(lane).task.result()

    async def _take_up(self, end: datetime) -> bool:
        """Page by page, so that many for one address do not hide those for others; whether there was any."""
        found = False
        while self._services.clock.now() < end:
            due = await self._reserved()
            self._reap()  # nothing is put into a lane that has ended
            for each in due:
                lane = _lane_of(each)
                if lane not in self._lanes:
                    self._lanes[lane] = self._begun(str(each.project_id), end)
                self._lanes[lane].queue.append(each)
            found = found or bool(due)
            if len(due) < PAGE:
                break
        return found

    async def _reserved(self) -> list[notices_.Delivery]:
        """Those due that there is room for; the others make way, so that they hide nobody.

        Until their new date nobody else takes them up; no attempt is counted.
        """
        now = self._services.clock.now()
        async with self._services.records.read() as work:
            due = await work.deliveries.due(now, limit=PAGE)
        if not due:
            return []
        lanes = {lane: each.owner for lane, each in self._lanes.items()}
        taken = []
        async with self._services.records.begin() as work:
            for each in due:
                current = await work.deliveries.get(each.id)
                if current is None or current.state is not notices_.State.PENDING or current.next_at != each.next_at:
                    continue
                lane, owner = _lane_of(each), str(each.project_id)
                if lane not in lanes and not _has_room(list(lanes.values()), owner):
                    await work.deliveries.put(replace(current, next_at=now + MAKES_WAY))
                    continue
                lanes.setdefault(lane, owner)
                taken.append(replace(current, next_at=now + RESERVED_FOR))
                await work.deliveries.put(taken[-1])
        return taken

    def _begun(self, owner: str, end: datetime) -> "_Lane":
        queue: deque[notices_.Delivery] = deque()
        return _Lane(owner=owner, queue=queue, task=asyncio.ensure_future(self._run(queue, end)))

    async def _run(self, queue: deque[notices_.Delivery], end: datetime) -> None:
        """One address's messages. At the first that fails, the others wait with it: they would fail like it."""
        first = True
        while queue and (first or self._services.clock.now() < end):
            first, each = False, queue.popleft()
            if each.channel is notices_.Channel.INBOX:
                await self._unseen(each)
            elif not await self._attempt(each):
                await self._put_off(list(queue))
                return

    async def _attempt(self, due: notices_.Delivery) -> bool:
        """False where its address seems to be out of reach."""
        claimed = await self._claimed(due)
        if claimed is None:
            return True
        try:
            answer = await self._send(claimed)
        except messengers.NotSent as reason:
            if not reason.final:
                self._failures[_lane_of(claimed)] = self._failures.get(_lane_of(claimed), 0) + 1
            await self._failed(claimed, str(reason), final=reason.final)
            return reason.final
        except Exception as reason:  # one message that cannot even be made must not stop all others
            log.exception("notice not sent", delivery=claimed.id)
            await self._failed(claimed, f"It could not be sent ({type(reason).__name__})", final=False)
            return True
        self._failures.pop(_lane_of(claimed), None)
        await self._arrived(claimed, answer)
        return True

    async def _claimed(self, due: notices_.Delivery) -> notices_.Delivery | None:
        """The attempt is counted before it is made; from now on nothing more joins the message."""
        now = self._services.clock.now()
        async with self._services.records.begin() as work:
            found = await _still(work, due)
            if found is None:
                return None
            gone = await _nobody_there(work, found)
            if gone:
                await _end(work, [found], gone, now)
                return None
            claimed = replace(found, attempts=found.attempts + 1, next_at=now + CLAIMED_FOR)
            await work.deliveries.put(claimed)
        return claimed

    async def _send(self, delivery: notices_.Delivery) -> str:
        async with self._services.records.read() as work:
            found = [await work.notices.get(each) for each in delivery.notices]
            way = await work.preferences.get(delivery.preference_id)
            hook = way is not None and delivery.channel is notices_.Channel.WEBHOOK
            secret = await webhooks.signing(work, way, self._services.clock.now()) if way is not None and hook else ""
        told = [each for each in found if each is not None]
        if not hook:
            return await self._services.mail.send(letter(delivery, told))
        type_ = told[0].type if len(told) == 1 else DIGEST_TYPE
        return await self._services.webhooks.send(delivery.address, secret, delivery.id, type_, payload(told))

    async def _arrived(self, delivery: notices_.Delivery, answer: str) -> None:
        now = self._services.clock.now()
        had = replace(delivery, state=notices_.State.DELIVERED, receipt=answer, delivered_at=now, last_error="")
        async with self._services.records.begin() as work:
            await work.deliveries.put(had)
            await outbox.received(work, had, at=now, channel=had.channel, answer=answer)

    async def _failed(self, delivery: notices_.Delivery, reason: str, *, final: bool) -> None:
        now = self._services.clock.now()
        log.info("notice not delivered", delivery=delivery.id, attempts=delivery.attempts, reason=reason)
        async with self._services.records.begin() as work:
            if final or delivery.attempts >= notices_.MOST_ATTEMPTS or now >= delivery.given_up_at:
                await _end(work, [delivery], reason, now)
                return
            pause = self._pause_of(delivery)
            await work.deliveries.put(replace(delivery, next_at=now + pause, last_error=reason))

    async def _put_off(self, later: Sequence[notices_.Delivery]) -> None:
        """No attempt of theirs is counted; what was to be given up by now is."""
        now = self._services.clock.now()
        over = []
        async with self._services.records.begin() as work:
            for each in later:
                current = await _still(work, each)
                if current is not None and now >= current.given_up_at:
                    over.append(current)
                elif current is not None:
                    await work.deliveries.put(replace(current, next_at=now + self._pause_of(current)))
            await _end(work, over, "Its address is out of reach, as the message before it showed", now)

    def _pause_of(self, delivery: notices_.Delivery) -> timedelta:
        failures = self._failures.get(_lane_of(delivery), 1)
        return notices_.pause_after(max(delivery.attempts, failures), delivery.id)

    async def _unseen(self, delivery: notices_.Delivery) -> None:
        """Nobody saw it in the inbox. That matters to the provider where the customer got it by no other way either."""
        now = self._services.clock.now()
        async with self._services.records.begin() as work:
            current = await _still(work, delivery)
            if current is None:
                return
            receipt = await work.receipts.get(current.notice_id)
            told = receipt is None or receipt.received_at is not None
            if told or current.party == errors.PROVIDER:
                await work.deliveries.put(replace(current, state=notices_.State.GIVEN_UP, last_error=UNSEEN))
            else:
                await _end(work, [current], UNSEEN, now)


def _lane_of(delivery: notices_.Delivery) -> Lane:
    return delivery.channel, delivery.address


def _has_room(owners: Sequence[str], owner: str) -> bool:
    return len(owners) < AT_ONCE and owners.count(owner) < OF_ONE_PROJECT


async def _still(work: records.Work, held: notices_.Delivery) -> notices_.Delivery | None:
    """As it stands now, unless it ended or somebody else took it up since."""
    found = await work.deliveries.get(held.id)
    same = found is not None and found.state is notices_.State.PENDING and found.next_at == held.next_at
    return found if same else None


async def _nobody_there(work: records.Work, delivery: notices_.Delivery) -> str:
    """Why this way has ended since the notice; empty where it is still there."""
    if await work.preferences.get(delivery.preference_id) is None:
        return "This way was removed after the notice"
    if delivery.person_id is None:
        return ""
    known = await outbox.recipients(work, delivery.party, delivery.project_id)
    return "" if any(each.id == delivery.person_id for each in known) else "The person has no access any more"


async def _end(work: records.Work, ended: Sequence[notices_.Delivery], reason: str, now: datetime) -> None:
    """Given up, and said so: in the history, and to the provider, whose duty it was. Once for those of one cluster."""
    silent: dict[tuple[str | None, str | None, str], list[tuple[notices_.Delivery, notices_.Notice]]] = {}
    for each in ended:
        await work.deliveries.put(replace(each, state=notices_.State.GIVEN_UP, last_error=reason, key=None))
        log.warning("notice given up", delivery=each.id, channel=each.channel.value, reason=reason)
        notice = await work.notices.get(each.notice_id)
        if notice is not None and notice.type != notices_.GIVEN_UP:
            silent.setdefault((notice.project_id, notice.cluster_id, notice.activity), []).append((each, notice))
    for found in silent.values():
        await _say(work, found, reason, now)


async def _say(
    work: records.Work, ended: Sequence[tuple[notices_.Delivery, notices_.Notice]], reason: str, now: datetime
) -> None:
    delivery, notice = ended[0]
    count = sum(len(each.notices) for each, _ in ended)
    message = f"{count} notice(s) to the {delivery.party} did not arrive by {delivery.channel.value}: {reason}"
    facts = {
        "delivery": delivery.id,
        "notice": notice.id,
        "notices": str(count),
        "attempts": str(delivery.attempts),
        "channel": delivery.channel.value,
        "told": delivery.party,
    }
    if notice.project_id is not None and notice.cluster_id is not None:
        event = events.Event(
            at=now,
            project_id=notice.project_id,
            cluster_id=notice.cluster_id,
            subject="notice",
            subject_id=notice.id,
            type=notices_.GIVEN_UP,
            message=message,
            actor="automation",
            activity=notice.activity,
            facts=facts,
        )
        await history.keep(work, event)
        return
    draft = ledgers.Draft(
        kind="event",
        at=now,
        activity=notice.activity,
        subject=notice.proves,
        facts={"type": notices_.GIVEN_UP, **facts},
        personal={"message": message},
    )
    await work.ledger.append(ledgers.log_of(notice.project_id), draft)
    news = outbox.News(
        at=now,
        activity=notice.activity,
        type=notices_.GIVEN_UP,
        text=message,
        acted=errors.PROVIDER,
        project_id=notice.project_id,
        subject=notice.subject,
        facts=facts,
    )
    await outbox.inform(work, news)


def payload(told: Sequence[notices_.Notice]) -> Mapping[str, Any]:
    """What a webhook gets, in the same form for one and for many."""
    return {"notices": [_shown(each) for each in told]}


def _shown(notice: notices_.Notice) -> Mapping[str, Any]:
    return {
        "id": notice.id,
        "type": notice.type,
        "activity": notice.activity,
        "project": notice.project_id,
        "cluster": notice.cluster_id,
        "subject": notice.subject,
        "severity": notice.severity.value,
        "title": notice.title,
        "text": notice.text,
        "facts": dict(notice.facts),
        "createdAt": times.rfc3339(notice.created_at),
        "dueAt": times.rfc3339(notice.due_at),
    }


def letter(delivery: notices_.Delivery, told: Sequence[notices_.Notice]) -> messengers.Letter:
    subject = told[0].title if len(told) == 1 else f"{len(told)} notices, the first: {told[0].title}"
    return messengers.Letter(
        message_id=delivery.id,
        to=delivery.address,
        subject=f"[steward] {subject}",
        text="\n\n".join(_paragraph(each) for each in told) + "\n",
    )


def _paragraph(notice: notices_.Notice) -> str:
    about = [f"Project {notice.project_id}"] if notice.project_id else []
    about += [f"Cluster {notice.cluster_id}"] if notice.cluster_id else []
    lines = [
        f"{notice.title} ({notice.severity.value})",
        notice.text,
        *about,
        f"Activity {notice.activity} of the responsibility matrix · {times.rfc3339(notice.created_at)}",
        f"In your inbox as {notice.id}",
    ]
    return "\n".join(lines)
