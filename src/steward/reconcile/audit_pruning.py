"""What following audit logs leaves behind is kept within bounds: credentials long past, old counts, old gaps.

What counts for good stands in the ledger, which is never pruned.
"""

from datetime import datetime, timedelta

import structlog

from steward.domain import audits
from steward.ports import records
from steward.reconcile import audit_evidence
from steward.reconcile import jobs as jobs_
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

ACTIVITY = "3.1.2-2"
EVERY = 3600.0  # seconds
CREDENTIALS_KEPT = timedelta(days=7)  # after their end: a log may be read late
COUNTS_KEPT = audit_evidence.BREACH_STANDS + timedelta(days=2)
GAPS_KEPT = timedelta(days=90)
ACTS_KEPT = 1000  # of the customer's, which explain outages
MOST_AT_ONCE = 1000  # in one transaction


def jobs(services: Services) -> list[jobs_.Job]:
    async def prune() -> None:
        now = services.clock.now()
        async with services.records.begin() as work:
            gone = await _credentials(work, now)
            for cluster in await work.clusters.all():
                gone += await _counts(work, cluster.id, now) + await _gaps(work, cluster.id, now)
                await work.findings.keep_latest(audits.acts_of(cluster.id), ACTS_KEPT)
        if gone:
            log.info("audit records pruned", count=gone)

    return [jobs_.Job(name="audit-pruning", activity=ACTIVITY, every=EVERY, act=prune)]


async def _credentials(work: records.Work, now: datetime) -> int:
    """But none whose last use may still be unread."""
    gone = 0
    for each in await work.issuances.due(now - CREDENTIALS_KEPT, limit=MOST_AT_ONCE):
        position = await work.positions.get(each.cluster_id)
        if position is None or position.last_event_at is None or position.last_event_at > each.expires_at:
            await work.issuances.remove(each.fingerprint)
            gone += 1
    return gone


async def _counts(work: records.Work, cluster_id: str, now: datetime) -> int:
    oldest = (now - COUNTS_KEPT).strftime("%Y-%m-%d")
    old = [each for each in await work.tallies.of(cluster_id) if each.day < oldest]
    for each in old:
        await work.tallies.remove(each.id)
    return len(old)


async def _gaps(work: records.Work, cluster_id: str, now: datetime) -> int:
    """Breaches stay for as long as their cluster."""
    found = await work.findings.of(cluster_id)
    old = [each for each in found if each.sort is audits.Sort.GAP and each.at < now - GAPS_KEPT]
    for each in old:
        await work.findings.remove(each.id)
    return len(old)
