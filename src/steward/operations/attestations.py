"""A named person's word for a row that no machine proves: given by the accountable party, until a date, withdrawable.

Neither automation nor an application's keys attest. What is stated in a row that the other party has no letter in stays
with the party that stated it; that it was stated, by whom and until when, both read.
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from steward.domain import actors, errors, evidence, ledgers, projects
from steward.operations import access, registry, rights, terms
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records
from steward.responsibility import evidence_rules, matrix, model

_DIGEST = re.compile(r"([0-9a-f]{64})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`cluster_id` empty: every cluster of the project. `document_digest` is of what was looked at, if anything."""

    activity: str
    statement: str
    expires_at: datetime
    cluster_id: str = ""
    document_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`statement` is empty where it is not for whoever asks."""

    attestation: evidence.Attestation
    statement: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an attestation is about, and whose ledger it goes into."""

    subject: str
    project_id: projects.ProjectId | None
    contract: model.Matrix


@operation("attestation.make")
async def make(context: context_.Context, actor: actors.Actor, *, project_id: str, wish: Wish) -> evidence.Attestation:
    """Without a project it is about all clusters, and the provider's."""
    now = context.clock.now()
    registry.under(wish.activity)
    async with context.records.begin() as work:
        place = await decided(work, actor, project_id, wish.cluster_id)
        check_named(actor)
        _check_row(place.contract, wish.activity, place)
        made = evidence.Attestation(
            id=str(uuid.uuid4()),
            activity=wish.activity,
            subject=place.subject,
            party=actor.party,
            person=actor.name,
            statement=evidence.checked_statement(wish.statement),
            document_digest=_checked_digest(wish.document_digest),
            made_at=now,
            expires_at=evidence.checked_word_end(wish.expires_at, now),
        )
        await keep(work, made, place.project_id, "attestation:made", actor, now)
    return made


@operation("attestation.withdraw")
async def withdraw(context: context_.Context, actor: actors.Actor, *, project_id: str, attestation_id: str) -> None:
    """By a named person of the party that gave it; asked twice it changes nothing the second time."""
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, attestation_id)
        registry.under(found.activity)
        kind, _, id_ = found.subject.partition(":")
        await decided(work, actor, project_id, id_ if kind == "cluster" else "")
        check_named(actor)
        if found.withdrawn_at is not None:
            return
        gone = replace(found, withdrawn_at=now)
        await keep(work, gone, projects.ProjectId(project_id) if project_id else None, "attestation:withdrawn",
                   actor, now)  # fmt: skip


async def all_of(context: context_.Context, actor: actors.Actor, *, project_id: str) -> list[Shown]:
    """Of a project with its clusters, or without one of the fleet, which is the provider's to read."""
    now = context.clock.now()
    async with context.records.read() as work:
        subjects = [evidence.FLEET]
        contract = matrix.newest()
        if project_id:
            project = await access.project(work, actor, project_id)
            contract = await terms.matrix_of(work, project, None)
            standing = await work.clusters.of_project(project.id)
            subjects = [evidence.of_project(project.id), *(evidence.of_cluster(each.id) for each in standing)]
        elif not actor.of_provider:
            raise errors.Forbidden("What concerns all customers is shown to the provider alone")
        found = [each for subject in subjects for each in await work.attestations.of(subject)]
    return [_shown(contract, each, actor, now) for each in sorted(found, key=lambda each: each.made_at)]


def _shown(contract: model.Matrix, found: evidence.Attestation, actor: actors.Actor, now: datetime) -> Shown:
    row = contract.activities.get(found.activity)
    readable = found.party == actor.party or (row is not None and bool(row.letters[actor.party]))
    return Shown(attestation=found, statement=found.statement if readable else "", holds=found.holds(now))


async def decided(work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str) -> Place:
    """Where it belongs; the decision is taken under the contract that holds there."""
    if not project_id:
        await rights.decided(work, actor)
        if not actor.of_provider:
            raise errors.BadInput("What a customer states is about a project of its own; name it")
        return Place(subject=evidence.FLEET, project_id=None, contract=matrix.newest())
    if cluster_id:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return Place(
            subject=evidence.of_cluster(cluster.id),
            project_id=cluster.project_id,
            contract=matrix.load(cluster.contract),
        )
    project = await access.project(work, actor, project_id)
    return Place(
        subject=evidence.of_project(project.id),
        project_id=project.id,
        contract=await terms.matrix_of(work, project, None),
    )


def check_named(actor: actors.Actor) -> None:
    if actor.kind is not actors.Kind.PERSON or actor.person_id is None:
        raise errors.Forbidden(
            f"Only a named person attests; {actor.name} is none. Sign in as yourself, and use a token of your own "
            "(steward tokens create)",
            code="NO_PERSON",
            details={"whoMay": "A named person", "howToAsk": "Sign in as yourself: steward tokens create"},
        )


def _check_row(contract: model.Matrix, activity: str, place: Place) -> None:
    """A person's word where the published table gives it weight, and about what it says."""
    rule = evidence_rules.rule_of(activity)
    text = contract.activity(activity).text
    if rule.word is evidence_rules.Word.NOTHING:
        raise errors.Conflict(
            f"{activity} ({text}) is proven by what is observed; nobody's word stands for it", name="ConflictError"
        )
    if (place.subject == evidence.FLEET) != (rule.word_scope is evidence_rules.Scope.FLEET):
        about = "the whole service" if place.subject != evidence.FLEET else "a project or one of its clusters"
        raise errors.BadInput(f"[subject] {activity} is stated of {about}, not of {place.subject}")


def _checked_digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        raise errors.BadInput("[document] is the SHA-256 of what was looked at: 64 hexadecimal digits, or nothing")
    return text


async def _found(work: records.Work, actor: actors.Actor, project_id: str, attestation_id: str) -> evidence.Attestation:
    """In that project, or of the fleet; anybody else's is not there."""
    subjects: Sequence[str] = [evidence.FLEET]
    if project_id:
        project = await access.project_to_look_in(work, actor, project_id)
        subjects = [evidence.of_project(project.id)]
        subjects += [evidence.of_cluster(each.id) for each in await work.clusters.of_project(project.id)]
    elif not actor.of_provider:
        raise _no_attestation(attestation_id)
    found = await work.attestations.get(attestation_id) if access.is_uuid(attestation_id) else None
    if found is None or found.subject not in subjects:
        raise _no_attestation(attestation_id)
    return found


def _no_attestation(attestation_id: str) -> errors.NotFound:
    return errors.NotFound(f"Attestation {attestation_id[:64]!r} does not exist here")


async def keep(
    work: records.Work,
    about: evidence.Attestation,
    project_id: projects.ProjectId | None,
    type_: str,
    actor: actors.Actor,
    now: datetime,
) -> None:
    """The ledger commits to who said what, and shows that it was said, of what, and until when."""
    await work.attestations.put(about)
    draft = ledgers.Draft(
        kind="attestation",
        at=now,
        activity=about.activity,
        subject=about.subject,
        facts={
            "type": type_,
            "attestation": about.id,
            "party": about.party,
            "review": about.review,
            "document": about.document_digest,
            "expiresAt": about.expires_at.isoformat(),
        },
        personal={"actor": actor.name, "statement": about.statement},
    )
    await work.ledger.append(ledgers.log_of(project_id), draft)
