"""Signs of life in the audit logs of clusters: a log in which one is missing is not whole.

Each is a marked request of an identity that does nothing else and has no rights; what it is answered does not matter.
`audits` waits for them.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from steward.domain import clusters, errors
from steward.ports import guests
from steward.reconcile import entries, issuances
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

SING_EVERY = timedelta(seconds=60)
SINGERS_AT_ONCE = 8


class Canaries:
    """`entered` names the clusters that there are; each hears one about every minute."""

    def __init__(self, services: Services, entered: Callable[[], Sequence[clusters.Cluster]]) -> None:
        self._services = services
        self._entered = entered
        self._gate = asyncio.Semaphore(SINGERS_AT_ONCE)
        self._sung: dict[clusters.ClusterId, datetime] = {}

    async def round(self) -> None:
        found = self._entered()
        now = self._services.clock.now()
        known = self._sung
        self._sung = {each.id: known[each.id] for each in found if each.id in known}
        due = [each for each in found if not self._sung_lately(each, now)]
        await asyncio.gather(*map(self._sing, due))

    def _sung_lately(self, cluster: clusters.Cluster, now: datetime) -> bool:
        last = self._sung.get(cluster.id)
        return last is not None and timedelta() <= now - last < SING_EVERY

    async def _sing(self, cluster: clusters.Cluster) -> None:
        services = self._services
        async with self._gate:
            now = services.clock.now()
            try:
                access = await entries.access(services, cluster, issuances.CANARY)
                await services.guests.sing(access, f"{now:%Y%m%dT%H%M%SZ}")
            except (errors.Refusal, guests.NotAnswering) as reason:
                log.info("no canary", cluster=cluster.id, reason=str(reason))
            else:
                self._sung[cluster.id] = now
