"""The provider's risks (3.1.6-2): none of the register overdue, and no known hole in what the service is made of."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from steward.domain import evidence
from steward.domain.evidence import Outcome
from steward.ports import advisories
from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import looks
from steward.reconcile.evidence.looks import Saw
from steward.reconcile.services import Services

TREAT = "3.1.6-2"
EVERY = 300.0
SCAN_EVERY = 6 * 3600.0
OLDEST = timedelta(days=7)  # of the database's latest change; an older one says nothing about today
MEND_WITHIN = timedelta(days=30)  # of a vulnerability's publication


def jobs(services: Services) -> list[jobs_.Job]:
    async def look() -> None:
        now = services.clock.now()
        async with services.records.begin() as work:
            saw = register(await work.risks.all(), now)
            await looks.keep(work, [saw], evidence.FLEET, None, now)

    async def scan() -> None:
        found = await services.advisories.scan()
        now = services.clock.now()
        async with services.records.begin() as work:
            saw = scanned(found, await work.risks.all(), now)
            await looks.keep(work, [saw], evidence.FLEET, None, now)

    return [
        jobs_.Job(name="evidence-risks", activity=TREAT, every=EVERY, act=look),
        jobs_.Job(name="evidence-vulnerabilities", activity=TREAT, every=SCAN_EVERY, act=scan),
    ]


def register(risks: Sequence[evidence.Risk], now: datetime) -> Saw:
    open_ = [each for each in risks if each.closed_at is None]
    overdue = sorted(each.id for each in open_ if each.review_by < now)
    unsigned = sorted(each.id for each in open_ if each.treatment == evidence.Treatment.ACCEPT and not each.holds(now))
    facts = {"open": len(open_), "overdue": overdue, "acceptedWithoutSignature": unsigned}

    def saw(outcome: Outcome, said: str) -> Saw:
        return Saw(activity=TREAT, collector="risks", outcome=outcome, summary=said, facts=facts)

    if overdue:
        return saw(Outcome.BREACHED, f"The review of {len(overdue)} risks is overdue")
    if unsigned:
        return saw(Outcome.BREACHED, f"{len(unsigned)} risks are to be accepted, and no signature holds")
    if not open_:
        return saw(Outcome.UNKNOWN, "The register of risks is empty: nobody has looked for any")
    return saw(Outcome.PROVEN, f"{len(open_)} risks have an owner and a treatment, and none is overdue")


def scanned(scan: advisories.Scan, risks: Sequence[evidence.Risk], now: datetime) -> Saw:
    """What was found counts as treated while it is new, or while a signed risk names it."""
    if scan.newest is None:
        return _saw(Outcome.UNKNOWN, scan.reason, {"reason": scan.reason})
    facts: dict[str, object] = {"components": scan.components, "newest": scan.newest.isoformat()}
    if now - scan.newest > OLDEST:
        said = f"The vulnerability database is from {scan.newest:%Y-%m-%d}: too old to say anything about today"
        return _saw(Outcome.UNKNOWN, said, facts)
    signed = {each.vulnerability for each in risks if each.vulnerability and each.closed_at is None and each.holds(now)}
    left = [each for each in scan.found if not signed & {each.id, *each.aliases}]
    late = [each for each in left if now - each.published > MEND_WITHIN]
    facts |= {
        "found": [_line(each) for each in scan.found],
        "late": [each.id for each in late],
        "accepted": len(scan.found) - len(left),
    }
    if late:
        said = f"{len(late)} vulnerabilities of pinned components are known for more than {MEND_WITHIN.days} days"
        return _saw(Outcome.BREACHED, said, facts)
    said = f"{scan.components} pinned components were looked up; {len(left)} vulnerabilities are new, none is overdue"
    return _saw(Outcome.PROVEN, said, facts)


def _line(found: advisories.Advisory) -> str:
    fixed = f", mended in {found.fixed}" if found.fixed else ""
    return f"{found.id}: {found.component.name} {found.component.version}{fixed}"


def _saw(outcome: Outcome, said: str, facts: dict[str, object]) -> Saw:
    return Saw(activity=TREAT, collector="vulnerabilities", outcome=outcome, summary=said, facts=facts)
