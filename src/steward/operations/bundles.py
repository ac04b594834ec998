"""Exports a log as a bundle, in pages, so that a long one costs no more memory than a short one.

What is damaged is exported as it is: the verification of the file then names what is missing.
"""

from collections.abc import AsyncIterator, Sequence

from steward.domain import actors, errors, ledgers
from steward.kit import bundles, leaves
from steward.operations import checkpoints, context
from steward.operations import ledgers as ledgers_
from steward.ports import records

PAGE = 500


async def export(context_: context.Context, actor: actors.Actor, *, project_id: str | None) -> AsyncIterator[bytes]:
    """The lines. Whatever refuses does so before the first."""
    async with context_.records.read() as work:
        reading = await ledgers_.reading(work, actor, project_id)
    latest = await ledgers_.fresh(context_, reading.log)
    async with context_.records.read() as work:
        key = await checkpoints.in_use_or_last(work)
        size = max(latest.size, await _counted(work, reading.log, latest))
    header = bundles.Header(
        origin=key.origin(reading.log),
        log=reading.log,
        size=size,
        reader=bundles.PROVIDER if actor.of_provider else bundles.CUSTOMER,
        exported_at=leaves.moment(context_.clock.now()),
    )
    return _lines(context_.records, reading, header)


async def _counted(work: records.Work, log: str, latest: ledgers.Checkpoint) -> int:
    """What the log says it has, where it could not be signed; what came after the signing is not in the export."""
    try:
        await checkpoints.check(work, log, await work.ledger.size(log), latest, latest.at)
    except errors.Unavailable:
        return await work.ledger.size(log)
    return latest.size


async def _lines(held: records.Records, reading: ledgers_.Reading, header: bundles.Header) -> AsyncIterator[bytes]:
    writer = bundles.Writer()
    yield writer.header(header)
    start = covered = 0
    while start < header.size:
        limit = min(PAGE, header.size - start)
        async with held.read() as work:
            page = await work.ledger.entries(reading.log, start=start, limit=limit)
            page = [each for each in page if each.index < header.size]
            end = page[-1].index + 1 if page else header.size
            signed = await work.ledger.checkpoints_between(reading.log, covered, end)
        for line in _page(writer, reading, page, signed):
            yield line
        start = covered = end
    yield writer.end()


def _page(
    writer: bundles.Writer,
    reading: ledgers_.Reading,
    page: Sequence[ledgers.Entry],
    signed: Sequence[ledgers.Checkpoint],
) -> list[bytes]:
    """Each checkpoint after the last entry that it covers."""
    lines, waiting = [], list(signed)
    for each in page:
        while waiting and waiting[0].size <= each.index:
            lines.append(_checkpoint(writer, waiting.pop(0)))
        shown = reading.shown(each)
        lines.append(
            writer.entry(
                bundles.Entry(index=each.index, hash=each.hash, leaf=shown.leaf, disclosed=shown.entry.disclosed)
            )
        )
    return lines + [_checkpoint(writer, each) for each in waiting]


def _checkpoint(writer: bundles.Writer, found: ledgers.Checkpoint) -> bytes:
    return writer.checkpoint(found.size, found.note)
