"""Puts the reconcilers and their engine together, and tells the engine what happens unasked.

Called by bootstrap, and by tests with other services.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from steward.domain import errors
from steward.operations import history
from steward.ports import hosts
from steward.reconcile import (
    accesses,
    audits,
    clusters,
    engine,
    housekeeping,
    jobs,
    ledgers,
    logs,
    node_views,
    nodepools,
    nodes,
    notices,
    private_networks,
    probes,
)
from steward.reconcile.evidence import availability, collectors
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
    runner = jobs.JobRunner(all_jobs(services))
    made = engine.Engine(
        services.records,
        services.clock,
        owner=owner,
        handlers=handlers,
        everything=lambda: everything(services, runner),
        audit_interval=audit_interval,
    )
    late.append(made)
    handlers["job"] = runner
    handlers["cluster"] = clusters.ClusterReconciler(services)
    handlers["nodepool"] = nodepools.NodePoolReconciler(services)
    handlers["private-network"] = private_networks.PrivateNetworkReconciler(services)
    handlers["access"] = accesses.AccessReconciler(services)
    handlers["node"] = nodes.NodeReconciler(services, node_views.NodeViews(services.guests, services.clock))
    services.host.subscribe(Changes(services).note)
    return Assembly(engine=made, services=services)


def all_jobs(services: Services) -> list[jobs.Job]:
    """Everything that comes round by the clock; `tests/paper` walks it against the matrix."""
    return [
        *audits.jobs(services),
        *housekeeping.jobs(services),
        *ledgers.jobs(services),
        *logs.jobs(services),
        *notices.jobs(services),
        *probes.jobs(services),
        *availability.jobs(services),
        *collectors.jobs(services),
    ]


async def everything(services: Services, runner: jobs.JobRunner) -> list[str]:
    """All subjects that exist; those of clusters first, for the others wait for them."""
    async with services.records.read() as work:
        found = [f"cluster:{each.id}" for each in await work.clusters.all()]
        found += [f"private-network:{each.id}" for each in await work.private_networks.all()]
        found += [f"nodepool:{each.id}" for each in await work.nodepools.all()]
        found += [f"node:{each.id}" for each in await work.nodes.all()]
        found += [f"access:{each.id}" for each in await work.accesses.all() if each.open]
    return found + runner.subjects()


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
                await history.keep(
                    work,
                    self._services.event(
                        cluster,
                        subject,
                        "component:ended",
                        change.message,
                        self.ACTIVITY,
                        component=change.component,
                    ),
                )
        except errors.Refusal as reason:
            log.warning("event not recorded", subject=subject, reason=reason.message)
