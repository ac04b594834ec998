"""What is proven: keeps what collectors saw, and tells both parties in which state each row of the contract is.

State, age and digest are the same for whoever asks. The facts behind a row are the customer's content where the
provider has no letter in it, and what concerns the fleet is shown with its facts to the provider alone.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from steward.domain import actors, availability, clusters, errors, evidence, ledgers, notices, projects
from steward.operations import access, outages, outbox, terms
from steward.operations import context as context_
from steward.ports import records
from steward.responsibility import coverage, evidence_rules, matrix, model

CLOCK_SKEW = timedelta(minutes=1)
CONFIRM_AT_MOST = timedelta(hours=1)  # between two entries about what has not changed
MOST_RECEIPTS = 200  # of one row that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one collector saw. `hidden` says why they are not shown to whoever asks."""

    collector: str
    subject: str
    summary: str
    digest: str
    ledger_index: int | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    hidden: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the contract, with its state."""

    activity: model.Activity
    rule: evidence_rules.RowRule
    row: coverage.Row
    facts: tuple[Facts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`log` and `size` say how much of the ledger stood when it was made."""

    project_id: projects.ProjectId
    cluster_id: clusters.ClusterId
    cluster_name: str  # empty once the cluster is gone
    contract: model.Matrix
    at: datetime
    ended: bool
    lines: tuple[Line, ...]
    log: str
    size: int
    figures: availability.Figures | None = None  # of the month that runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All clusters that whoever asks may see: for each row, the clusters in each state."""

    at: datetime
    contract: model.Matrix
    reports: tuple[Report, ...]

    def counts(self, activity: str) -> dict[coverage.State, int]:
        found = {state: 0 for state in coverage.State}
        for report in self.reports:
            line = next((each for each in report.lines if each.activity.id == activity), None)
            if line is not None:
                found[line.row.state] += 1
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """What all clusters of one report share."""

    now: datetime
    began_at: datetime  # of the service
    pieces: Sequence[evidence.Evidence]
    words: Sequence[evidence.Attestation]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A cluster that is there, or was."""

    project: projects.Project
    cluster_id: clusters.ClusterId
    cluster: clusters.Cluster | None
    began_at: datetime


async def keep(
    work: records.Work, piece: evidence.Evidence, project_id: projects.ProjectId | None
) -> evidence.Evidence:
    """The latest counts. The ledger gets an entry when outcome or facts changed, and now and then when not.

    An entry holds the digest of the facts and not the facts: whoever reads the ledger learns nothing that the report
    would not show.
    """
    before = await work.evidence.get(piece.id)
    same = before is not None and (before.outcome, before.digest) == (piece.outcome, piece.digest)
    if before is not None and same and not _due(before, piece):
        kept = dataclasses.replace(piece, ledger_index=before.ledger_index, ledger_at=before.ledger_at)
        if _worth_writing(before, piece):
            await work.evidence.put(kept)
        return kept
    draft = ledgers.Draft(
        kind="evidence",
        at=piece.observed_at,
        activity=piece.activity,
        subject=piece.subject,
        facts={
            "collector": piece.collector,
            "outcome": piece.outcome.value,
            "digest": piece.digest,
            "validUntil": piece.valid_until.isoformat(),
        },
    )
    index = await work.ledger.append(ledgers.log_of(project_id), draft)
    kept = dataclasses.replace(piece, ledger_index=index, ledger_at=piece.observed_at)
    await work.evidence.put(kept)
    return kept


async def is_news(work: records.Work, piece: evidence.Evidence) -> bool:
    """Whether `keep` would write anything: asked before a transaction that would hold others up for nothing."""
    before = await work.evidence.get(piece.id)
    if before is None or (before.outcome, before.digest) != (piece.outcome, piece.digest):
        return True
    return _due(before, piece) or _worth_writing(before, piece)


def _due(before: evidence.Evidence, piece: evidence.Evidence) -> bool:
    """Whether what has not changed is confirmed in the ledger: halfway through its validity, hourly at most."""
    if before.ledger_at is None or _went_back(before.ledger_at, piece):
        return True
    pause = max(CONFIRM_AT_MOST, (piece.valid_until - piece.observed_at) / 2)
    return piece.observed_at - before.ledger_at >= pause


def _worth_writing(before: evidence.Evidence, piece: evidence.Evidence) -> bool:
    """A look that found the same is written once it makes the evidence clearly younger."""
    if _went_back(before.observed_at, piece):
        return True
    return piece.observed_at - before.observed_at >= (before.valid_until - before.observed_at) / 20


def _went_back(before: datetime, piece: evidence.Evidence) -> bool:
    """The clock, by more than two looks may pass each other: what is dated ahead would stand until time caught up."""
    return before - piece.observed_at > CLOCK_SKEW


async def of_cluster(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> Report:
    """Evidence outlives its cluster, as its events do."""
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        subject = await _subject(work, actor, project, cluster_id)
        common = await _common(work, context.clock.now())
        return await _report(work, subject, common, actor)


async def of_fleet(context: context_.Context, actor: actors.Actor) -> Fleet:
    """The provider's: all clusters. A customer's: its own."""
    now = context.clock.now()
    async with context.records.read() as work:
        common = await _common(work, now)
        reports = []
        for project in await work.projects.all() if actor.of_provider else await _own_projects(work, actor):
            for cluster in await work.clusters.of_project(project.id):
                subject = _Subject(project=project, cluster_id=cluster.id, cluster=cluster, began_at=cluster.created_at)
                reports.append(await _report(work, subject, common, actor))
    return Fleet(at=now, contract=matrix.load(), reports=tuple(reports))


async def _own_projects(work: records.Work, actor: actors.Actor) -> list[projects.Project]:
    if actor.account is None:
        raise errors.Forbidden("Whoever asks belongs to no account")
    return [each for each in await work.projects.of_account(actor.account) if actor.reaches(each)]


async def _subject(work: records.Work, actor: actors.Actor, project: projects.Project, cluster_id: str) -> _Subject:
    known = clusters.ClusterId(access.checked_cluster_id(cluster_id))
    first = await work.events.of_cluster(known, limit=1)
    if not first or first[0].project_id != project.id or await work.clusters.get(known) is not None:
        cluster = await access.cluster(work, actor, project.id, cluster_id)
        return _Subject(project=project, cluster_id=cluster.id, cluster=cluster, began_at=cluster.created_at)
    return _Subject(project=project, cluster_id=known, cluster=None, began_at=first[0].at)


async def _common(work: records.Work, now: datetime) -> _Common:
    begun = [each.created_at for each in await work.projects.all()]
    return _Common(
        now=now,
        began_at=min(begun, default=now),
        pieces=await work.evidence.of(evidence.FLEET),
        words=await work.attestations.of(evidence.FLEET),
    )


async def _report(work: records.Work, subject: _Subject, common: _Common, actor: actors.Actor) -> Report:
    cluster, project = subject.cluster, subject.project
    contract = await terms.pinned(work, subject.cluster_id, cluster)
    names = (evidence.of_cluster(subject.cluster_id), evidence.of_project(project.id))
    pieces = [*common.pieces, *[each for name in names for each in await work.evidence.of(name)]]
    words = [*common.words, *[each for name in names for each in await work.attestations.of(name)]]
    ended = cluster is None or cluster.deleting
    lines = []
    for activity in contract.activities.values():
        rule = evidence_rules.rule_of(activity.id)
        own = [each for each in pieces if each.activity == activity.id]
        seen = coverage.Seen(
            rule=rule,
            activity=activity,
            pieces=[each for each in own if not _of_own_inbox(each)],
            words=[each for each in words if each.activity == activity.id],
            told=await _told(work, activity, rule.told_with or activity.id, names) if own else {},
            began_at=_began(rule, subject, common),
            ended=ended,
        )
        row = coverage.judged(seen, common.now)
        lines.append(Line(activity=activity, rule=rule, row=row, facts=_facts(activity, own, actor)))
    log = ledgers.log_of(project.id)
    return Report(
        project_id=project.id,
        cluster_id=subject.cluster_id,
        cluster_name="" if cluster is None else cluster.name,
        contract=contract,
        at=common.now,
        ended=ended,
        lines=tuple(lines),
        log=log,
        size=await work.ledger.size(log),
        figures=None if cluster is None else await outages.figures_of(work, cluster, common.now),
    )


def _of_own_inbox(piece: evidence.Evidence) -> bool:
    """For the provider it is enough that something stands in its inbox; whether it was read in time is its own."""
    return piece.collector == outbox.COLLECTOR and piece.facts.get("party") == errors.PROVIDER


def _began(rule: evidence_rules.RowRule, subject: _Subject, common: _Common) -> datetime:
    """Since when a review could have been made."""
    scope = rule.review.scope if rule.review is not None else evidence_rules.Scope.CLUSTER
    if scope is evidence_rules.Scope.FLEET:
        return common.began_at
    return subject.project.created_at if scope is evidence_rules.Scope.PROJECT else subject.began_at


async def _told(
    work: records.Work, activity: model.Activity, told_with: str, subjects: Sequence[str]
) -> dict[str, coverage.Told]:
    found = {}
    for party, held in activity.letters.items():
        if model.Letter.I in held:
            owed = [
                receipt
                for subject in subjects
                for receipt in await work.receipts.of(notices.row(told_with, subject, party), latest=MOST_RECEIPTS)
            ]
            found[party] = _told_of(owed)
    return found


def _told_of(owed: Sequence[notices.Receipt]) -> coverage.Told:
    """Received is what was received in whole: one that never arrived leaves the party uninformed of it."""
    received = [each.received_at for each in owed if each.received_at is not None]
    whole = owed and len(received) == len(owed)
    return coverage.Told(noted=bool(owed), received_at=max(received) if whole else None)


def _facts(activity: model.Activity, pieces: Sequence[evidence.Evidence], actor: actors.Actor) -> tuple[Facts, ...]:
    return tuple(_shown(activity, each, actor) for each in pieces)


def _shown(activity: model.Activity, piece: evidence.Evidence, actor: actors.Actor) -> Facts:
    hidden = _hidden(activity, piece, actor)
    return Facts(
        collector=piece.collector,
        subject=piece.subject,
        summary=piece.summary,
        digest=piece.digest,
        ledger_index=piece.ledger_index,
        facts={} if hidden else piece.facts,
        hidden=hidden,
    )


def _hidden(activity: model.Activity, piece: evidence.Evidence, actor: actors.Actor) -> str:
    if actor.of_provider and not activity.letters[errors.PROVIDER]:
        return "The provider has no letter in this row: its facts are the customer's"
    if not actor.of_provider and piece.subject == evidence.FLEET:
        return "What concerns all customers is shown to the provider alone"
    return ""
