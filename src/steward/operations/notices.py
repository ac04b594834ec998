"""The inbox of either party, what was seen in it, and whether a row's informed parties have their receipts.

Called by the API, the console and the collectors of evidence. What gets into it is `outbox`'s, how it leaves by other
ways the delivery's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from steward.domain import actors, clusters, errors, projects
from steward.domain import notices as notices_
from steward.operations import access, outbox, registry, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records
from steward.responsibility import matrix
from steward.responsibility import notices as table

MOST = 200  # on one page
LOOKED_THROUGH = 1000  # the latest so many; older ones by paging
NOT_THERE = "This notice does not exist in your inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`seen_at` is when the one who asks saw it; the receipt is the party's."""

    notice: notices_.Notice
    seen_at: datetime | None
    receipt: notices_.Receipt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Latest first. `unseen` counts among the latest thousand; `before` is where the next page begins, or empty."""

    items: Sequence[Item]
    unseen: int
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    limit: int = 50
    before: str = ""  # the id of a notice
    unseen_only: bool = False


class Told(StrEnum):
    """How far a party was told."""

    NOTHING = "nothing"  # there was nothing to tell
    RECEIVED = "received"
    PENDING = "pending"
    MISSED = "missed"  # a deadline passed without a receipt, and none came later


@dataclass(frozen=True, slots=True, kw_only=True)
class Informed:
    """`told` is the worst of the parties'; without parties nobody has I in the row."""

    told: Told
    parties: Mapping[str, Told]
    notices: int
    last_at: datetime | None  # the last notice's

    @property
    def proven(self) -> bool:
        return self.told is Told.RECEIVED


async def inbox(
    context: context_.Context, actor: actors.Actor, *, project_id: str = "", page: Page | None = None
) -> Inbox:
    """Of one project; without one of all that the actor may see: the provider's own, or the account's projects."""
    page = page or Page()
    if not 1 <= page.limit <= MOST:
        raise errors.BadInput(f"limit must be between 1 and {MOST}")
    async with context.records.read() as work:
        found = await _all(work, actor, project_id, deep=bool(page.before))
        unseen = sum(1 for each in found[-LOOKED_THROUGH:] if reader(actor) not in each.seen)
        older = _older(found, page.before)
        if page.unseen_only:
            older = [each for each in older if reader(actor) not in each.seen]
        shown = list(reversed(older[-page.limit :]))
        items = [
            Item(notice=each, seen_at=each.seen.get(reader(actor)), receipt=await work.receipts.get(each.id))
            for each in shown
        ]
    more = len(older) > len(shown) or (len(found) >= LOOKED_THROUGH and not page.before)
    return Inbox(items=items, unseen=unseen, before=shown[-1].id if shown and more else "")


@operation("notice.seen", "staff_notice.seen")
async def seen(
    context: context_.Context, actor: actors.Actor, *, notice_id: str, project_id: str = ""
) -> notices_.Notice:
    """The inbox's receipt: somebody of the party saw it. Seeing it again changes nothing."""
    registry.narrow("staff_notice.seen" if actor.of_provider else "notice.seen")
    now = context.clock.now()
    async with context.records.begin() as work:
        notice = await _one(work, actor, notice_id, project_id)
        if reader(actor) in notice.seen:
            return notice
        marked = replace(notice, seen={**notice.seen, reader(actor): now})
        await work.notices.put(marked)
        for each in await work.deliveries.of(notice.id):
            if each.channel is notices_.Channel.INBOX and each.state is not notices_.State.DELIVERED:
                answer = f"seen by {actor.name}"
                had = replace(each, state=notices_.State.DELIVERED, receipt=answer, delivered_at=now)
                await work.deliveries.put(had)
                await outbox.received(work, had, at=now, channel=each.channel, answer=answer)
    return marked


async def informed(work: records.Work, activity: str, subject: str, since: datetime | None = None) -> Informed:
    """Of every party with I in the row, whether each notice (since then) has a receipt by somebody of it.

    `subject` is as in `Evidence`: `cluster:<id>`, `project:<id>` or `fleet`.
    """
    contract = matrix.load()
    kind, _, id_ = subject.partition(":")
    cluster = await work.clusters.get(clusters.ClusterId(id_)) if kind == "cluster" else None
    if cluster is not None:
        contract = matrix.load(cluster.contract)
    parties, receipts = {}, []
    for party in table.informed(contract, activity):
        found = [
            each
            for each in await work.receipts.of(notices_.row(activity, subject, party))
            if since is None or each.created_at >= since
        ]
        parties[party] = _told(found)
        receipts += found
    last = max((each.created_at for each in receipts), default=None)
    return Informed(told=_worst(parties), parties=parties, notices=len(receipts), last_at=last)


def reader(actor: actors.Actor) -> str:
    """By whom a notice is seen: a person, or a key that belongs to none."""
    return str(actor.person_id or actor.name)


def _told(found: Sequence[notices_.Receipt]) -> Told:
    missing = [each for each in found if each.received_at is None]
    if any(each.missed for each in missing):
        return Told.MISSED
    if missing:
        return Told.PENDING
    return Told.RECEIVED if found else Told.NOTHING


def _worst(parties: Mapping[str, Told]) -> Told:
    order = list(Told)
    return max(parties.values(), key=order.index, default=Told.NOTHING)


async def _all(work: records.Work, actor: actors.Actor, project_id: str, *, deep: bool) -> Sequence[notices_.Notice]:
    """Oldest first, the actor's party's only."""
    latest = None if deep else LOOKED_THROUGH
    wanted = None if not project_id else await access.project(work, actor, project_id)
    if actor.of_provider:
        found = await work.notices.of(errors.PROVIDER, latest=latest)
        return [each for each in found if wanted is None or each.project_id == wanted.id]
    if wanted is not None:
        return await work.notices.of(wanted.id, latest=latest)
    own = await work.projects.of_account(actor.account) if actor.account else []
    every = [each for one in own if actor.reaches(one) for each in await work.notices.of(one.id, latest=latest)]
    return sorted(every, key=lambda each: each.created_at)


def _older(found: Sequence[notices_.Notice], before: str) -> Sequence[notices_.Notice]:
    if not before:
        return found
    for index, each in enumerate(found):
        if each.id == before:
            return found[:index]
    raise errors.BadInput("[before] is no notice of this inbox")


async def _one(work: records.Work, actor: actors.Actor, notice_id: str, project_id: str) -> notices_.Notice:
    """What belongs to somebody else is answered like what does not exist."""
    found = await work.notices.get(notice_id)
    home: projects.Project | None = None
    if project_id:
        home = await access.project(work, actor, project_id)
    else:
        await rights.decided(work, actor)
    # Looked for whether or not there is a notice: the time it takes says nothing.
    about = home or await work.projects.get(projects.ProjectId((found.project_id or "") if found else ""))
    if found is None or found.party != actor.party or (home is not None and found.project_id != home.id):
        raise errors.NotFound(NOT_THERE)
    if home is None and not actor.of_provider and (about is None or not actor.reaches(about)):
        raise errors.NotFound(NOT_THERE)
    return found
