"""Who decided who may reach each API (3.1.5-1), and that it is so: the history, the kernel, and a stranger that knocks.

The stranger is the host's end of the cluster's link, which is nobody's address but where the customer lists it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

from steward.domain import clusters, errors, events, restrictions
from steward.domain.evidence import Outcome
from steward.operations.restrictions import CHANGED, LIST
from steward.ports import control_planes
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

ROW = "3.1.5-1"
EVERY = 120.0
PROMISED = timedelta(minutes=5)  # from a change to its effect


def jobs(services: Services) -> list[jobs_.Job]:
    pasts = looks.Pasts(services)

    async def look(cluster: clusters.Cluster) -> Sequence[Saw]:
        past = [each for each in await pasts.of(cluster.id) if each.type == CHANGED]
        wrong = await _effect(services, cluster)
        if wrong:
            services.wake(f"cluster:{cluster.id}")
        return [] if wrong is None else [judged(cluster, past, wrong, services.clock.now())]

    async def act() -> None:
        present = [each for each in await looks.staying(services) if each.installed_at is not None]
        pasts.forget_others(present)
        await looks.at_every_cluster(services, look, present)

    return [jobs_.Job(name="evidence-restrictions", activity=looks.REPORTING, every=EVERY, act=act)]


async def _effect(services: Services, cluster: clusters.Cluster) -> str | None:
    """What is wrong in the kernel, or with whom it really lets in; None where there is nothing to look at."""
    wanted = control_planes.ControlPlane(
        cluster_id=cluster.id,
        network=services.plan.cluster(cluster.slot),
        version=cluster.version,
        pods=cluster.pods,
        services=cluster.services,
        files={},
        sources=restrictions.admitted(cluster.restrictions) if cluster.restrictions else None,
    )
    try:
        seen = await services.control_planes.admission(wanted)
        if seen is None:
            return None
        if not seen.intact or seen.sources != wanted.sources:
            return "the kernel lets in others than those that the customer listed"
        stranger = wanted.sources is not None and not _lists(wanted.sources, str(wanted.network.host_address))
        if stranger and await services.control_planes.knock(wanted):
            return "a source that is not listed was let in"
    except errors.Refusal as reason:
        return reason.message
    return ""


def _lists(sources: frozenset[restrictions.Network], source: str) -> bool:
    return any(ip_address(source) in each for each in sources)


def judged(cluster: clusters.Cluster, past: Sequence[events.Event], wrong: str, now: datetime) -> Saw:
    """`past` are its changes, oldest first."""
    foreign = [each for each in past if not looks.by_customer(each)]
    asked = tuple(each for each in (past[-1].facts.get(LIST, "") if past else "").split(",") if each)
    facts: dict[str, object] = {
        "changes": len(past),
        "latest": looks.acted(past[-1]) if past else None,
        "restrictions": list(cluster.restrictions),
        "wrong": wrong,
    }

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=ROW, collector="restrictions", outcome=outcome, summary=said, facts=facts)

    if foreign:
        facts["foreign"] = [looks.acted(each) for each in foreign[-10:]]
        return saw(Outcome.BREACHED, f"{len(foreign)} changes were the provider's, and nothing lent allows them")
    if asked != cluster.restrictions:
        return saw(Outcome.BREACHED, "The API is restricted otherwise than the customer asked for")
    if wrong:
        recent = past and now - past[-1].at < PROMISED
        outcome = Outcome.UNKNOWN if recent else Outcome.BREACHED
        return saw(outcome, f"It was looked whether the restrictions hold: {wrong}")
    if not past:
        return saw(Outcome.NOT_APPLICABLE, "The customer restricts nobody, and nobody is restricted")
    held = f"{len(asked)} sources may reach the API and a stranger was turned away" if asked else "everybody is let in"
    return saw(Outcome.PROVEN, f"All {len(past)} changes were the customer's, and the kernel has them: {held}")
