"""What grows is kept within bounds: events that are older than anybody looks back."""

from datetime import timedelta

import structlog

from steward.reconcile import jobs as jobs_
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

DAY = 86_400.0
KEPT = timedelta(days=400)  # a year can be compared with the one before it
ACTIVITY = "3.1.1-1"


def jobs(services: Services) -> list[jobs_.Job]:
    async def prune() -> None:
        async with services.records.begin() as work:
            gone = await work.events.prune(services.clock.now() - KEPT)
        if gone:
            log.info("events pruned", count=gone, older_than_days=KEPT.days)

    return [jobs_.Job(name="prune-events", activity=ACTIVITY, every=DAY, act=prune)]
