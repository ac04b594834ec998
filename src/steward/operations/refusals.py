"""Keeps what was refused, so that its reason can be asked for later; called by `registry` when an operation ends so.

In a transaction of its own, for that of the operation is rolled back. Whatever happens here, the refusal itself is what
the caller gets.
"""

from datetime import timedelta

import structlog

from steward.domain import decisions, ledgers
from steward.operations import context as context_
from steward.ports import records

_log = structlog.get_logger()

MOST = 1000  # that are kept per project; the oldest go
REPEATED = timedelta(minutes=1)  # within which the same attempt enters the ledger once


async def keep(context: context_.Context, refused: decisions.Kept) -> bool:
    """False where it could not be kept."""
    try:
        async with context.records.begin() as work:
            owner = refused.project_id or decisions.NO_PROJECT
            before = await work.decisions.of(owner, latest=1)
            await work.decisions.put(refused)
            await work.decisions.keep_latest(owner, MOST)
            if _crossed(refused.decision) and not _repeats(refused, before[0] if before else None):
                await _enter(work, refused)
    except Exception as reason:  # a full disk must not turn a 403 into a 500
        _log.warning("refusal.not_kept", decision=refused.id, reason=str(reason))
        return False
    return True


def _crossed(decision: decisions.Decision) -> bool:
    """Whether a party reached for what is the other's; a missing role is nobody's business outside the party."""
    return not {"R", "A"} & set(decision.letters.get(decision.party, ""))


def _repeats(refused: decisions.Kept, before: decisions.Kept | None) -> bool:
    if before is None or refused.at - before.at > REPEATED:
        return False
    one, other = refused.decision, before.decision
    return (one.actor, one.operation, refused.cluster_id) == (other.actor, other.operation, before.cluster_id)


async def _enter(work: records.Work, refused: decisions.Kept) -> None:
    decision = refused.decision
    draft = ledgers.Draft(
        kind="decision",
        at=refused.at,
        activity=decision.activity,
        subject=f"cluster:{refused.cluster_id}" if refused.cluster_id else f"project:{refused.project_id or ''}",
        facts={
            "decision": refused.id,
            "operation": decision.operation,
            "party": decision.party,
            "allowed": decision.allowed,
            "matrix": decision.matrix_version,
        },
        personal={"actor": decision.actor},
    )
    await work.ledger.append(ledgers.log_of(refused.project_id), draft)
