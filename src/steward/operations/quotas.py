"""Quotas of a project: what is used of them, asking for more (3.2.2-3), and the provider's answer (3.2.2-4).

`check` is called by the operations that promise more, inside their transaction, so that two orders cannot both take
the last of a quota. A quota only ever grows, so nothing that stands can lack it.
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from steward.catalogue import loading
from steward.domain import actors, clusters, errors, events, nodepools, projects, quotas
from steward.domain.quotas import Resource
from steward.operations import access, capabilities, history, registry, rights
from steward.operations import context as context_
from steward.operations.registry import operation
from steward.ports import records

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOLD = {
    Resource.CLUSTERS: ("Clusters", "clusters"),
    Resource.INSTANCES: ("Instances", "instances"),
    Resource.VCPUS: ("VCPUs", "vCPUs"),
    Resource.RAM: ("RAM", "RAM"),
}  # the name of OVHcloud's error, and how its sentence says it

Amounts = Mapping[Resource, int]


@dataclass(frozen=True, slots=True)
class View:
    """`used` counts what was ordered, whether or not it stands yet; clusters of the plan that has the most of them."""

    limits: Amounts
    used: Amounts
    defaults: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    wanted: Mapping[str, int]
    reason: str


def defaults() -> dict[Resource, int]:
    return {Resource(name): amount for name, amount in loading.quotas().items()}


async def limits(work: records.Work, project_id: projects.ProjectId) -> dict[Resource, int]:
    own = await work.quotas.get(project_id)
    return {**defaults(), **({} if own is None else own.granted)}


def needs(pools: Iterable[nodepools.NodePool]) -> dict[Resource, int]:
    """Of nodes; those of pools that are going count until they are gone."""
    known = capabilities.catalogue_flavors()
    found = dict.fromkeys((Resource.INSTANCES, Resource.VCPUS, Resource.RAM), 0)
    for pool in pools:
        flavor = known.get(pool.flavor)
        found[Resource.INSTANCES] += pool.desired
        if flavor is not None:
            found[Resource.VCPUS] += pool.desired * flavor.vcpus
            found[Resource.RAM] += pool.desired * flavor.ram_gb
    return found


async def check(work: records.Work, project_id: projects.ProjectId, more: Iterable[nodepools.NodePool]) -> None:
    """Refuse nodes beyond the quota; `more` are pools that have only the additional ones."""
    asked = {resource: amount for resource, amount in needs(more).items() if amount}
    if not asked:
        return
    most, used = await limits(work, project_id), await _used_by_nodes(work, project_id)
    for resource, amount in asked.items():
        if used[resource] + amount > most[resource]:
            raise _insufficient(resource, most[resource], used[resource], amount)


async def check_clusters(work: records.Work, cluster: clusters.Cluster) -> None:
    """One more of its plan."""
    present = sum(1 for each in await work.clusters.of_project(cluster.project_id) if each.plan is cluster.plan)
    most = (await limits(work, cluster.project_id))[Resource.CLUSTERS]
    if present >= most:
        raise _insufficient(Resource.CLUSTERS, most, present, 1)


def _insufficient(resource: Resource, most: int, used: int, asked: int) -> errors.QuotaExceeded:
    name, said = _TOLD[resource]
    return errors.QuotaExceeded(
        f"Cannot perform operation: current {said} quota is insufficient: {used} of {most} are used, {asked} more are "
        "asked for; request less, or ask for more quota",
        name=f"Insufficient{name}QuotaError",
        details={"resource": resource.value, "limit": str(most), "used": str(used), "asked": str(asked)},
    )


async def _used_by_nodes(work: records.Work, project_id: projects.ProjectId) -> dict[Resource, int]:
    pools: list[nodepools.NodePool] = []
    for cluster in await work.clusters.of_project(project_id):
        pools += await work.nodepools.of_cluster(cluster.id)
    return needs(pools)


async def get(context: context_.Context, actor: actors.Actor, *, project_id: str) -> View:
    async with context.records.read() as work:
        project = await access.project(work, actor, project_id)
        plans = [each.plan for each in await work.clusters.of_project(project.id)]
        used = await _used_by_nodes(work, project.id)
        used[Resource.CLUSTERS] = max((plans.count(plan) for plan in clusters.Plan), default=0)
        return View(limits=await limits(work, project.id), used=used, defaults=defaults())


@operation("quota.request")
async def request(context: context_.Context, actor: actors.Actor, *, project_id: str, wish: Wish) -> quotas.Request:
    async with context.records.begin() as work:
        project = await access.project(work, actor, project_id)
        wanted = quotas.checked_wish(wish.wanted, await limits(work, project.id))
        if any(each.status is quotas.Status.OPEN for each in await work.quota_requests.of(project.id)):
            raise errors.Conflict(
                "A request of this project is open already; withdraw it first, or wait for its answer"
            )
        made = quotas.Request(
            id=str(uuid.uuid4()),
            project_id=project.id,
            wanted=wanted,
            reason=quotas.checked_reason(wish.reason),
            requested_by=actor.name,
            party=actor.party,
            delegation=history.lent(),
            requested_at=context.clock.now(),
        )
        await work.quota_requests.put(made)
        told = f"{actor.name} asks for more quota: {_list(wanted)}"
        await _write(work, context, actor, made, _Step("quota.request", "quota:requested", told))
    return made


@operation("quota.withdraw")
async def withdraw(
    context: context_.Context, actor: actors.Actor, *, project_id: str, request_id: str
) -> quotas.Request:
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, request_id)
        told = quotas.decided(found, quotas.Status.WITHDRAWN, actor.name, context.clock.now())
        await work.quota_requests.put(told)
        said = f"{actor.name} asks for no more quota"
        await _write(work, context, actor, told, _Step("quota.withdraw", "quota:withdrawn", said))
    return told


@operation("quota.grant")
async def grant(
    context: context_.Context, actor: actors.Actor, *, project_id: str, request_id: str, said: str = ""
) -> quotas.Request:
    """The decision and its application are one transaction: the next order counts with it."""
    now = context.clock.now()
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, request_id)
        told = quotas.decided(found, quotas.Status.GRANTED, actor.name, now, said)
        before = await work.quotas.get(found.project_id)
        granted = {**({} if before is None else before.granted), **found.wanted}
        await work.quota_requests.put(told)
        await work.quotas.put(
            quotas.Quota(project_id=found.project_id, granted=granted, request_id=found.id, changed_at=now)
        )
        told_ = f"The quota of project {found.project_id} is larger now: {_list(found.wanted)}"
        await _write(work, context, actor, told, _Step("quota.grant", "quota:granted", told_))
    return told


@operation("quota.refuse")
async def refuse(
    context: context_.Context, actor: actors.Actor, *, project_id: str, request_id: str, said: str
) -> quotas.Request:
    async with context.records.begin() as work:
        found = await _found(work, actor, project_id, request_id)
        told = quotas.decided(
            found, quotas.Status.REFUSED, actor.name, context.clock.now(), quotas.checked_reason(said)
        )
        await work.quota_requests.put(told)
        told_ = f"More quota was refused: {told.decision}"
        await _write(work, context, actor, told, _Step("quota.refuse", "quota:refused", told_))
    return told


async def requests(context: context_.Context, actor: actors.Actor, *, project_id: str) -> Sequence[quotas.Request]:
    async with context.records.read() as work:
        return await work.quota_requests.of((await access.project(work, actor, project_id)).id)


async def open_requests(context: context_.Context, actor: actors.Actor) -> Sequence[quotas.Request]:
    """Of every customer: the provider's alone."""
    if not actor.of_provider:
        raise errors.NotFound(access.NO_SERVICE)
    async with context.records.read() as work:
        return [each for each in await work.quota_requests.all() if each.status is quotas.Status.OPEN]


async def get_request(
    context: context_.Context, actor: actors.Actor, *, project_id: str, request_id: str
) -> quotas.Request:
    async with context.records.read() as work:
        return await _of(work, await access.project(work, actor, project_id), request_id)


@dataclass(frozen=True, slots=True)
class _Step:
    operation: str
    type: str
    told: str


async def _found(work: records.Work, actor: actors.Actor, project_id: str, request_id: str) -> quotas.Request:
    owner = await access.seen(work, actor, project_id)
    found = await _of(work, owner, request_id)
    await rights.decided(work, actor, project=owner)
    return found


async def _of(work: records.Work, owner: projects.Project, request_id: str) -> quotas.Request:
    found = await work.quota_requests.get(request_id) if _ID.fullmatch(request_id) else None
    if found is None or found.project_id != owner.id:
        raise errors.NotFound("This request does not exist")
    return found


async def _write(
    work: records.Work, context: context_.Context, actor: actors.Actor, about: quotas.Request, step: _Step
) -> None:
    wanted = {resource.value: str(amount) for resource, amount in about.wanted.items()}
    await history.keep(
        work,
        events.Event(
            at=context.clock.now(),
            project_id=about.project_id,
            cluster_id=clusters.ClusterId(""),
            subject="project",
            subject_id=about.project_id,
            type=step.type,
            message=step.told,
            actor=actor.name,
            activity=registry.activity_of(step.operation),
            facts={"request": about.id, **wanted, history.PARTY: actor.party},
        ),
    )


def _list(amounts: Amounts) -> str:
    return ", ".join(f"{amount} {_TOLD[resource][1]}" for resource, amount in amounts.items())
