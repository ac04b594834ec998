"""What collectors share: how a look at every cluster goes, and how what was seen becomes evidence.

A collector looks and says what it saw (`Saw`); for how long that counts stands in the published table. What one
cluster does not answer is unknown for that cluster, and for no other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from steward.domain import clusters, conditions, events, evidence, projects
from steward.domain.evidence import Outcome
from steward.operations import coverage, history
from steward.ports import records
from steward.reconcile.services import Services
from steward.responsibility import evidence_rules

REPORTING = "3.1.6-1"  # the row that looking at records falls under: the provider says what there is
GRACE = timedelta(minutes=5)  # in which what has ended may still be on its way to its end
AT_ONCE = 4  # clusters that are looked at side by side
PAGE = 500
# What happened to a cluster that evidence is made of; everything else of its history is passed over.
_TOLD = ("cluster:", "nodepool:", "node:delete-asked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saw:
    """`facts` hold nothing that changes while all stays as it is: their digest says whether anything did."""

    activity: str
    collector: str
    outcome: Outcome
    summary: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def piece(saw: Saw, subject: str, now: datetime) -> evidence.Evidence:
    return evidence.Evidence(
        activity=saw.activity,
        subject=subject,
        collector=saw.collector,
        observed_at=now,
        valid_until=now + evidence_rules.valid_for(saw.collector),
        outcome=saw.outcome,
        summary=saw.summary,
        facts=saw.facts,
    )


async def keep(
    work: records.Work, saws: Sequence[Saw], subject: str, project_id: projects.ProjectId | None, now: datetime
) -> None:
    for saw in saws:
        await coverage.keep(work, piece(saw, subject, now), project_id)


Look = Callable[[clusters.Cluster], Awaitable[Sequence[Saw]]]


async def at_every_cluster(services: Services, look: Look, found: Sequence[clusters.Cluster] | None = None) -> None:
    """At those that exist and stay; what was seen of a cluster that went meanwhile is dropped."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(cluster: clusters.Cluster) -> None:
        async with gate:
            saws = await look(cluster)
            if not await _news(services, saws, evidence.of_cluster(cluster.id)):
                return
            async with services.records.begin() as work:
                if await work.clusters.get(cluster.id) is not None:
                    now = services.clock.now()
                    await keep(work, saws, evidence.of_cluster(cluster.id), cluster.project_id, now)

    await asyncio.gather(*map(one, await staying(services) if found is None else found))


async def _news(services: Services, saws: Sequence[Saw], subject: str) -> bool:
    now = services.clock.now()
    async with services.records.read() as work:
        for saw in saws:
            if await coverage.is_news(work, piece(saw, subject, now)):
                return True
    return False


async def staying(services: Services) -> list[clusters.Cluster]:
    return [each for each in await services.all_clusters() if not each.deleting]


async def standing(services: Services) -> list[clusters.Cluster]:
    """Those that are installed, and are not just being made into something else."""
    found = await staying(services)
    return [each for each in found if each.installed_at is not None and not conditions.asked_for(each.conditions)]


class Pasts:
    """What was done to each cluster, read on from where the last look ended."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[clusters.ClusterId, list[events.Event]] = {}
        self._read: dict[clusters.ClusterId, int] = {}

    async def of(self, cluster_id: clusters.ClusterId) -> list[events.Event]:
        known = self._known.setdefault(cluster_id, [])
        async with self._services.records.read() as work:
            while page := await work.events.of_cluster(cluster_id, after=self._read.get(cluster_id, 0), limit=PAGE):
                self._read[cluster_id] = page[-1].id
                known += [each for each in page if each.type.startswith(_TOLD)]
                if len(page) < PAGE:
                    break
        return known

    def forget_others(self, present: Sequence[clusters.Cluster]) -> None:
        staying_ = {each.id for each in present}
        for gone in [each for each in self._known if each not in staying_]:
            self._known.pop(gone, None)
            self._read.pop(gone, None)


def by_customer(event: events.Event) -> bool:
    """The customer's own act, or one that stands on what it lent."""
    return event.facts.get(history.PARTY) == "customer" or bool(event.facts.get(history.DELEGATION))


def acted(event: events.Event) -> dict[str, str]:
    """Who did it, as a fact of evidence: the party, and what it stood on. People's names stay in the history."""
    shown = {"event": str(event.id), "at": event.at.isoformat(), "party": event.facts.get(history.PARTY, "provider")}
    lent = event.facts.get(history.DELEGATION)
    return {**shown, "delegation": lent} if lent else shown
