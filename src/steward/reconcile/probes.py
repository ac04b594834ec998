"""Every half minute each cluster's API server is asked whether it serves, and what was seen is counted (3.1.1-1).

A round probes all clusters side by side, a little apart, and writes what it saw in one transaction: one row per
cluster, whose counters grow. From the first failed probe on there is an outage; from the third in a row an incident
(`incidents`). While steward itself was away nobody looked, and that time is unknown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from steward.domain import availability, clusters, conditions
from steward.ports import guests, probes, records
from steward.reconcile import credentials, incidents, issuances, outages
from steward.reconcile import jobs as jobs_
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)

PROBE = "3.1.1-1"
APART = 0.1  # seconds between the beginnings of two probes, so that they do not wait for each other
LONGEST_SPREAD = 15.0
SOONEST = 5.0
FORGET_EVERY = 3600.0


@dataclass(frozen=True, slots=True)
class _Seen:
    cluster: clusters.Cluster
    sighting: availability.Sighting


class Prober:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def round(self) -> float:
        """Seconds until the next."""
        began = self._services.clock.now()
        found = [each for each in await self._services.all_clusters() if _watched(each)]
        apart = min(APART, LONGEST_SPREAD / max(1, len(found)))
        seen = await asyncio.gather(*(self._probe(each, apart * number) for number, each in enumerate(found)))
        await self._keep([each for each in seen if each is not None])
        took = (self._services.clock.now() - began).total_seconds()
        return max(SOONEST, availability.PERIOD - took)

    async def forget(self) -> None:
        """Hours and months that nobody asks for any more."""
        async with self._services.records.begin() as work:
            for each in await work.periods.due(self._services.clock.now(), limit=1000):
                await work.periods.remove(each.id)

    async def _probe(self, cluster: clusters.Cluster, delay: float) -> _Seen | None:
        await self._services.clock.sleep(delay)
        network = self._services.plan.cluster(cluster.slot)
        access = await self._access(cluster)
        if access is None:
            return None
        return _Seen(cluster, await self._services.probes.probe(probes.Target(access=access, network=network)))

    async def _access(self, cluster: clusters.Cluster) -> guests.Access | None:
        keyring = self._services.keyring
        held = keyring.held(cluster.id, issuances.PROBE)
        if held is not None:
            return held
        async with self._services.records.read() as work:
            files = await credentials.load(work, cluster.id)
        if not files:
            return None
        return await keyring.access(cluster, self._services.plan.cluster(cluster.slot), files, issuances.PROBE)

    async def _keep(self, seen: Sequence[_Seen]) -> None:
        """Everything is read at once: two small questions for each cluster would cost more than its probe."""
        async with self._services.records.begin() as work:
            present = {each.id: each for each in await work.clusters.all() if _watched(each)}
            watches = {each.cluster_id: each for each in await work.watches.all()}
            watched = []
            for each in seen:
                cluster = present.get(each.cluster.id)
                if cluster is not None:
                    known = watches.get(cluster.id)
                    watched.append((cluster, await self._count(work, cluster, known, each.sighting)))
            gone = [each for cluster_id, each in watches.items() if cluster_id not in present]
            await incidents.follow(self._services, work, watched, gone)

    async def _count(
        self,
        work: records.Work,
        cluster: clusters.Cluster,
        known: availability.Watch | None,
        sighting: availability.Sighting,
    ) -> availability.Watch:
        before = known or availability.begun(cluster.id, cluster.installed_at or sighting.at, sighting)
        after = availability.seen(before, sighting)
        after = await outages.follow(self._services, work, cluster, before, after)
        for period in after.finished:
            await work.periods.put(period)
        after = replace(after, finished=())
        await work.watches.put(after)
        return after


def jobs(services: Services) -> list[jobs_.Job]:
    prober = Prober(services)
    return [
        jobs_.Job(name="probe", activity=PROBE, every=availability.PERIOD, act=prober.round),
        jobs_.Job(name="forget-probes", activity=PROBE, every=FORGET_EVERY, act=prober.forget),
    ]


def _watched(cluster: clusters.Cluster) -> bool:
    """From its first working to the order of its deletion, but for a reset, in which there is nothing to reach."""
    resetting = conditions.asked_for(cluster.conditions) is conditions.Reason.RESETTING
    return cluster.installed_at is not None and not cluster.deleting and not resetting
