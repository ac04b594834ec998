"""Access reviews: a named person looks at a list of who has access, and says so, with the digest of that list.

Every 90 days: the customer's owner the members (3.1.2-1), the customer the subjects bound to cluster-admin (3.1.2-3),
the provider its staff and register (3.1.2-2). A list is shown to the party that reviews it, and to nobody else.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from steward.domain import actors, audits, errors, evidence, people, projects
from steward.operations import access, attestations, registry, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records
from steward.responsibility import evidence_rules

SHORT = timedelta(days=1)  # certificates that live no longer are named by their purpose, not one by one
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is to be looked at now, and when somebody last did."""

    review: evidence_rules.Review
    activity: str
    items: Sequence[Item]
    digest: str
    last: evidence.Attestation | None
    due_at: datetime | None  # None: nobody has reviewed it yet
    overdue: bool


async def show(
    context: context_.Context, actor: actors.Actor, *, name: str, project_id: str = "", cluster_id: str = ""
) -> Listing:
    async with context.records.read() as work:
        return await _listing(work, actor, name, project_id, cluster_id, context.clock.now())


@operation("review.make")
async def make(
    context: context_.Context,
    actor: actors.Actor,
    *,
    name: str,
    where: tuple[str, str],
    digest: str,
    statement: str,
) -> evidence.Attestation:
    """`where` is project and cluster, as far as the review is about them. The digest is that of the list as it was
    shown: one that has changed since is to be looked at again."""
    now = context.clock.now()
    project_id, cluster_id = where
    review, activity = _known(name)
    registry.under(activity)
    async with context.records.begin() as work:
        _check_place(review, project_id, cluster_id)
        place = await attestations.decided(work, actor, project_id, cluster_id)
        attestations.check_named(actor)
        if not people.reaches(actor.role, review.least):
            raise errors.Forbidden(
                f"Reviewing {review.list} takes the role {review.least.value}",
                details={
                    "whoMay": f"The {review.party}, with the role {review.least.value}",
                    "howToAsk": f"Ask somebody with the role {review.least.value} to review it",
                },
            )
        found = await _listing(work, actor, name, project_id, cluster_id, now)
        if digest != found.digest:
            raise errors.Conflict(
                f"The list has the digest {found.digest} now, not {digest[:64]!r}: it has changed, look at it again",
                name="ConflictError",
            )
        made = evidence.Attestation(
            id=str(uuid.uuid4()),
            activity=activity,
            subject=place.subject,
            party=actor.party,
            person=actor.name,
            statement=evidence.checked_statement(statement),
            review=name,
            document_digest=digest,
            made_at=now,
            expires_at=now + review.every,
        )
        await attestations.keep(work, made, place.project_id, "review:made", actor, now)
    return made


def _known(name: str) -> tuple[evidence_rules.Review, str]:
    review = evidence_rules.REVIEWS.get(name)
    if review is None:
        raise errors.NotFound(f"There is no review {name[:32]!r}; there are {', '.join(evidence_rules.REVIEWS)}")
    return review, next(each.activity for each in evidence_rules.RULES.values() if each.review is review)


def _check_place(review: evidence_rules.Review, project_id: str, cluster_id: str) -> None:
    wanted = {
        evidence_rules.Scope.FLEET: (False, False),
        evidence_rules.Scope.PROJECT: (True, False),
        evidence_rules.Scope.CLUSTER: (True, True),
    }[review.scope]
    if (bool(project_id), bool(cluster_id)) != wanted:
        raise errors.BadInput(f"[cluster] the review {review.name} is of one {review.scope.value}")


async def _listing(
    work: records.Work, actor: actors.Actor, name: str, project_id: str, cluster_id: str, now: datetime
) -> Listing:
    review, activity = _known(name)
    _check_place(review, project_id, cluster_id)
    if actor.party != review.party:
        raise rights.reserved(
            activity,
            f"The {review.party} reviews {review.list}, and the list is shown to nobody else",
            who_may=f"The {review.party}",
        )
    subject, items = await _items(work, actor, review, project_id, cluster_id, now)
    made = [
        each
        for each in await work.attestations.of(subject)
        if each.review == name and each.withdrawn_at is None and each.party == review.party
    ]
    last = max(made, key=lambda each: each.made_at, default=None)
    due_at = None if last is None else last.made_at + review.every
    return Listing(
        review=review,
        activity=activity,
        items=items,
        digest=evidence.digest({"list": list(items)}),
        last=last,
        due_at=due_at,
        overdue=due_at is not None and due_at <= now,
    )


async def _items(
    work: records.Work,
    actor: actors.Actor,
    review: evidence_rules.Review,
    project_id: str,
    cluster_id: str,
    now: datetime,
) -> tuple[str, list[Item]]:
    if review.scope is evidence_rules.Scope.FLEET:
        return evidence.FLEET, await _register(work, now)
    project = await access.project_to_look_in(work, actor, project_id)
    if review.scope is evidence_rules.Scope.PROJECT:
        return evidence.of_project(project.id), await _members(work, project, now)
    _, cluster = await access.seen_cluster(work, actor, project_id, cluster_id)
    return evidence.of_cluster(cluster.id), await _admins(work, evidence.of_cluster(cluster.id))


async def _members(work: records.Work, project: projects.Project, now: datetime) -> list[Item]:
    found = [each for each in await work.people.of(project.account) if each.status is not people.Status.CLOSED]
    keys = [each for each in await work.credentials.of_account(project.account) if each.usable(now)]
    shown: list[Item] = []
    for each in found:
        tokens = [token for token in await work.tokens.of(each.id) if _lasting(token, now)]
        described = {"kind": "person", "name": each.email, "role": each.role.value, "status": each.status.value}
        shown.append({**described, "tokens": sorted(token.description or token.id for token in tokens)})
    shown += [
        {"kind": "credential", "name": str(each.id), "role": "owner", "description": each.description} for each in keys
    ]
    shown += await _programs(work, project.account)
    return sorted(shown, key=lambda each: (each["kind"], each["name"]))


async def _programs(work: records.Work, owner: str) -> list[Item]:
    """OAuth2 clients, whose secrets have no end."""
    return [
        {"kind": "program", "name": str(each.id), "role": each.role.value, "description": each.name}
        for each in await work.oauth2_clients.of(owner)
    ]


async def _admins(work: records.Work, subject: str) -> list[Item]:
    """As the cluster itself said when it was last looked at."""
    seen = await work.evidence.get(f"3.1.2-3/{subject}/bindings")
    if seen is None:
        raise errors.Conflict(
            "Nobody has read yet who is bound to cluster-admin; it is read soon after the installation",
            name="ConflictError",
        )
    bindings: Mapping[str, Sequence[str]] = seen.facts.get("bindings", {})
    return [
        {"kind": "binding", "name": name, "subjects": list(subjects)} for name, subjects in sorted(bindings.items())
    ]


async def _register(work: records.Work, now: datetime) -> list[Item]:
    shown: list[Item] = []
    for each in await work.people.of(errors.PROVIDER):
        if each.status is not people.Status.CLOSED:
            tokens = [token for token in await work.tokens.of(each.id) if _lasting(token, now)]
            described = {"kind": "staff", "name": each.email, "role": each.role.value, "status": each.status.value}
            shown.append({**described, "tokens": sorted(token.description or token.id for token in tokens)})
    shown += await _programs(work, errors.PROVIDER)
    issued = [each for each in await work.issuances.all() if each.party == errors.PROVIDER and _valid(each, now)]
    purposes = {(each.user, each.purpose) for each in issued if each.expires_at - each.issued_at <= SHORT}
    shown += [{"kind": "identity", "name": user, "purpose": purpose} for user, purpose in purposes]
    shown += [
        {
            "kind": "certificate",
            "name": each.fingerprint,
            "user": each.user,
            "cluster": each.cluster_id,
            "until": each.expires_at.isoformat(),
        }
        for each in issued
        if each.expires_at - each.issued_at > SHORT
    ]
    return sorted(shown, key=lambda each: (each["kind"], each["name"]))


def _lasting(token: people.Token, now: datetime) -> bool:
    """Those that stand for a person for long; sessions come and go."""
    return token.purpose is people.Purpose.API and token.usable(now)


def _valid(issued: audits.Issuance, now: datetime) -> bool:
    return issued.revoked_at is None and issued.expires_at > now
