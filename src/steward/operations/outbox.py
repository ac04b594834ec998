"""What another party is to be told, written in the transaction that did it; and what came of it.

Called by `history` for every event, by whoever tells of what is no event, and by the delivery of notices with each
receipt. The matrix that the cluster is pinned to says who is informed. Nothing is sent from here.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from steward.domain import actors, clusters, errors, events, ledgers, people, projects
from steward.domain import evidence as evidence_
from steward.domain import notices as notices_
from steward.operations import terms
from steward.ports import records
from steward.responsibility import model
from steward.responsibility import notices as table

COLLECTOR = "notices"
VALID_FOR = timedelta(days=366)
LOOKED_AT = 200  # of a row's latest receipts
_AUTOMATION = "automation"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The result of an activity. `acted` is the party that brought it about: alone, so that it knows already."""

    at: datetime
    activity: str
    type: str
    text: str
    acted: str
    project_id: projects.ProjectId | None = None  # None: of the provider's own
    cluster_id: clusters.ClusterId | None = None
    subject: str
    facts: Mapping[str, str] = field(default_factory=dict)


async def tell_of(work: records.Work, event: events.Event, *, acted: str = "") -> None:
    """Of an event. Without `acted` its actor's name says who did it."""
    if not table.ever(event.activity, event.type):
        return
    news = News(
        at=event.at,
        activity=event.activity,
        type=event.type,
        text=event.message,
        acted=acted or await _party_of(work, event.actor),
        project_id=event.project_id,
        cluster_id=event.cluster_id or None,  # empty where it is about the project itself
        subject=f"{event.subject}:{event.subject_id}",
        facts=event.facts,
    )
    await inform(work, news)


async def inform(work: records.Work, news: News) -> Sequence[notices_.Notice]:
    """One notice for each party that has I and did not act itself; none where nobody has."""
    if not table.ever(news.activity, news.type):
        return []
    contract = await _contract(work, news)
    to = table.recipients(contract, news.activity, news.type, news.acted)
    return [await _told(work, news, party) for party in to]


async def received(
    work: records.Work, delivery: notices_.Delivery, *, at: datetime, channel: notices_.Channel, answer: str
) -> None:
    """The first receipt of a notice is the one that counts; it stands in the ledger, and proves the row anew."""
    digest = hashlib.sha256(answer.encode()).hexdigest()
    rows: dict[str, list[notices_.Receipt]] = {}
    for notice_id in delivery.notices:
        owed = await work.receipts.get(notice_id)
        if owed is not None and owed.received_at is None:
            had = replace(owed, received_at=at, channel=channel, digest=digest)
            await work.receipts.put(had)
            rows.setdefault(had.row, []).append(had)
    facts = {"channel": channel.value, "answer": digest}
    personal = {"address": delivery.address, "answer": answer}
    for *others, last in rows.values():
        for each in others:
            await _append(work, _entry("receipt", each, at, facts, personal), each.project_id)
        await _prove(work, last, _entry("receipt", last, at, facts, personal))


async def missed(work: records.Work, receipt: notices_.Receipt, *, at: datetime) -> None:
    """Its deadline passed without one. A late one still counts, as late."""
    noted = replace(receipt, missed=True)
    await work.receipts.put(noted)
    await _prove(work, noted, _entry("missed-notice", noted, at, {}, {}))


async def _prove(work: records.Work, about: notices_.Receipt, entry: ledgers.Draft) -> None:
    """The row's evidence, and the ledger's entry of what it comes from with its digest."""
    piece = _piece(about, await work.receipts.of(about.row, latest=LOOKED_AT), entry.at)
    with_digest = replace(entry, facts={**entry.facts, "outcome": piece.outcome.value, "digest": piece.digest})
    index = await _append(work, with_digest, about.project_id)
    await work.evidence.put(replace(piece, ledger_index=index, ledger_at=entry.at))


def _piece(about: notices_.Receipt, found: Sequence[notices_.Receipt], at: datetime) -> evidence_.Evidence:
    """Proven with all receipts, breached where a deadline passed without, unknown until then."""
    missing = [each for each in found if each.received_at is None]
    overdue = [each for each in missing if each.missed or each.due_at <= at]
    late = [each for each in found if each.received_at is not None and each.received_at > each.due_at]
    outcome, summary = evidence_.Outcome.PROVEN, f"All {len(found)} notices were received"
    if overdue:
        outcome = evidence_.Outcome.BREACHED
        summary = f"{len(overdue)} of {len(found)} notices were not received by their deadline, nor later"
    elif missing:
        outcome = evidence_.Outcome.UNKNOWN
        summary = f"{len(missing)} of {len(found)} notices wait for a receipt"
    return evidence_.Evidence(
        activity=about.activity,
        subject=about.subject,
        collector=COLLECTOR,
        observed_at=at,
        valid_until=at + VALID_FOR,
        outcome=outcome,
        summary=summary,
        facts={
            "party": about.party,
            "notices": len(found),
            "received": len(found) - len(missing),
            "pending": len(missing) - len(overdue),
            "overdue": len(overdue),
            "late": len(late),
            "latest": found[-1].id,
            "oldestLookedAt": found[0].created_at.isoformat(),
        },
    )


async def _told(work: records.Work, news: News, party: str) -> notices_.Notice:
    if party == errors.CUSTOMER and news.project_id is None:
        raise ValueError(f"{news.type} informs the customer, and names no project")
    line = table.line_of(news.type, news.text)
    notice = notices_.Notice(
        id=str(uuid.uuid4()),
        activity=news.activity,
        party=party,
        project_id=news.project_id,
        cluster_id=news.cluster_id,
        subject=news.subject,
        type=news.type,
        title=line.title,
        text=news.text,
        severity=line.severity,
        facts=dict(news.facts),
        created_at=news.at,
        due_at=news.at + line.deadline,
    )
    await work.notices.put(notice)
    await work.deliveries.put(_to_inbox(notice))
    for way, person in await ways(work, notice):
        await address(work, notice, way, person)
    if not line.to:  # what is beside the matrix proves no row of it
        await _owe(work, notice)
    return notice


async def _owe(work: records.Work, notice: notices_.Notice) -> None:
    """Written before anything is sent, so that a notice that never left shows."""
    owed = notices_.Receipt(
        id=notice.id,
        activity=notice.activity,
        subject=notice.proves,
        party=notice.party,
        type=notice.type,
        project_id=notice.project_id,
        created_at=notice.created_at,
        due_at=notice.due_at,
    )
    await work.receipts.put(owed)
    facts = {"due": notice.due_at.isoformat()}
    await _prove(work, owed, _entry("notice", owed, notice.created_at, facts, {"text": notice.text}))


def _to_inbox(notice: notices_.Notice) -> notices_.Delivery:
    """Of the whole party: whoever comes to it later finds it there as well. Nothing is sent; it waits to be seen."""
    return notices_.Delivery(
        id=str(uuid.uuid4()),
        notice_id=notice.id,
        party=notice.party,
        project_id=notice.project_id,
        channel=notices_.Channel.INBOX,
        address="",
        next_at=notice.due_at + notices_.PATIENCE,
        due_at=notice.due_at,
    )


Way = tuple[notices_.Preference, people.Person | None]


async def ways(work: records.Work, notice: notices_.Notice) -> list[Way]:
    """Beside the inbox: the mail of people who want it, and the project's webhooks."""
    found: list[Way] = []
    if notice.party == errors.CUSTOMER and notice.project_id is not None:
        found = [(each, None) for each in await work.preferences.of(notice.project_id)]
    for person in await recipients(work, notice.party, notice.project_id):
        found += [(each, person) for each in await work.preferences.of(person.id)]
    return [(way, person) for way, person in found if notice.severity.reaches(way.least)]


async def recipients(work: records.Work, party: str, project_id: projects.ProjectId | None) -> Sequence[people.Person]:
    """The people of the party who may see the project."""
    if party == errors.PROVIDER:
        found = await work.people.of(errors.PROVIDER)
        return [each for each in found if each.status is people.Status.ACTIVE and each.party == party]
    project = None if project_id is None else await work.projects.get(project_id)
    if project is None:
        return []
    return [each for each in await work.people.of(project.account) if may_see(each, project)]


def may_see(person: people.Person, project: projects.Project) -> bool:
    return person.status is people.Status.ACTIVE and actors.person(person).reaches(project)


async def address(
    work: records.Work, notice: notices_.Notice, way: notices_.Preference, person: people.Person | None
) -> None:
    """A message of its own, or a place in one that is being gathered."""
    held = await _held(work, notice, way)
    key, until = held or (None, notice.created_at)
    number = 0
    while key is not None:
        gathering = await work.deliveries.by_key(f"{key}/{number}")
        if gathering is None:
            key = f"{key}/{number}"
            break
        if gathering.joinable(notice.created_at):
            due_at = min(gathering.due_at, notice.due_at)
            await work.deliveries.put(replace(gathering, more=(*gathering.more, notice.id), due_at=due_at))
            return
        number += 1
    await work.deliveries.put(
        notices_.Delivery(
            id=str(uuid.uuid4()),
            notice_id=notice.id,
            key=key,
            preference_id=way.id,
            party=notice.party,
            project_id=notice.project_id,
            person_id=way.person_id,
            channel=way.channel,
            address=way.address if person is None else person.email,
            next_at=until,
            due_at=notice.due_at,
        )
    )


async def _held(work: records.Work, notice: notices_.Notice, way: notices_.Preference) -> tuple[str, datetime] | None:
    """Under which key and until when it is gathered; None to send it at once."""
    now, urgent = notice.created_at, notice.severity is notices_.Severity.URGENT
    if way.digest and not urgent:
        end = notices_.digest_end(now)
        return f"digest/{way.id}/{end:%Y%m%dT%H}", end
    pace = await _paced(work, notice, way)
    if pace.count <= notices_.MOST_IN_WINDOW:
        return None
    end = pace.began_at + notices_.WINDOW
    if urgent:
        end = min(end, now + notices_.HOLD_URGENT)
    return f"flood/{pace.id}/{pace.began_at:%Y%m%dT%H%M%S%f}", end


async def _paced(work: records.Work, notice: notices_.Notice, way: notices_.Preference) -> notices_.Pace:
    now, id_ = notice.created_at, f"{way.id}/{notice.type}"
    known = await work.paces.get(id_)
    runs = known is not None and timedelta(0) <= now - known.began_at < notices_.WINDOW
    if known is None or not runs:
        pace = notices_.Pace(id=id_, preference_id=way.id, began_at=now, count=1)
    else:
        pace = replace(known, count=known.count + 1)
    await work.paces.put(pace)
    return pace


def _entry(
    kind: str, about: notices_.Receipt, at: datetime, facts: Mapping[str, str], personal: Mapping[str, str]
) -> ledgers.Draft:
    """Of the ledger. What was said and to which address is committed to, not written."""
    common = {"notice": about.id, "type": about.type, "party": about.party}
    return ledgers.Draft(
        kind=kind,
        at=at,
        activity=about.activity,
        subject=about.subject,
        facts={**common, **facts},
        personal=personal,
    )


async def _append(work: records.Work, entry: ledgers.Draft, project_id: projects.ProjectId | None) -> int:
    return await work.ledger.append(ledgers.log_of(project_id), entry)


async def _contract(work: records.Work, news: News) -> model.Matrix:
    """The one that the cluster is or was pinned to, or its project accepted; of what has neither, the newest."""
    if news.cluster_id is None:
        project = None if news.project_id is None else await work.projects.get(news.project_id)
        return await terms.matrix_of(work, project, None)
    return await terms.pinned(work, news.cluster_id, await work.clusters.get(news.cluster_id))


async def _party_of(work: records.Work, name: str) -> str:
    if name in (_AUTOMATION, actors.OPERATOR.name) or name.startswith("steward:"):
        return errors.PROVIDER
    person = await work.people.by_key(name)
    return errors.CUSTOMER if person is None else person.party
