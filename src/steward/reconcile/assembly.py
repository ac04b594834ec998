"""Puts the reconcilers and their engine together, and tells the engine what happens unasked.

Called by bootstrap, and by tests with other services.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from steward.domain import errors
from steward.ports import hosts
from steward.reconcile import clusters, engine, node_views, nodepools, nodes
from steward.reconcile.services import Services

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    engine: engine.Engine
    services: Services


def assemble(
    services_of: Callable[[Callable[[str], None]], Services], *, owner: str, audit_interval: float
) -> Assembly:
    """`services_of` makes the services around the engine's `wake`."""
    handlers: dict[str, engine.Handler] = {}
    late: list[engine.Engine] = []
    services = services_of(lambda subject: late[0].wake(subject))
    made = engine.Engine(
        services.records,
        services.clock,
        owner=owner,
        handlers=handlers,
        everything=lambda: everything(services),
        audit_interval=audit_interval,
    )
    late.append(made)
    handlers["cluster"] = clusters.ClusterReconciler(services)
    handlers["nodepool"] = nodepools.NodePoolReconciler(services)
    handlers["node"] = nodes.NodeReconciler(services, node_views.NodeViews(services.guests, services.clock))
    services.host.subscribe(Changes(services).note)
    return Assembly(engine=made, services=services)


async def everything(services: Services) -> list[str]:
    """All subjects that exist; those of clusters first, for the others wait for them."""
    async with services.records.read() as work:
        found = [f"cluster:{each.id}" for each in await work.clusters.all()]
        found += [f"nodepool:{each.id}" for each in await work.nodepools.all()]
        found += [f"node:{each.id}" for each in await work.nodes.all()]
    return found


class Changes:
    """What happened to a cluster's programs becomes an event, and wakes who can mend it."""

    ACTIVITY = "3.2.1-3"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, change: hosts.Change) -> None:
        subject = f"node:{change.node_id}" if change.node_id else f"cluster:{change.cluster_id}"
        self._services.wake(subject)
        task = asyncio.get_running_loop().create_task(self._record(change, subject))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, change: hosts.Change, subject: str) -> None:
        try:
            async with self._services.records.begin() as work:
                cluster = await work.clusters.get(change.cluster_id)
                if cluster is None or cluster.deleting:
                    return
                await work.events.add(
                    self._services.event(
                        cluster,
                        subject,
                        "component:ended",
                        change.message,
                        self.ACTIVITY,
                        component=change.component,
                    )
                )
        except errors.Refusal as reason:
            log.warning("event not recorded", subject=subject, reason=reason.message)
