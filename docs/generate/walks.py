"""What the provider's automation does, found by asking the code: every step of every flow, every job.

Read by the generated page, and by `tests/paper`, which holds it against the contract.
"""

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Any, cast

from steward.domain import clusters, conditions, networks, nodepools, nodes, projects, versions
from steward.reconcile import assembly, engine, flow, jobs, node_views, outcome, removals, resets, scopes, services
from steward.reconcile import clusters as clusters_
from steward.reconcile import nodes as nodes_
from steward.responsibility import evidence_rules, operations

_NOW = datetime(2030, 1, 1, tzinfo=UTC)
_VERSION = versions.Version(1, 0, 0)

# What changes something outside of a flow.
_ALSO = (
    ("Delete the cluster", "Destroy the keys", removals.DESTROY_CONFIGURATION),
    ("Watch the programs", "Start a program again that ended", assembly.Changes.ACTIVITY),
)


def steps() -> list[tuple[str, str, str]]:
    """Flow, step and activity, in the order of a cluster's life."""
    found = [
        (each.name, step.name.replace(str(_VERSION), "of the ordered version"), step.activity)
        for each in asyncio.run(_flows())
        for step in each.steps
    ]
    return list(dict.fromkeys((*found, *_ALSO)))


def all_jobs() -> Sequence[jobs.Job]:
    return assembly.all_jobs(cast(services.Services, _Anything()))


class _Anything:
    """Jobs are only made here, and none is run: whatever they take hold of is there."""

    def __getattr__(self, name: str) -> Any:
        return _Anything()

    def __call__(self, *_: object, **__: object) -> Any:
        return _Anything()


class _Recorder:
    """Stands where the reconcilers expect their services: keeps the flows they would run, and runs none."""

    def __init__(self) -> None:
        self.flows: list[flow.Flow] = []

    async def run(self, wanted: flow.Flow, *_: object) -> outcome.Outcome:
        self.flows.append(wanted)
        return outcome.Wait(message="", after=0.0)


async def _flows() -> list[flow.Flow]:
    recorder = _Recorder()
    stand_in = cast(services.Services, recorder)
    planes = clusters_.ClusterReconciler(stand_in)
    machines = nodes_.NodeReconciler(stand_in, cast(node_views.NodeViews, None))
    for installed_at in (None, _NOW):
        cluster = _cluster(installed_at)
        recorder.flows.append(planes._flow(scopes.Scope(cluster, _NETWORK, _LEASE)))
        recorder.flows.append(machines._flow(_node_scope(cluster, deployed_at=installed_at)))
    await machines._remove(_node_scope(_cluster(_NOW), deployed_at=_NOW))
    recorder.flows.append(planes._change(scopes.Scope(_cluster(_NOW), _NETWORK, _LEASE)))
    for reason in sorted(conditions.ASKED_FOR):
        renewed = _node_scope(_cluster(_NOW), deployed_at=_NOW)
        asked = conditions.Condition(kind=conditions.Kind.PROGRESSING, holds=True, reason=reason, since=_NOW)
        renewed.node = dataclasses.replace(renewed.node, conditions=(asked,))
        recorder.flows.append(machines._flow(renewed))
    await machines._wipe(_node_scope(dataclasses.replace(_cluster(_NOW), node_generation=1), deployed_at=_NOW))
    await resets.Reset(stand_in).wipe(scopes.Scope(_cluster(_NOW), _NETWORK, _LEASE))
    await removals.Removal(stand_in)(scopes.Scope(_cluster(_NOW), _NETWORK, _LEASE))
    return recorder.flows


_NETWORK = networks.Plan(IPv4Network("100.64.0.0/12")).cluster(0)
_LEASE = engine.Lease("", 0, _NOW)


def _cluster(installed_at: datetime | None) -> clusters.Cluster:
    return clusters.Cluster(
        id=clusters.ClusterId(""),
        project_id=projects.ProjectId(""),
        name="",
        region="",
        version=_VERSION,
        pods=networks.DEFAULT_PODS,
        services=networks.DEFAULT_SERVICES,
        slot=0,
        installed_at=installed_at,
        created_at=_NOW,
        updated_at=_NOW,
    )


def _node_scope(cluster: clusters.Cluster, *, deployed_at: datetime | None) -> nodes_.Scope:
    pool = nodepools.NodePool(
        id=nodepools.NodePoolId(""), cluster_id=cluster.id, name="", flavor="", created_at=_NOW, updated_at=_NOW
    )
    node = nodes.Node(
        id=nodes.NodeId(""),
        cluster_id=cluster.id,
        nodepool_id=pool.id,
        name="",
        flavor="",
        version=_VERSION,
        number=0,
        deployed_at=deployed_at,
        created_at=_NOW,
        updated_at=_NOW,
    )
    return nodes_.Scope(node, pool, cluster, _NETWORK, _LEASE, {}, {})


def carriers() -> Iterator[tuple[str, str, str]]:
    """Activity, kind and name of everything that acts under a row, or proves it."""
    for name, activity in operations.ACTIVITY_OF.items():
        yield activity, "operation", name
    for name, activity in operations.ACTIVITY_OF_FIELD.items():
        yield activity, "field", name
    for flow_name, step, activity in steps():
        yield activity, "step", f"{flow_name}: {step}"
    for job in all_jobs():
        yield job.activity, "job", job.name
    for rule in evidence_rules.RULES.values():
        if rule.carried:
            yield rule.activity, "evidence", ", ".join(dict.fromkeys(each.collector for each in rule.sources))
