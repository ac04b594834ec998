"""What a cluster's audit log was found to say, who holds certificates for it, and from when to when all is known.

Findings are of the provider's acts and of gaps, so both parties read them. How much the customer itself does in its
cluster, and which certificates it signed there, is its own content and not the provider's to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from steward.domain import actors, audits, errors
from steward.operations import access
from steward.operations import context as context_

MOST = 1000
KUBECONFIG = "kubeconfig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """`since` to `until` is the time without a gap up to now; both None while nothing is known."""

    since: datetime | None
    until: datetime | None
    last_event_at: datetime | None
    gaps: Sequence[audits.Finding]
    tallies: Sequence[audits.Tally]
    whole: bool  # whether the customer's own counts are in it


async def findings(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, limit: int = MOST
) -> Sequence[audits.Finding]:
    """Breaches and gaps, oldest first; of many, the latest."""
    if not 1 <= limit <= MOST:
        raise errors.BadInput(f"limit must be between 1 and {MOST}")
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return await work.findings.of(cluster.id, latest=limit)


async def issuances(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> Sequence[audits.Issuance]:
    """Every certificate that was issued and is in the ledger, oldest first."""
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        found = await work.issuances.of(cluster.id)
    if actor.of_provider:
        return [each for each in found if each.party == errors.PROVIDER or each.purpose == KUBECONFIG]
    return found


async def windows(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> Windows:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        position = await work.positions.get(cluster.id)
        found = await work.findings.of(cluster.id, latest=MOST)
        tallies = await work.tallies.of(cluster.id)
    known = position is not None and position.whole_since is not None
    return Windows(
        since=position.whole_since if position is not None else None,
        until=position.canary_at if known and position is not None else None,
        last_event_at=position.last_event_at if position is not None else None,
        gaps=[each for each in found if each.sort is audits.Sort.GAP],
        tallies=tallies,
        whole=not actor.of_provider,
    )
