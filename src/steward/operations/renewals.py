"""What every order that renews a cluster writes: its busy word, and that of its pools, before the answer leaves.

Called by `updates`, `kubeconfigs` and `resets` inside their transaction; reconcilers carry it out.
"""

import dataclasses
from datetime import datetime

from steward.domain import clusters, conditions
from steward.operations import changes
from steward.ports import records


async def save(work: records.Work, wanted: clusters.Cluster, change: changes.Change, now: datetime) -> clusters.Cluster:
    """`wanted` is the cluster with what was ordered of it."""
    saved = changes.ordered(wanted, change, now)
    saved = dataclasses.replace(saved, conditions=_without_blocked(saved.conditions))
    await work.clusters.save(saved)
    busy = conditions.find(saved.conditions, conditions.Kind.PROGRESSING)
    for pool in await work.nodepools.of_cluster(saved.id):
        if not pool.deleting and busy is not None:
            found = conditions.merge(_without_blocked(pool.conditions), busy)
            await work.nodepools.save(dataclasses.replace(pool, conditions=found, updated_at=now))
    return saved


def _without_blocked(found: conditions.Conditions) -> conditions.Conditions:
    return conditions.without(found, [conditions.Kind.BLOCKED])
