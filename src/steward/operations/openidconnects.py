"""The identity provider that people log in to a cluster with: look at it, set it, change it, take it away."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from steward.domain import actors, clusters, conditions, errors, openidconnects
from steward.operations import access, changes, history, moments
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records


async def get(
    context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str
) -> openidconnects.OpenIdConnect:
    async with context.records.read() as work:
        return _present(await access.cluster(work, actor, project_id, cluster_id))


@operation("cluster.set_openid")
async def create(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    asked: openidconnects.Asked,
) -> openidconnects.OpenIdConnect:
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        wanted = openidconnects.made(asked)
        if cluster.openid is not None:
            raise errors.Conflict(
                f"Cluster {cluster.id} has an OpenID Connect configuration already; change it, or delete it first",
                name="ConflictError",
            )
        moments.check_stands(cluster)
        change = _Change("cluster.set_openid", "cluster:openid-set", f"People log in by {wanted.issuer_url}", wanted)
        await _order(work, actor, cluster, change, _while_setting(cluster), now)
    context.wake(f"cluster:{cluster_id}")
    return wanted


@operation("cluster.change_openid")
async def edit(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    asked: openidconnects.Asked,
) -> None:
    """What is left out stays; what is empty is taken away."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        before = _present(cluster)
        wanted = openidconnects.changed(before, asked)
        moments.check_stands(cluster)
        if wanted == before:
            return
        told = f"The login by {wanted.issuer_url} was changed"
        change = _Change("cluster.change_openid", "cluster:openid-changed", told, wanted)
        await _order(work, actor, cluster, change, _while_setting(cluster), now)
    context.wake(f"cluster:{cluster_id}")


@operation("cluster.remove_openid")
async def remove(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> None:
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        before = _present(cluster)
        moments.check_stands(cluster)
        told = f"Nobody logs in by {before.issuer_url} any more"
        change = _Change("cluster.remove_openid", "cluster:openid-removed", told, None)
        await _order(work, actor, cluster, change, conditions.Reason.REDEPLOYING, now)
    context.wake(f"cluster:{cluster_id}")


@dataclass(frozen=True, slots=True)
class _Change:
    operation: str
    type: str
    told: str
    wanted: openidconnects.OpenIdConnect | None


async def _order(
    work: records.Work,
    actor: actors.Actor,
    cluster: clusters.Cluster,
    change: _Change,
    reason: conditions.Reason,
    now: datetime,
) -> None:
    order = changes.Change(
        operation=change.operation, reason=reason, message="The OpenID Connect configuration is being applied"
    )
    changed = dataclasses.replace(changes.ordered(cluster, order, now), openid=change.wanted)
    await work.clusters.save(changed)
    deed = history.Deed(
        operation=change.operation,
        type=change.type,
        message=change.told,
        facts={"issuer": change.wanted.issuer_url if change.wanted is not None else ""},
    )
    await history.write(work, deed, at=now, actor=actor, cluster=changed)


def _present(cluster: clusters.Cluster) -> openidconnects.OpenIdConnect:
    if cluster.openid is None:
        raise errors.NotFound(f"Cluster {cluster.id} has no OpenID Connect configuration", name="NotFoundError")
    return cluster.openid


def _while_setting(cluster: clusters.Cluster) -> conditions.Reason:
    """As OVHcloud's clients see it on each plan."""
    standard = cluster.plan is clusters.Plan.STANDARD
    return conditions.Reason.INSTALLING if standard else conditions.Reason.REDEPLOYING
