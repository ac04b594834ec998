"""Writes down what an operation did, in the operation's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from steward.domain import actors, clusters, events, nodepools, nodes
from steward.operations import registry
from steward.ports import records

Part = nodepools.NodePool | nodes.Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """`operation` gives the activity it falls under."""

    operation: str
    type: str
    message: str
    facts: Mapping[str, str] = field(default_factory=dict)


async def write(
    work: records.Work,
    deed: Deed,
    *,
    at: datetime,
    actor: actors.Actor,
    cluster: clusters.Cluster,
    part: Part | None = None,
) -> None:
    """Of the cluster, or of one of its pools or nodes."""
    await work.events.add(
        events.Event(
            at=at,
            project_id=cluster.project_id,
            cluster_id=cluster.id,
            subject=_subject(part),
            subject_id=cluster.id if part is None else part.id,
            type=deed.type,
            message=deed.message,
            actor=actor.name,
            activity=registry.activity_of(deed.operation),
            facts=deed.facts,
        )
    )


def _subject(part: Part | None) -> str:
    if part is None:
        return "cluster"
    return "node" if isinstance(part, nodes.Node) else "nodepool"
