"""Clusters: order, look at, rename, set the update policy, delete."""

import dataclasses
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from steward.domain import (
    actors,
    clusters,
    conditions,
    customizations,
    errors,
    networks,
    nodepools,
    nodes,
    private_networks,
    projects,
    versions,
)
from steward.operations import (
    access,
    capabilities,
    capacity,
    cluster_networks,
    contracts,
    history,
    orders,
    pools,
    quotas,
    wishes,
)
from steward.operations import context as context_
from steward.operations.registry import narrow, operation
from steward.ports import records

W = TypeVar("W", bound=StrEnum)

SLOTS = "cluster-slot"  # the pool of numbers that `records.allotments` gives clusters from


@dataclass(frozen=True, slots=True)
class View:
    """A cluster and what its answer needs to know of its nodes."""

    cluster: clusters.Cluster
    members: Sequence[nodes.Node] = ()

    @property
    def control_plane_is_up_to_date(self) -> bool:
        return versions.is_latest_patch(capabilities.versions_offered(), self.version)

    @property
    def is_up_to_date(self) -> bool:
        return self.control_plane_is_up_to_date and all(node_is_up_to_date(self.cluster, each) for each in self.members)

    @property
    def version(self) -> versions.Version:
        return self.cluster.installed_version or self.cluster.version

    @property
    def next_series(self) -> list[str]:
        return versions.next_series(capabilities.versions_offered(), self.version)


def node_is_up_to_date(cluster: clusters.Cluster, node: nodes.Node) -> bool:
    """The version that it was seen with counts, and it counts only while nothing is being changed in it."""
    seen = node.installed_version or node.version
    current = seen.series == cluster.version.series and conditions.asked_for(node.conditions) is None
    latest = versions.is_latest_patch(capabilities.versions_offered(), seen)
    return current and latest and node.generation == cluster.node_generation


@operation("cluster.create")
async def create(
    context: context_.Context, actor: actors.Actor, *, project_id: str, order: orders.ClusterOrder
) -> View:
    """All of the order or nothing: the cluster and its pools are written in one transaction."""
    now = context.clock.now()
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        accepted = await contracts.at_order(work, actor, project, now)
        draft = _drafted(contracts.completed(order, accepted), project.id, accepted.version, now)
        draft = dataclasses.replace(draft, network=await _network(context, work, draft, order))
        draft = dataclasses.replace(draft, conditions=_first_conditions(context, draft))
        ordered = [pools.ordered(context, draft, each, now=now) for each in order.pools]
        pools.check_names(ordered)
        capacity.check_node_quota(draft, ordered)
        await quotas.check_clusters(work, draft)
        await quotas.check(work, draft.project_id, ordered)
        await capacity.check(context, work, capacity.CONTROL_PLANE + capacity.of_pools(ordered))
        cluster = dataclasses.replace(draft, slot=await _slot(work, draft.id))
        await _save(work, actor, cluster, ordered, orders.named(order))
    context.wake(f"cluster:{cluster.id}")
    for pool in ordered:
        context.wake(f"nodepool:{pool.id}")
    return View(cluster)


def _drafted(
    order: orders.ClusterOrder, project_id: projects.ProjectId, contract: str, now: datetime
) -> clusters.Cluster:
    """The cluster with everything but its slot."""
    region = capabilities.region(order.region)
    plan = word(clusters.Plan, order.plan or clusters.Plan.FREE, "plan")
    cluster_networks.check_form(cluster_networks.choice(order))
    pods, services = wishes.ranges(order, plan)
    version = versions.ordered(capabilities.versions_offered(), order.version or capabilities.default_series())
    policy = order.update_policy or clusters.UpdatePolicy.ALWAYS_UPDATE
    cluster_id = clusters.ClusterId(str(uuid.uuid4()))
    return clusters.Cluster(
        id=cluster_id,
        project_id=project_id,
        name=clusters.checked_name(order.name) if order.name else f"cluster-{secrets.token_hex(3)}",
        region=region.name,
        version=version,
        plan=plan,
        update_policy=word(clusters.UpdatePolicy, policy, "updatePolicy"),
        proxy_mode=word(clusters.ProxyMode, order.proxy_mode or clusters.ProxyMode.IPTABLES, "kubeProxyMode"),
        pods=pods,
        services=services,
        slot=-1,
        customization=customizations.changed(customizations.DEFAULT, order.customization or {}),
        contract=contract,
        created_at=now,
        updated_at=now,
    )


async def _network(
    context: context_.Context, work: records.Work, draft: clusters.Cluster, order: orders.ClusterOrder
) -> private_networks.Membership | None:
    around = cluster_networks.around(draft, context.own_range)
    return await cluster_networks.chosen(work, cluster_networks.choice(order), around)


def _first_conditions(context: context_.Context, draft: clusters.Cluster) -> conditions.Conditions:
    kind, reason = conditions.Kind, conditions.Reason

    def holding(what: conditions.Kind, why: conditions.Reason, message: str, activity: str) -> conditions.Condition:
        return conditions.Condition(
            kind=what,
            holds=True,
            reason=why,
            message=message,
            whose_turn=errors.PROVIDER,
            activity=activity,
            since=draft.created_at,
        )

    found = [holding(kind.PROGRESSING, reason.INSTALLING, "The cluster is being installed", "2.1-1")]
    if draft.plan is not clusters.Plan.FREE:
        said = "The control plane runs with one replica; the plan's further replicas are not offered on one host"
        found.append(holding(kind.REDUCED_REDUNDANCY, reason.SINGLE_REPLICA, said, "3.1.1-1"))
    return fallback(context, dataclasses.replace(draft, conditions=tuple(found)), draft.created_at)


def fallback(context: context_.Context, cluster: clusters.Cluster, now: datetime) -> conditions.Conditions:
    """Those of the cluster, with the one that says what of kube-proxy's parameters has no effect here."""
    kind = conditions.Kind.PROXY_FALLBACK
    if cluster.proxy_mode is not clusters.ProxyMode.IPVS or context.host.capacity().ipvs:
        return conditions.without(cluster.conditions, [kind])
    set_ = cluster.customization.kube_proxy.ipvs
    idle = [
        *(["scheduler"] if set_.scheduler else []),
        *(["tcpTimeout"] if set_.tcp_timeout else []),
        *(["tcpFinTimeout"] if set_.tcp_fin_timeout else []),
        *(["udpTimeout"] if set_.udp_timeout else []),
    ]
    named = f"{', '.join(idle)} of ipvs, which are set," if idle else "scheduler and timeouts of ipvs"
    said = f"The host's kernel has no IPVS: kube-proxy uses nftables, with the periods of ipvs; {named} have no effect"
    condition = conditions.Condition(
        kind=kind,
        holds=True,
        reason=conditions.Reason.NO_IPVS,
        message=said,
        whose_turn=errors.PROVIDER,
        activity="2.1-1",
        since=now,
    )
    return conditions.merge(cluster.conditions, condition)


async def _slot(work: records.Work, cluster_id: clusters.ClusterId) -> int:
    slot = await work.allotments.take(SLOTS, cluster_id, below=networks.MOST_CLUSTERS)
    if slot is None:
        raise errors.Unavailable(
            f"The provider's address range is used up: it has room for {networks.MOST_CLUSTERS} clusters. It is the "
            "provider's turn to extend it",
            name="InsufficientCapacityError",
            code="INSUFFICIENT_CAPACITY",
        )
    return slot


async def _save(
    work: records.Work,
    actor: actors.Actor,
    cluster: clusters.Cluster,
    ordered: Sequence[nodepools.NodePool],
    named: str,
) -> None:
    await work.clusters.save(cluster)
    await history.write(
        work,
        history.Deed(
            operation="cluster.create",
            type="cluster:ordered",
            message=f"Cluster {cluster.name} was ordered: Kubernetes {cluster.version}, plan {cluster.plan.value}",
            facts={**described(cluster), "named": named},
        ),
        at=cluster.created_at,
        actor=actor,
        cluster=cluster,
    )
    for pool in ordered:
        await work.nodepools.save(pool)
        await history.write(
            work,
            history.Deed(
                operation="nodepool.create",
                type="nodepool:ordered",
                message=f"Node pool {pool.name} was ordered: {pool.desired} nodes of flavor {pool.flavor}",
                facts={"to": str(pool.desired)},
            ),
            at=cluster.created_at,
            actor=actor,
            cluster=cluster,
            part=pool,
        )


def described(cluster: clusters.Cluster) -> dict[str, str]:
    """The whole order, to be compared with what was delivered. Of one that is new, `named` is what it did not leave
    open."""
    return {
        "version": str(cluster.version),
        "region": cluster.region,
        "plan": cluster.plan.value,
        "updatePolicy": cluster.update_policy.value,
        "kubeProxyMode": cluster.proxy_mode.value,
        "pods": str(cluster.pods),
        "services": str(cluster.services),
        "contract": cluster.contract,
        **cluster_networks.facts_of(cluster),
    }


async def ids(context: context_.Context, actor: actors.Actor, *, project_id: str) -> list[str]:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        return list(await work.clusters.ids_of_project(project.id))


async def all_of_project(context: context_.Context, actor: actors.Actor, *, project_id: str) -> list[View]:
    """Two reads, however many there are."""
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        members: dict[str, list[nodes.Node]] = {}
        for node in await work.nodes.of_project(project.id):
            members.setdefault(node.cluster_id, []).append(node)
        return [View(each, members.get(each.id, ())) for each in await work.clusters.of_project(project.id)]


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> View:
    async with context.records.read() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        return View(cluster, await work.nodes.of_cluster(cluster.id))


@operation("cluster.rename", "cluster.update_policy")
async def edit(
    context: context_.Context,
    actor: actors.Actor,
    *,
    project_id: str,
    cluster_id: str,
    name: str | None = None,
    update_policy: str | None = None,
) -> None:
    """Two decisions of the customer that come in one call; each is written down under its own activity."""
    now = context.clock.now()
    if asked := [each for each, given in (("rename", name), ("update_policy", update_policy)) if given is not None]:
        narrow(*(f"cluster.{each}" for each in asked))
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        changed = dataclasses.replace(cluster, updated_at=now)
        if name is not None:
            changed = dataclasses.replace(changed, name=clusters.checked_name(name))
        if update_policy is not None:
            policy = word(clusters.UpdatePolicy, update_policy, "updatePolicy")
            changed = dataclasses.replace(changed, update_policy=policy)
        if cluster.deleting:
            raise errors.Conflict(f"Cluster {cluster.id} is being deleted", name="ConflictError")
        edits = _edits(cluster, changed)
        if not edits:
            return
        await work.clusters.save(changed)
        for operation_name, type_, message in edits:
            await history.write(
                work,
                history.Deed(
                    operation=operation_name,
                    type=type_,
                    message=message,
                ),
                at=now,
                actor=actor,
                cluster=changed,
            )
    context.wake(f"cluster:{cluster_id}")


def _edits(old: clusters.Cluster, new: clusters.Cluster) -> list[tuple[str, str, str]]:
    edits = []
    if old.name != new.name:
        edits.append(("cluster.rename", "cluster:renamed", f"Cluster {old.name} is called {new.name} now"))
    if old.update_policy != new.update_policy:
        said = f"The update policy is {new.update_policy.value} now, it was {old.update_policy.value}"
        edits.append(("cluster.update_policy", "cluster:update-policy-changed", said))
    return edits


@operation("cluster.delete")
async def delete(context: context_.Context, actor: actors.Actor, *, project_id: str, cluster_id: str) -> None:
    """Asked twice it changes nothing the second time; the record goes when nothing is left of the cluster."""
    now = context.clock.now()
    async with context.records.begin() as work:
        cluster = await access.cluster(work, actor, project_id, cluster_id)
        if not cluster.deleting:
            gone = dataclasses.replace(cluster, delete_asked_at=now, updated_at=now)
            await work.clusters.save(gone)
            await history.write(
                work,
                history.Deed(
                    operation="cluster.delete",
                    type="cluster:delete-asked",
                    message=f"The deletion of cluster {cluster.name} was asked for",
                ),
                at=now,
                actor=actor,
                cluster=gone,
            )
    context.wake(f"cluster:{cluster_id}")


def word(kind: type[W], text: str, field: str) -> W:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(each.value for each in kind)
        raise errors.BadInput(
            f"Body parameter {field} isn't formated correctly: {text[:64]!r} is not one of {known}"
        ) from None
