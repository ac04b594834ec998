"""R of a row, lent to the other party and taken back: by whoever is accountable for the row, and by nobody else.

What is lent counts from the next decision on; so does its end. Standing delegations (`responsibility/standing.py`) are
listed with the others, and ended by the setting that they are.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from steward.domain import actors, clusters, delegations, errors, events, ledgers, projects
from steward.operations import access, history, registry, rights, terms
from steward.operations import context as context_
from steward.ports import records
from steward.responsibility import deciding, model, operations, standing

# By the party that it was lent to, and that is told.
LENT = {errors.PROVIDER: "delegation:lent-to-provider", errors.CUSTOMER: "delegation:lent-to-customer"}
TAKEN_BACK = {
    errors.PROVIDER: "delegation:taken-from-provider",
    errors.CUSTOMER: "delegation:taken-from-customer",
}
_OTHER = {errors.CUSTOMER: errors.PROVIDER, errors.PROVIDER: errors.CUSTOMER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be lent to the other party, and until when."""

    activity: str
    reason: str
    expires_at: datetime
    cluster_id: str = ""  # empty: every cluster of the project
    operations: Sequence[str] = ()  # empty: all of the row's


@registry.operation("delegation.grant")
async def grant(
    context: context_.Context, actor: actors.Actor, *, project_id: str, wish: Wish
) -> delegations.Delegation:
    now = context.clock.now()
    registry.under(wish.activity)
    async with context.records.begin() as work:
        project, cluster, contract = await _where(work, actor, project_id, wish.cluster_id)
        made = _granted(contract, actor, project.id, wish, now)
        lent = await rights.in_force(work, project.id, None, now)
        if len(lent) >= delegations.MOST_AT_ONCE:
            raise errors.QuotaExceeded(
                f"{len(lent)} delegations hold in this project, the most there may be; revoke one first"
            )
        await work.delegations.put(made)
        said = f"R of {made.activity} was lent to the {made.to_party} until {made.expires_at:%Y-%m-%d %H:%M} UTC"
        await _tell(work, made, _Deed(LENT[made.to_party], actor, f"{said}: {made.reason}", now), cluster)
    return made


@registry.operation("delegation.revoke")
async def revoke(context: context_.Context, actor: actors.Actor, *, project_id: str, delegation_id: str) -> None:
    """Asked twice it changes nothing the second time."""
    now = context.clock.now()
    if delegation_id.startswith("standing:"):
        raise errors.Conflict(
            "A standing delegation is a setting of the customer's: it ends with updatePolicy NEVER_UPDATE, with the "
            "pool's autoscale off, or with the last subscription to the log",
            name="ConflictError",
        )
    async with context.records.begin() as work:
        found = await work.delegations.get(delegation_id) if access.is_uuid(delegation_id) else None
        if found is None or found.project_id != project_id:
            await access.project_to_look_in(work, actor, project_id)
            raise errors.NotFound(f"Delegation {delegation_id[:64]!r} does not exist in this project")
        # Under what it was lent under: a row that a later version lacks can be taken back all the same.
        registry.under(found.activity, found.contract)
        await access.project(work, actor, project_id)
        if not found.holds(now):
            return
        gone = replace(found, revoked_at=now, revoked_by=actor.name)
        await work.delegations.put(gone)
        said = f"R of {gone.activity}, lent to the {gone.to_party}, was taken back"
        await _tell(work, gone, _Deed(TAKEN_BACK[gone.to_party], actor, said, now), None)


async def all_of_project(
    context: context_.Context, actor: actors.Actor, *, project_id: str, ended: bool = False
) -> list[delegations.Delegation]:
    """Those that hold, standing ones included; with `ended` those that hold no more as well."""
    now = context.clock.now()
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        found = [each for each in await work.delegations.of(project.id) if ended or each.holds(now)]
        for cluster in await work.clusters.of_project(project.id):
            found += standing.of(cluster, await work.nodepools.of_cluster(cluster.id))
    return found


async def _where(
    work: records.Work, actor: actors.Actor, project_id: str, cluster_id: str
) -> tuple[projects.Project, clusters.Cluster | None, model.Matrix]:
    """Decided upon here: under the cluster's contract where it is about one, else the project's."""
    project = await access.project_to_look_in(work, actor, project_id)
    if not cluster_id:
        await access.project(work, actor, project_id)
        return project, None, await terms.matrix_of(work, project, None)
    cluster = await access.cluster(work, actor, project_id, cluster_id)
    return project, cluster, await terms.matrix_of(work, project, cluster)


def _granted(
    contract: model.Matrix, actor: actors.Actor, project_id: projects.ProjectId, wish: Wish, now: datetime
) -> delegations.Delegation:
    to_party = _OTHER[actor.party]
    if why := deciding.lendable(contract.activity(wish.activity), to_party):
        raise errors.Conflict(why, name="ConflictError")
    return delegations.Delegation(
        id=str(uuid.uuid4()),
        project_id=project_id,
        cluster_id=clusters.ClusterId(wish.cluster_id) if wish.cluster_id else None,
        activity=wish.activity,
        to_party=to_party,
        operations=_checked_operations(wish),
        contract=contract.version,
        reason=delegations.checked_reason(wish.reason),
        granted_by=actor.name,
        granted_at=now,
        expires_at=delegations.checked_expiry(wish.expires_at, now),
    )


def _checked_operations(wish: Wish) -> tuple[str, ...]:
    of_row = [name for name, row in operations.ACTIVITY_OF.items() if row == wish.activity]
    strange = [name for name in wish.operations if name not in of_row]
    if strange:
        raise errors.BadInput(
            f"[operations] {strange[0][:64]!r} is no operation of {wish.activity}; it has {', '.join(of_row) or 'none'}"
        )
    return tuple(dict.fromkeys(wish.operations))


@dataclass(frozen=True, slots=True)
class _Deed:
    type: str
    actor: actors.Actor
    message: str
    at: datetime


async def _tell(
    work: records.Work, about: delegations.Delegation, deed: _Deed, cluster: clusters.Cluster | None
) -> None:
    """An event for people, and an entry of its own in the ledger with the whole scope."""
    facts = {**_facts(about), history.PARTY: deed.actor.party}
    await history.keep(
        work,
        events.Event(
            at=deed.at,
            project_id=about.project_id,
            cluster_id=about.cluster_id or clusters.ClusterId(""),
            subject="delegation",
            subject_id=about.id,
            type=deed.type,
            message=deed.message if cluster is None else f"{deed.message} (cluster {cluster.name})",
            actor=deed.actor.name,
            activity=about.activity,
            facts=facts,
        ),
    )
    draft = ledgers.Draft(
        kind="delegation",
        at=deed.at,
        activity=about.activity,
        subject=f"delegation:{about.id}",
        facts={"type": deed.type, **facts},
        personal={"actor": deed.actor.name, "reason": about.reason},
    )
    await work.ledger.append(ledgers.log_of(about.project_id), draft)


def _facts(about: delegations.Delegation) -> Mapping[str, str]:
    return {
        "toParty": about.to_party,
        "cluster": about.cluster_id or "",
        "operations": " ".join(about.operations),
        "expiresAt": about.expires_at.isoformat() if about.expires_at else "",
    }
