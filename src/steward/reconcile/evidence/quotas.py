"""Who asked for more quota (3.2.2-3), and whether it was decided in time and is what orders count with (3.2.2-4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from steward.domain import errors, evidence, projects, quotas
from steward.domain.evidence import Outcome
from steward.operations import coverage
from steward.operations import quotas as quotas_
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

ASK, APPLY = "3.2.2-3", "3.2.2-4"
EVERY = 300.0
SHOWN = 20


def jobs(services: Services) -> list[jobs_.Job]:
    async def act() -> None:
        async with services.records.read() as work:
            found = await work.projects.all()
        for project in found:
            await _look(services, project)

    return [jobs_.Job(name="evidence-quotas", activity=APPLY, every=EVERY, act=act)]


async def _look(services: Services, project: projects.Project) -> None:
    now, subject = services.clock.now(), evidence.of_project(project.id)
    async with services.records.read() as work:
        requests = await work.quota_requests.of(project.id)
        counted = await quotas_.limits(work, project.id)
        saws = [asked(requests), applied(requests, counted, now)]
        news = [await coverage.is_news(work, looks.piece(each, subject, now)) for each in saws]
    if any(news):
        async with services.records.begin() as work:
            await looks.keep(work, saws, subject, project.id, now)


def asked(requests: Sequence[quotas.Request]) -> Saw:
    foreign = [each for each in requests if each.party != errors.CUSTOMER and not each.delegation]
    facts = {"requests": [_shown(each) for each in requests[-SHOWN:]], "count": len(requests)}

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=ASK, collector="requests", outcome=outcome, summary=said, facts=facts)

    if foreign:
        return saw(Outcome.BREACHED, f"{len(foreign)} requests were the provider's, and nothing lent allows them")
    if not requests:
        return saw(Outcome.NOT_APPLICABLE, "The customer has not asked for more quota")
    return saw(Outcome.PROVEN, f"All {len(requests)} requests for more quota were the customer's, with a reason")


def applied(requests: Sequence[quotas.Request], counted: Mapping[quotas.Resource, int], now: datetime) -> Saw:
    """`counted` are the limits that orders are compared with."""
    granted = sorted((each for each in requests if each.status is quotas.Status.GRANTED), key=_when)
    wanted = quotas_.defaults()
    for each in granted:
        wanted |= each.wanted
    late = [each.id for each in requests if each.status is not quotas.Status.WITHDRAWN and each.late(now)]
    waiting = [each.id for each in requests if each.status is quotas.Status.OPEN]
    facts = {
        "granted": {resource.value: amount for resource, amount in wanted.items()},
        "counted": {resource.value: amount for resource, amount in counted.items()},
        "decisions": [_shown(each) for each in requests if each.decided_at is not None][-SHOWN:],
        "late": late[-SHOWN:],
        "waiting": waiting,
    }

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=APPLY, collector="quotas", outcome=outcome, summary=said, facts=facts)

    if dict(counted) != wanted:
        return saw(Outcome.BREACHED, "Orders count with another quota than was granted")
    if late:
        days = quotas.DECIDED_WITHIN.days
        return saw(Outcome.BREACHED, f"{len(late)} requests for more quota were not decided within {days} days")
    if waiting:
        return saw(Outcome.UNKNOWN, f"{len(waiting)} requests for more quota wait for the provider's decision")
    if not requests:
        return saw(Outcome.NOT_APPLICABLE, "Nobody asked for more quota, and the catalogue's counts")
    return saw(Outcome.PROVEN, f"All {len(requests)} requests were decided, and orders count with what was granted")


def _when(request: quotas.Request) -> datetime:
    return request.decided_at or request.requested_at


def _shown(request: quotas.Request) -> dict[str, object]:
    """People's names stay in the history."""
    return {
        "request": request.id,
        "at": request.requested_at.isoformat(),
        "party": request.party,
        "wanted": {resource.value: amount for resource, amount in request.wanted.items()},
        "status": request.status.value,
        "decidedAt": None if request.decided_at is None else request.decided_at.isoformat(),
    }
