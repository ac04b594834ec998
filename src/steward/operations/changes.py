"""Orders that change what stands: written with their busy condition, in one transaction, before the answer leaves.

Called by the operations of each such noun. The generation makes reconcilers and runtimes see that more was asked for.
"""

import dataclasses
from datetime import datetime

from steward.domain import clusters, conditions, errors
from steward.operations import registry


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`reason` gives the status word that clients wait through; `message` says what is being done."""

    operation: str
    reason: conditions.Reason
    message: str
    at_once: bool = False


def ordered(cluster: clusters.Cluster, change: Change, now: datetime) -> clusters.Cluster:
    """The cluster with this change under way; whoever calls puts what is wanted into it."""
    busy = conditions.Condition(
        kind=conditions.Kind.PROGRESSING,
        holds=True,
        reason=change.reason,
        message=change.message,
        whose_turn=errors.PROVIDER,
        activity=registry.activity_of(change.operation),
        since=now,
    )
    return dataclasses.replace(
        cluster,
        generation=cluster.generation + 1,
        at_once=change.at_once,
        conditions=conditions.merge(cluster.conditions, busy),
        updated_at=now,
    )
