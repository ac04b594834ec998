"""What the audit logs prove: for each row that is the customer's, that the provider did nothing of it.

A zero holds over a window of the log without a gap, from its beginning to the last canary; without such a window
nothing is known. A breach stays one for as long as it is recent. Called by `audits` for one cluster at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from steward.domain import audits, clusters, evidence
from steward.domain.evidence import Outcome
from steward.kit import times
from steward.operations import coverage
from steward.reconcile.evidence import looks
from steward.reconcile.services import Services
from steward.responsibility import audit_rules

COLLECTOR = "audit"
EVERY = timedelta(minutes=10)
BREACH_STANDS = timedelta(days=30)
CONFIRMED_EVERY = timedelta(hours=1)  # in the ledger, while nothing but the counts changes
MOST_FINDINGS = 10_000
ROWS = (*audit_rules.NEGATIVE, audit_rules.CREDENTIALS, audit_rules.IMPORT_EXPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the records say of one cluster's log at one moment."""

    now: datetime
    position: audits.Position
    breaches: Sequence[audits.Finding]
    tallies: Sequence[audits.Tally]

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """From when to when everything is known."""
        if self.position.whole_since is None or self.position.canary_at is None:
            return None
        return self.position.whole_since, self.position.canary_at

    def tally(self, activity: str, since: datetime) -> audits.Tally:
        """Of the days since then."""
        first = since.strftime("%Y-%m-%d")
        found = [each for each in self.tallies if each.activity == activity and each.day >= first]
        return audits.Tally(
            id="",
            cluster_id=self.position.cluster_id,
            activity=activity,
            day=first,
            by_customer=sum(each.by_customer for each in found),
            by_provider=sum(each.by_provider for each in found),
            reads_by_customer=sum(each.reads_by_customer for each in found),
        )


async def assess(services: Services, cluster: clusters.Cluster, position: audits.Position) -> None:
    """Evidence for every row, kept when it is new or was not looked at for a while."""
    subject = evidence.of_cluster(cluster.id)
    async with services.records.begin() as work:
        if await work.clusters.get(cluster.id) is None:
            return
        found = await work.findings.of(cluster.id, latest=MOST_FINDINGS)
        now = services.clock.now()
        known = Known(
            now=now,
            position=position,
            breaches=[each for each in found if _stands(each, now)],
            tallies=await work.tallies.of(cluster.id),
        )
        before = {each.activity: each for each in await work.evidence.of(subject) if each.collector == COLLECTOR}
        for saw in saws(known):
            piece = _steady(looks.piece(saw, subject, now), before.get(saw.activity))
            await coverage.keep(work, piece, cluster.project_id)


def saws(known: Known) -> Iterable[looks.Saw]:
    for activity in ROWS:
        outcome, summary, facts = _row(activity, known)
        yield looks.Saw(activity=activity, collector=COLLECTOR, outcome=outcome, summary=summary, facts=facts)


def _row(activity: str, known: Known) -> tuple[Outcome, str, Mapping[str, Any]]:
    breaches = [each for each in known.breaches if each.activity == activity]
    if breaches:
        return Outcome.BREACHED, _told(activity, breaches), _breached(breaches)
    if known.window is None:
        return Outcome.UNKNOWN, "The audit log has a gap, or no canary was seen in it yet: nothing is known", {}
    begin, end = known.window
    facts: dict[str, Any] = {"from": times.rfc3339(begin), "to": times.rfc3339(end)}
    count = known.tally(activity, begin)
    if activity == audit_rules.CREDENTIALS:
        said = "Every certificate in the audit log is in the ledger of issued ones, and was used as it was issued"
        return Outcome.PROVEN, said, facts
    if activity == audit_rules.IMPORT_EXPORT:
        return _import_export(count, facts)
    facts |= {"byProvider": 0, "byCustomer": count.by_customer, "byProviderWithConsent": count.by_provider}
    said = "No act of the provider's in a log without a gap"
    if count.by_provider:
        said += f", but {count.by_provider} in sessions that were let in (days that the window touches)"
    return Outcome.PROVEN, said, facts


def _import_export(count: audits.Tally, facts: dict[str, Any]) -> tuple[Outcome, str, Mapping[str, Any]]:
    """The one row of these that only an act of the customer's own proves."""
    facts |= {"exports": count.reads_by_customer, "imports": count.by_customer}
    if count.reads_by_customer and count.by_customer:
        return Outcome.PROVEN, "The customer has listed and created objects through the cluster's own API", facts
    return Outcome.UNKNOWN, "The customer has not both listed and created objects in the window that is known", facts


def _told(activity: str, breaches: Sequence[audits.Finding]) -> str:
    last = max(breaches, key=lambda each: each.at)
    if activity == audit_rules.CREDENTIALS:
        return f"{len(breaches)} uses of a credential that should not be; the last at {times.rfc3339(last.at)}"
    return f"{len(breaches)} acts of the provider's that are the customer's; the last at {times.rfc3339(last.at)}"


def _breached(breaches: Sequence[audits.Finding]) -> Mapping[str, Any]:
    last = max(breaches, key=lambda each: each.at)
    return {
        "breaches": len(breaches),
        "finding": last.id,
        "at": times.rfc3339(last.at),
        "user": last.user,
        "rule": last.rule,
        "credential": last.fingerprint,
    }


def _stands(finding: audits.Finding, now: datetime) -> bool:
    return finding.sort is audits.Sort.BREACH and now - finding.at < BREACH_STANDS


def _steady(piece: evidence.Evidence, before: evidence.Evidence | None) -> evidence.Evidence:
    """Counts and the end of the window change all the time: they are renewed as often as the ledger takes them."""
    if before is None or before.ledger_at is None or before.outcome is not piece.outcome:
        return piece
    if piece.outcome is Outcome.BREACHED or before.facts.get("from") != piece.facts.get("from"):
        return piece
    if not timedelta() <= piece.observed_at - before.ledger_at < CONFIRMED_EVERY:  # the clock may have gone back
        return piece
    return evidence.Evidence(
        activity=piece.activity,
        subject=piece.subject,
        collector=piece.collector,
        observed_at=piece.observed_at,
        valid_until=piece.valid_until,
        outcome=piece.outcome,
        summary=before.summary,
        facts=before.facts,
    )
