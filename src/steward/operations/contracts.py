"""The contract between both parties: offered, compared, accepted for a project, and for a cluster that stands.

A version counts where it was accepted: for what a project orders from then on, and for one cluster. An order of a
project that accepted nothing yet accepts the newest, and says so. `terms` reads what holds.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from steward.domain import actors, clusters, contracts, errors, events, ledgers, projects
from steward.operations import access, capabilities, history, orders, registry, terms
from steward.operations import context as context_
from steward.ports import records
from steward.responsibility import matrix, model

VERSION, POLICY, AUTOSCALE, NETWORK = "version", "updatePolicy", "autoscale", "network"  # fields of an order


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`offered` is newer than what holds; None where there is nothing to accept."""

    accepted: contracts.Acceptance | None
    newest: model.Matrix
    offered: model.Matrix | None
    defaults: Mapping[str, str]  # as they are now
    clusters: Sequence[clusters.Cluster]


def defaults() -> dict[str, str]:
    """What an order takes where it names nothing itself; shown, and accepted with the contract."""
    return {
        VERSION: capabilities.default_series(),
        POLICY: clusters.UpdatePolicy.ALWAYS_UPDATE.value,
        AUTOSCALE: "false",
        NETWORK: "public",  # without a private network of the customer's
    }


async def show(context: context_.Context, actor: actors.Actor, *, project_id: str) -> View:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        accepted = await terms.accepted(work, project.id)
        newest = matrix.newest()
        behind = accepted is None or matrix.is_newer(newest.version, accepted.version)
        return View(
            accepted=accepted,
            newest=newest,
            offered=newest if behind else None,
            defaults=defaults(),
            clusters=await work.clusters.of_project(project.id),
        )


def edition(version: str) -> model.Matrix:
    try:
        return matrix.load(version)
    except KeyError:
        known = ", ".join(matrix.versions())
        raise errors.NotFound(f"There is no version {version[:20]!r} of the contract; there are {known}") from None


@registry.operation("contract.accept")
async def accept(
    context: context_.Context, actor: actors.Actor, *, project_id: str, version: str, digest: str
) -> contracts.Acceptance:
    """For what the project orders from now on; clusters that stand keep the version they have."""
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        before = await terms.accepted(work, project.id)
        chosen = _chosen(version, digest, before.version if before else "")
        if before is not None and not before.by_ordering and _same(before, chosen):
            return before
        made = _acceptance(project.id, chosen, actor, now)
        await _keep(work, made, actor, "contract:accepted", f"Version {chosen.version} of the contract was accepted")
    return made


@registry.operation("contract.accept_for_cluster")
async def accept_for_cluster(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str, version: str, digest: str
) -> contracts.Acceptance:
    """The cluster is pinned to it from the end of this call."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        chosen = _chosen(version, digest, cluster.contract)
        made = replace(_acceptance(cluster.project_id, chosen, actor, now), cluster_id=cluster.id)
        await work.clusters.save(replace(cluster, contract=chosen.version, updated_at=now))
        said = f"Version {chosen.version} of the contract was accepted for cluster {cluster.name}, before it was "
        await _keep(work, made, actor, "cluster:contract-accepted", said + cluster.contract)
    return made


async def at_order(
    work: records.Work, actor: actors.Actor, project: projects.Project, now: datetime
) -> contracts.Acceptance:
    """Under which an order stands. Ordering is accepting, where the project's people did not say it before, and where
    a default that they accepted is offered no longer."""
    accepted = await terms.accepted(work, project.id)
    if accepted is not None and _offered(accepted.default(VERSION)):
        return accepted
    if actor.of_provider:
        raise errors.Conflict(
            "The customer has not accepted the contract with its present defaults yet, and nobody does so in its "
            "place. It is the customer's turn: steward contract accept",
            name="ConflictError",
        )
    chosen = matrix.load(accepted.version if accepted else "")
    made = replace(_acceptance(project.id, chosen, actor, now), by_ordering=True)
    said = f"Version {chosen.version} of the contract was accepted by ordering, with its defaults"
    await _keep(work, made, actor, "contract:accepted-by-ordering", said)
    return made


def completed(order: orders.ClusterOrder, accepted: contracts.Acceptance) -> orders.ClusterOrder:
    """With the accepted defaults where it names nothing itself."""
    return replace(
        order,
        version=order.version or accepted.default(VERSION),
        update_policy=order.update_policy or accepted.default(POLICY),
    )


async def check_kept(work: records.Work) -> None:
    """At the start: every version that was accepted is here, and says what it said when it was accepted."""
    for project in await work.projects.all():
        pinned = await work.clusters.of_project(project.id)
        for each in (project.id, *(cluster.id for cluster in pinned)):
            for acceptance in await work.acceptances.of(each):
                _check_same(acceptance.version, acceptance.digest)
        for cluster in pinned:
            _check_same(cluster.contract, "")


def _check_same(version: str, digest: str) -> None:
    """With an empty digest only that it is there."""
    known = matrix.versions().get(version)
    if known is None:
        raise errors.Unavailable(
            f"Version {version} of the contract was accepted and is missing: put its file back into the folder that "
            "STEWARD_CONTRACTS names"
        )
    if digest and known.digest != digest:
        raise errors.Unavailable(
            f"Version {version} of the contract is not what was accepted (SHA-256 {digest}, now {known.digest}): put "
            "the old text back, and give the new one a version of its own"
        )


def _chosen(version: str, digest: str, holds: str) -> model.Matrix:
    chosen = edition(version)
    if digest != chosen.digest:
        raise errors.Conflict(
            f"Version {version} has the digest {chosen.digest}, not {digest[:64]!r}: read it again before it is "
            "accepted",
            name="ConflictError",
        )
    if holds and matrix.is_newer(holds, version):
        raise errors.Conflict(f"Version {holds} holds already, which is newer than {version}", name="ConflictError")
    return chosen


def _same(before: contracts.Acceptance, chosen: model.Matrix) -> bool:
    return before.version == chosen.version and dict(before.defaults) == defaults()


def _offered(series: str) -> bool:
    return any(each.series == series for each in capabilities.versions_offered())


def _acceptance(
    project_id: projects.ProjectId, chosen: model.Matrix, actor: actors.Actor, now: datetime
) -> contracts.Acceptance:
    return contracts.Acceptance(
        id=str(uuid.uuid4()),
        project_id=project_id,
        version=chosen.version,
        digest=chosen.digest,
        defaults=tuple(defaults().items()),
        accepted_by=actor.name,
        accepted_at=now,
    )


async def _keep(work: records.Work, made: contracts.Acceptance, actor: actors.Actor, type_: str, message: str) -> None:
    await work.acceptances.put(made)
    operation = "contract.accept" if made.cluster_id is None else "contract.accept_for_cluster"
    facts = {
        "version": made.version,
        "digest": made.digest,
        "byOrdering": "yes" if made.by_ordering else "no",
        history.PARTY: actor.party,
        **{f"default.{field}": value for field, value in made.defaults},
    }
    subject, subject_id = ("cluster", str(made.cluster_id)) if made.cluster_id else ("project", str(made.project_id))
    event = events.Event(
        at=made.accepted_at,
        project_id=made.project_id,
        cluster_id=made.cluster_id or clusters.ClusterId(""),
        subject=subject,
        subject_id=subject_id,
        type=type_,
        message=message,
        actor=actor.name,
        activity=registry.activity_of(operation),
        facts=facts,
    )
    await history.keep(work, event)
    draft = ledgers.Draft(
        kind="acceptance",
        at=made.accepted_at,
        activity=event.activity,
        subject=f"{subject}:{subject_id}",
        facts={"acceptance": made.id, **facts},
        personal={"acceptedBy": made.accepted_by},
    )
    await work.ledger.append(ledgers.log_of(made.project_id), draft)
