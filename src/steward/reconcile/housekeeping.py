"""What grows is kept within bounds: events that are older than anybody looks back, answers nobody can ask for again."""

from datetime import timedelta

import structlog

from steward.reconcile import jobs as jobs_
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

DAY = 86_400.0
KEPT = timedelta(days=400)  # a year can be compared with the one before it
ACTIVITY = "3.1.1-1"
SOON = 60.0
PAGE = 500  # marks that one transaction forgets


def jobs(services: Services) -> list[jobs_.Job]:
    async def prune() -> None:
        async with services.records.begin() as work:
            gone = await work.events.prune(services.clock.now() - KEPT)
        if gone:
            log.info("events pruned", count=gone, older_than_days=KEPT.days)

    async def forget() -> None:
        """Signed writes whose signature is too old to be accepted, and what they were answered."""
        while True:
            async with services.records.read() as work:
                gone = await work.replays.due(services.clock.now(), limit=PAGE)
            if not gone:
                return
            async with services.records.begin() as work:
                for each in gone:
                    await work.secrets.remove_all(each.owner)
                    await work.replays.remove(each.id)

    return [
        jobs_.Job(name="prune-events", activity=ACTIVITY, every=DAY, act=prune),
        jobs_.Job(name="forget-answers", activity=ACTIVITY, every=SOON, act=forget),
    ]
