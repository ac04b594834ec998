"""How every API server meets whoever connects (3.1.5-4): its certificate, and that strangers are refused.

Credentials of each cluster are really shown to every other one. With many clusters a round tries some of them, and a
cluster's proof stands once its credentials were shown to all others, one after the other.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from steward.domain import clusters, errors
from steward.domain.evidence import Outcome
from steward.ports import guests
from steward.reconcile import credentials
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks, surveys
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

PROTECT = "3.1.5-4"
EVERY = 300.0
LEFT = timedelta(days=30)  # that a certificate has to be valid at least
REFUSED = (401, 403)
GOOD = ("TLSv1.2", "TLSv1.3")
TRIED_AT_ONCE = 4
JOURNEY = timedelta(hours=12)  # after which all others are tried anew
MOST_TRIED = 64  # others that one cluster's credentials are shown to in a round


def jobs(services: Services) -> list[jobs_.Job]:
    visitors = Visitors(services)

    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        names = [services.plan.cluster(cluster.slot).served_host, credentials.fully_qualified(cluster)]
        try:
            access = await surveys.entered(services, cluster)
            greeting = await services.guests.greeting(access, names)
        except (guests.NotAnswering, errors.Refusal):
            return []
        return [met(greeting, services.clock.now())]

    async def act() -> None:
        present = await looks.standing(services)
        await looks.at_every_cluster(services, look, present)
        await visitors.round(present)

    return [jobs_.Job(name="evidence-connections", activity=PROTECT, every=EVERY, act=act)]


def met(greeting: guests.Greeting, now: datetime) -> Saw:
    wrong = []
    if greeting.distrust:
        wrong.append(greeting.distrust)
    if greeting.missing:
        wrong.append(f"{', '.join(greeting.missing)} does not stand in the certificate")
    if not greeting.distrust and greeting.protocol not in GOOD:
        wrong.append(f"it speaks {greeting.protocol}")
    if greeting.old_protocol:
        wrong.append("it speaks protocols before TLS 1.2 as well")
    if not greeting.distrust and greeting.expires_at - now < LEFT:
        wrong.append(f"its certificate ends on {greeting.expires_at:%Y-%m-%d}")
    if not greeting.distrust and greeting.anonymous not in REFUSED:
        wrong.append(f"a request without credentials was answered {greeting.anonymous}")
    facts = {
        "protocol": greeting.protocol,
        "certificateUntil": greeting.expires_at.isoformat(),
        "anonymous": greeting.anonymous,
        "wrong": wrong,
    }
    if wrong:
        said = f"The API server does not meet callers as it must: {wrong[0]}"
        return Saw(activity=PROTECT, collector="connections", outcome=Outcome.BREACHED, summary=said, facts=facts)
    said = f"Chain, names and {greeting.protocol} are right, the certificate lasts, and nobody is let in unknown"
    return Saw(activity=PROTECT, collector="connections", outcome=Outcome.PROVEN, summary=said, facts=facts)


@dataclass(slots=True)
class _Journey:
    """Of one cluster's credentials: whom they were shown to since `began_at`, and who let them in."""

    began_at: datetime
    refused: set[clusters.ClusterId] = field(default_factory=set)
    admitted: set[clusters.ClusterId] = field(default_factory=set)


class Visitors:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._journeys: dict[clusters.ClusterId, _Journey] = {}

    async def round(self, present: Sequence[clusters.Cluster]) -> None:
        ids = {each.id for each in present}
        self._journeys = {each: made for each, made in self._journeys.items() if each in ids}
        doors = await self._doors(present)

        async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
            return await self._visit(cluster, doors, sorted(ids - {cluster.id}))

        await looks.at_every_cluster(self._services, look, [each for each in present if each.id in doors])

    async def _doors(self, present: Sequence[clusters.Cluster]) -> dict[clusters.ClusterId, guests.Access]:
        found = {}
        for cluster in present:
            try:
                found[cluster.id] = await surveys.entered(self._services, cluster)
            except (guests.NotAnswering, errors.Refusal):
                continue
        return found

    async def _visit(
        self,
        cluster: clusters.Cluster,
        doors: dict[clusters.ClusterId, guests.Access],
        every: Sequence[clusters.ClusterId],
    ) -> Sequence[Saw]:
        if not every:
            return [_alone()]
        others = [each for each in every if each in doors]
        if not others:
            return []  # nobody else answers: nothing was shown to anybody
        journey = self._journey(cluster.id)
        left = [each for each in others if each not in journey.refused][:MOST_TRIED]
        gate = asyncio.Semaphore(TRIED_AT_ONCE)

        async def show(other: clusters.ClusterId) -> None:
            async with gate:
                try:
                    status = await self._services.guests.answer_to(doors[other], doors[cluster.id])
                except guests.NotAnswering:
                    return  # it let nobody in, and proves nothing; it is tried again
            journey.admitted.discard(other)
            (journey.refused if status in REFUSED else journey.admitted).add(other)

        await asyncio.gather(*map(show, left))
        refused = len(journey.refused & set(others))
        if refused < len(others) and not journey.admitted:
            return []  # on its way: what was seen before counts until it is stale
        return [visited(journey, len(every), refused)]

    def _journey(self, cluster_id: clusters.ClusterId) -> _Journey:
        """A new one after half a day, or when the clock went back."""
        now, known = self._services.clock.now(), self._journeys.get(cluster_id)
        if known is None or not known.began_at <= now < known.began_at + JOURNEY:
            known = self._journeys[cluster_id] = _Journey(now)
        return known


def _alone() -> Saw:
    said = "There is no other cluster that credentials of this one could be shown to"
    return Saw(activity=PROTECT, collector="strangers", outcome=Outcome.NOT_APPLICABLE, summary=said)


def visited(journey: _Journey, others: int, refused: int) -> Saw:
    """Facts name no other cluster: they are other customers'."""
    admitted = len(journey.admitted)
    facts = {"others": others, "refused": refused, "admitted": admitted, "since": journey.began_at.isoformat()}
    if admitted:
        said = f"Credentials of this cluster were let in by {admitted} of {others} others"
        return Saw(activity=PROTECT, collector="strangers", outcome=Outcome.BREACHED, summary=said, facts=facts)
    said = f"Credentials of this cluster were shown to all {refused} others that answer, and refused"
    if refused < others:
        said += f"; {others - refused} do not answer"
    return Saw(activity=PROTECT, collector="strangers", outcome=Outcome.PROVEN, summary=said, facts=facts)
