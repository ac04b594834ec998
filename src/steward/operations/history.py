"""Writes down what an operation did, in the operation's own transaction."""

from collections.abc import Mapping
from datetime import datetime

from steward.domain import actors, clusters, events, nodepools, nodes
from steward.operations import registry
from steward.ports import records


async def of_cluster(
    work: records.Work,
    cluster: clusters.Cluster,
    *,
    at: datetime,
    actor: actors.Actor,
    operation: str,
    type: str,
    message: str,
    facts: Mapping[str, str] | None = None,
) -> None:
    await work.events.add(
        events.Event(
            at=at,
            project_id=cluster.project_id,
            cluster_id=cluster.id,
            subject="cluster",
            subject_id=cluster.id,
            type=type,
            message=message,
            actor=actor.name,
            activity=registry.activity_of(operation),
            facts=facts or {},
        )
    )


async def of_part(
    work: records.Work,
    cluster: clusters.Cluster,
    part: nodepools.NodePool | nodes.Node,
    *,
    at: datetime,
    actor: actors.Actor,
    operation: str,
    type: str,
    message: str,
    facts: Mapping[str, str] | None = None,
) -> None:
    await work.events.add(
        events.Event(
            at=at,
            project_id=cluster.project_id,
            cluster_id=cluster.id,
            subject="node" if isinstance(part, nodes.Node) else "nodepool",
            subject_id=part.id,
            type=type,
            message=message,
            actor=actor.name,
            activity=registry.activity_of(operation),
            facts=facts or {},
        )
    )
