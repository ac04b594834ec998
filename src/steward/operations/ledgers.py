"""What can be asked of the ledger: its state, entries, proofs and checkpoints; and that personal values be erased.

A project's log is its customer's to read. The provider reads its own, and of a project's the entries of rows in which
it has a letter; of the others it gets the hashes, so that proofs are the same for both.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from steward.domain import actors, errors, ledgers, projects
from steward.operations import access, checkpoints, rights, terms
from steward.operations import context as context_
from steward.operations.registry import activity_of, operation
from steward.ports import records
from steward.responsibility import model

_log = structlog.get_logger(__name__)

MOST = 1000  # entries of one answer
_OWN_ACTORS = ("operator", "automation")  # of the provider, and no person's name
_AUTOMATION = "steward:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry as its reader may see it: `leaf` is None where it is withheld, which hides no hash."""

    entry: ledgers.Entry
    leaf: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One log, and what of it the reader sees."""

    log: str
    contract: model.Matrix | None = None  # of another party's log: rows without a letter of the provider are withheld

    def shown(self, entry: ledgers.Entry) -> Shown:
        if self.contract is None or self._has_letter(entry):
            return Shown(entry=entry, leaf=entry.leaf)
        return Shown(entry=replace(entry, disclosed=None), leaf=None)

    def _has_letter(self, entry: ledgers.Entry) -> bool:
        assert self.contract is not None
        activity = self.contract.activities.get(json.loads(entry.leaf)["activity"])
        return activity is not None and bool(activity.letters[errors.PROVIDER])


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    log: str
    size: int
    checkpoint: ledgers.Checkpoint | None
    damage: ledgers.Damage | None
    witnesses: Sequence[ledgers.Witness]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """`root` is that of the first `size` entries."""

    size: int
    root: bytes
    hashes: Sequence[bytes]
    hash: bytes = b""  # of the leaf, where it is an inclusion


async def reading(work: records.Work, actor: actors.Actor, project_id: str | None) -> Reading:
    """Of a project's log, or of the provider's own where none is named."""
    if project_id is None:
        if not actor.of_provider:
            raise errors.NotFound(access.NO_SERVICE)
        return Reading(log=ledgers.PROVIDER_LOG)
    project = await access.project(work, actor, project_id)
    contract = await terms.matrix_of(work, project, None) if actor.of_provider else None
    return Reading(log=ledgers.log_of(project.id), contract=contract)


async def state(context: context_.Context, actor: actors.Actor, *, project_id: str | None) -> State:
    async with context.records.read() as work:
        log = (await reading(work, actor, project_id)).log
        return State(
            log=log,
            size=await work.ledger.size(log),
            checkpoint=await work.ledger.checkpoint(log),
            damage=await work.damages.get(log),
            witnesses=await work.witnesses.of(log),
        )


async def keys(context: context_.Context, actor: actors.Actor, *, project_id: str | None) -> Sequence[ledgers.Key]:
    """All that checkpoints were ever signed with, oldest first; the same for all logs."""
    async with context.records.read() as work:
        await reading(work, actor, project_id)
        return await work.ledger_keys.all()


async def entries(
    context: context_.Context, actor: actors.Actor, *, project_id: str | None, start: int = 0, limit: int = 100
) -> Sequence[Shown]:
    async with context.records.read() as work:
        read = await reading(work, actor, project_id)
        return [read.shown(each) for each in await work.ledger.entries(read.log, start=start, limit=min(limit, MOST))]


async def entry(context: context_.Context, actor: actors.Actor, *, project_id: str | None, index: int) -> Shown:
    async with context.records.read() as work:
        read = await reading(work, actor, project_id)
        return read.shown(await _entry(work, read.log, index))


async def inclusion(
    context: context_.Context, actor: actors.Actor, *, project_id: str | None, index: int, size: int | None
) -> Proof:
    """Of the entry in the tree of the first `size` entries, or of all that there are."""
    async with context.records.read() as work:
        log = (await reading(work, actor, project_id)).log
        whole = await _checked_size(work, log, size)
        if index >= whole:
            raise errors.NotFound(f"There is no entry {index} among the first {whole} of the ledger {log}")
        found = await _entry(work, log, index)
        hashes = await work.ledger.inclusion(log, index, whole)
        return Proof(size=whole, root=await work.ledger.root(log, whole), hashes=hashes, hash=found.hash)


async def consistency(
    context: context_.Context, actor: actors.Actor, *, project_id: str | None, old: int, size: int | None
) -> Proof:
    """That the tree of `size` entries begins with the one of `old`."""
    async with context.records.read() as work:
        log = (await reading(work, actor, project_id)).log
        whole = await _checked_size(work, log, size)
        if old > whole:
            raise errors.BadInput(f"[old] A tree of {whole} entries does not begin with one of {old}")
        hashes = await work.ledger.consistency(log, old, whole)
        return Proof(size=whole, root=await work.ledger.root(log, whole), hashes=hashes)


async def checkpoint(context: context_.Context, actor: actors.Actor, *, project_id: str | None) -> ledgers.Checkpoint:
    """Of the log as it is now: what the job would sign within the minute is signed at once."""
    async with context.records.read() as work:
        log = (await reading(work, actor, project_id)).log
    return await fresh(context, log)


async def fresh(context: context_.Context, log: str) -> ledgers.Checkpoint:
    """Where nothing can be signed now, the latest that was."""
    now = context.clock.now()
    async with context.records.read() as work:
        latest = await work.ledger.checkpoint(log)
        if latest is not None and latest.size == await work.ledger.size(log):
            return latest
    try:
        async with context.records.begin() as work:
            return await checkpoints.signed(work, log, at=now, service=context.ledger_name)
    except errors.Unavailable as reason:
        _log.error("ledger.not_signed", log=log, reason=reason.message)
        if isinstance(reason, checkpoints.Damaged):
            await _noted(context, reason.damage)
        if latest is None:
            raise
        return latest


@operation("ledger.erase")
async def erase(context: context_.Context, actor: actors.Actor, *, project_id: str, index: int) -> None:
    """The customer, of its own log."""
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        log = ledgers.log_of(project.id)
        found = await _entry(work, log, index)
        await _erase(work, found, actor, operation_="ledger.erase", context=context)


@operation("ledger.erase_staff")
async def erase_staff(context: context_.Context, actor: actors.Actor, *, project_id: str | None, index: int) -> None:
    """The provider, of its own log; of a project's only where one of its own staff acted."""
    async with context.records.begin() as work:
        if project_id is None:
            await rights.decided(work, actor)
            found = await _entry(work, ledgers.PROVIDER_LOG, index)
        else:
            project = await access.project(work, actor, project_id)
            found = await _entry(work, ledgers.log_of(project.id), index)
            await _check_of_provider(work, found)
        await _erase(work, found, actor, operation_="ledger.erase_staff", context=context)


async def _erase(
    work: records.Work, found: ledgers.Entry, actor: actors.Actor, *, operation_: str, context: context_.Context
) -> None:
    """Twice is once. The entry that says so holds the names of the values, and never the values."""
    if found.disclosed is None:
        return
    await work.ledger.erase(found.log, found.index)
    draft = ledgers.Draft(
        kind="erasure",
        at=context.clock.now(),
        activity=activity_of(operation_),
        subject=f"entry:{found.index}",
        facts={"index": found.index, "names": sorted(found.disclosed)},
        personal={"actor": actor.name},
    )
    await work.ledger.append(found.log, draft)


async def _check_of_provider(work: records.Work, found: ledgers.Entry) -> None:
    acted = (found.disclosed or {}).get("actor", ("", ""))[1]
    if found.disclosed is None or acted in _OWN_ACTORS or acted.startswith(_AUTOMATION):
        return
    person = await work.people.by_key(acted)
    if person is None or person.party != errors.PROVIDER:
        raise errors.Forbidden(
            f"Entry {found.index} holds the customer's personal values, not those of the provider's staff; an owner "
            "of the customer can erase them",
            code="NOT_YOUR_ENTRY",
            details={"whoMay": "An owner of the customer", "howToAsk": "Ask the customer: steward ticket open"},
        )


async def _entry(work: records.Work, log: str, index: int) -> ledgers.Entry:
    found = await work.ledger.entry(log, index)
    if found is not None:
        return found
    size = await work.ledger.size(log)
    if index < size:
        raise errors.Unavailable(
            f"Entry {index} of the ledger {log} is lost: there were {size}. It is the provider's turn: restore the "
            "database from a backup",
            code="LEDGER_DAMAGED",
        )
    raise errors.NotFound(f"There is no entry {index} in the ledger {log}; it has {size}")


async def _checked_size(work: records.Work, log: str, size: int | None) -> int:
    present = await work.ledger.size(log)
    if size is None:
        return present
    if size > present:
        raise errors.BadInput(f"[size] The ledger {log} has {present} entries, not {size}")
    return size


async def _noted(context: context_.Context, damage: ledgers.Damage) -> None:
    try:
        await checkpoints.note_damage(context.records, damage)
    except errors.Unavailable as reason:
        _log.error("ledger.damage_not_kept", log=damage.log, reason=reason.message)


def project_of(log: str) -> projects.ProjectId | None:
    """Of a project's log."""
    return None if log == ledgers.PROVIDER_LOG else projects.ProjectId(log.removeprefix("project-"))
