"""The provider's register of risks (3.1.6-2): who owns each, how it is treated, when it is looked at again.

A risk that is accepted is signed by a named person, and the signature ends. Customers read the row's state in their
reports; the register itself is the provider's.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from steward.domain import actors, errors, evidence, ledgers
from steward.operations import access, attestations, rights
from steward.operations import context as context_
from steward.operations.registry import activity_of, operation
from steward.ports import records

LONGEST_TITLE = 200
LONGEST_REVIEW = timedelta(days=366)
LONGEST_VULNERABILITY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Of a change: what is None stays as it is."""

    title: str | None = None
    description: str | None = None
    owner: str | None = None
    treatment: str | None = None
    review_by: datetime | None = None
    vulnerability: str | None = None


@operation("risk.add")
async def add(context: context_.Context, actor: actors.Actor, *, wish: Wish) -> evidence.Risk:
    now = context.clock.now()
    if wish.title is None or wish.owner is None or wish.treatment is None or wish.review_by is None:
        raise errors.BadInput("A risk has a title, an owner, a treatment, and a day by which it is looked at again")
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        blank = evidence.Risk(
            id=str(uuid.uuid4()),
            title="",
            owner="",
            treatment=evidence.Treatment.REDUCE,
            review_by=now,
            created_at=now,
        )
        made = _changed(blank, wish, now)
        await _keep(work, made, actor, "risk:added", now)
    return made


@operation("risk.change")
async def change(context: context_.Context, actor: actors.Actor, *, risk_id: str, wish: Wish) -> evidence.Risk:
    """Looking at it again is giving it a new day. A signature ends where what was signed is changed."""
    now = context.clock.now()
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        found = await _open(work, risk_id)
        changed = _changed(found, wish, now)
        said = (found.title, found.description, found.treatment, found.vulnerability)
        if said != (changed.title, changed.description, changed.treatment, changed.vulnerability):
            changed = replace(changed, accepted_by="", accepted_until=None)
        await _keep(work, changed, actor, "risk:changed", now)
    return changed


@operation("risk.accept")
async def accept(context: context_.Context, actor: actors.Actor, *, risk_id: str, until: datetime) -> evidence.Risk:
    """By a named person, for a while."""
    now = context.clock.now()
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        attestations.check_named(actor)
        found = await _open(work, risk_id)
        signed = replace(
            found,
            treatment=evidence.Treatment.ACCEPT,
            accepted_by=actor.name,
            accepted_until=evidence.checked_word_end(until, now),
        )
        await _keep(work, signed, actor, "risk:accepted", now)
    return signed


@operation("risk.close")
async def close(context: context_.Context, actor: actors.Actor, *, risk_id: str) -> None:
    now = context.clock.now()
    async with context.records.begin() as work:
        await rights.decided(work, actor)
        found = await _open(work, risk_id)
        await _keep(work, replace(found, closed_at=now), actor, "risk:closed", now)


async def all_of(context: context_.Context, actor: actors.Actor, *, closed: bool = False) -> Sequence[evidence.Risk]:
    """The provider's alone."""
    if not actor.of_provider:
        raise rights.reserved(
            "3.1.6-2",
            "The register of risks is the provider's; a report says in which state its row is",
            who_may="The provider",
        )
    async with context.records.read() as work:
        found = await work.risks.all()
    return [each for each in found if closed or each.closed_at is None]


def _changed(found: evidence.Risk, wish: Wish, now: datetime) -> evidence.Risk:
    return replace(
        found,
        title=found.title if wish.title is None else _line(wish.title, "title"),
        description=found.description if wish.description is None else wish.description[: evidence.LONGEST_STATEMENT],
        owner=found.owner if wish.owner is None else _line(wish.owner, "owner"),
        treatment=found.treatment if wish.treatment is None else _treatment(wish.treatment),
        review_by=found.review_by if wish.review_by is None else _review_by(wish.review_by, now),
        vulnerability=found.vulnerability if wish.vulnerability is None else wish.vulnerability[:LONGEST_VULNERABILITY],
    )


def _line(text: str, field: str) -> str:
    flat = " ".join(text.split())
    if not flat or len(flat) > LONGEST_TITLE or not flat.isprintable():
        raise errors.BadInput(f"[{field}] has from 1 to {LONGEST_TITLE} printable characters")
    return flat


def _treatment(text: str) -> evidence.Treatment:
    try:
        return evidence.Treatment(text)
    except ValueError:
        raise errors.BadInput(
            f"[treatment] {text[:32]!r} is not one of {', '.join(each.value for each in evidence.Treatment)}"
        ) from None


def _review_by(moment: datetime, now: datetime) -> datetime:
    if not now < moment <= now + LONGEST_REVIEW:
        raise errors.BadInput(f"[reviewBy] lies ahead, at most {LONGEST_REVIEW.days} days")
    return moment


async def _open(work: records.Work, risk_id: str) -> evidence.Risk:
    found = await work.risks.get(risk_id) if access.is_uuid(risk_id) else None
    if found is None:
        raise errors.NotFound(f"Risk {risk_id[:64]!r} does not exist")
    if found.closed_at is not None:
        raise errors.Conflict(f"Risk {risk_id} is closed; what comes back is a new one", name="ConflictError")
    return found


async def _keep(work: records.Work, risk: evidence.Risk, actor: actors.Actor, type_: str, now: datetime) -> None:
    await work.risks.put(risk)
    draft = ledgers.Draft(
        kind="event",
        at=now,
        activity=activity_of("risk.add"),
        subject=f"risk:{risk.id}",
        facts={
            "type": type_,
            "treatment": risk.treatment.value,
            "reviewBy": risk.review_by.isoformat(),
            "acceptedUntil": risk.accepted_until.isoformat() if risk.accepted_until else "",
        },
        personal={"actor": actor.name, "title": risk.title, "owner": risk.owner},
    )
    await work.ledger.append(ledgers.PROVIDER_LOG, draft)
