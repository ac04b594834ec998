"""What every reconciler needs, and how a pass is run and applied."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from steward.domain import clusters, conditions, events, networks, progress
from steward.ports import advisories as advisories_
from steward.ports import (
    artifacts,
    audit_logs,
    certificates,
    clock,
    control_planes,
    guests,
    hosts,
    machines,
    messengers,
    private_networks,
    probes,
)
from steward.ports import log_receivers as log_receivers_
from steward.ports import records as records_
from steward.reconcile import engine, flow, issuances, kept_reads, permits
from steward.reconcile.outcome import Blocked, Done, Outcome

OnStep = Callable[[str, str, str], None]
KEEP_EVERY = 0.25  # seconds between two writes of a running flow's progress
QUIET = 1.0  # seconds that a look at what stands takes at most
FIND_SOON = 0.05  # seconds between two looks at what is about to be
PATIENCE = 3.0  # seconds that a step itself waits before it lets the pass end


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`addons` renders the manifests of a cluster's services; `wake` is the engine's."""

    records: records_.Records
    clock: clock.Clock
    certificates: certificates.Certificates
    artifacts: artifacts.Artifacts
    control_planes: control_planes.ControlPlanes
    machines: machines.Machines
    guests: guests.Guests
    probes: probes.Probes
    private_networks: private_networks.PrivateNetworks
    audit_logs: audit_logs.AuditLogs
    host: hosts.Host
    plan: networks.Plan
    addons: Callable[[clusters.Cluster], list[dict[str, Any]]]
    wake: Callable[[str], None]
    advisories: advisories_.Advisories = advisories_.NO_ADVISORIES
    ledger_name: str = "steward.local"
    mail: messengers.Mail = messengers.NO_MAIL
    webhooks: messengers.Webhooks = messengers.NO_WEBHOOKS
    log_receivers: log_receivers_.LogReceivers = log_receivers_.NO_LOG_RECEIVERS
    on_step: OnStep = lambda subject, step, moment: None
    keyring: issuances.Keyring = field(init=False)
    all_clusters: kept_reads.KeptRead[Sequence[clusters.Cluster]] = field(init=False)

    def __post_init__(self) -> None:
        keyring = issuances.Keyring(self.records, self.clock, self.certificates)
        object.__setattr__(self, "keyring", keyring)
        object.__setattr__(self, "all_clusters", kept_reads.KeptRead(self.records, lambda work: work.clusters.all()))

    async def run(
        self, wanted: flow.Flow, cluster_id: clusters.ClusterId, lease: engine.Lease, *, keeping: bool = False
    ) -> Outcome:
        """One pass over a flow; its progress is kept whenever a step has ended or waits anew.

        `keeping` is a pass over what stands already: it is told of only when there was something to mend.
        """
        async with self.records.read() as work:
            before = await work.progress.get(wanted.subject)
            permit = await permits.of(work, wanted, cluster_id, self.clock.now())

        def guard() -> None:
            if lease.until <= self.clock.now():
                raise flow.Stale(wanted.subject)

        keeper = _Keeper(self, cluster_id, lease, quiet=keeping and (before is None or before.ended_at is not None))
        watch = flow.Watch(
            now=self.clock.now,
            guard=guard,
            on_step=self.on_step,
            on_progress=keeper.note,
            refuses=permit.refuses,
        )
        run = flow.Run(wanted, watch, before)
        if before is None or before.flow != wanted.name:
            keeper.note(run.progress)
        async with keeper.keeping():
            result = await run.to_end()
            keeper.quiet = keeper.quiet and isinstance(result, Done)
            return result

    @asynccontextmanager
    async def applying(self, lease: engine.Lease) -> AsyncIterator[records_.Work]:
        """The transaction that applies a result: under a lost lease it changes nothing."""
        async with self.records.begin() as work:
            if not await work.leases.holds(lease.subject, lease.token):
                raise flow.Stale(lease.subject)
            yield work

    async def until(self, found: Callable[[], Any]) -> bool:
        """Look again and again, a few seconds at most; whether it was found."""
        for _ in range(int(PATIENCE / FIND_SOON)):
            if await found():
                return True
            await self.clock.sleep(FIND_SOON)
        return False

    def condition(
        self, kind: conditions.Kind, holds: bool, reason: conditions.Reason, message: str = ""
    ) -> conditions.Condition:
        return conditions.Condition(kind=kind, holds=holds, reason=reason, message=message, since=self.clock.now())

    def blocked(self, result: Blocked) -> conditions.Condition:
        return conditions.Condition(
            kind=conditions.Kind.BLOCKED,
            holds=True,
            reason=conditions.Reason.STEP_FAILED,
            message=result.message,
            whose_turn=result.whose_turn,
            activity=result.activity,
            since=self.clock.now(),
        )

    def event(
        self, cluster: clusters.Cluster, subject: str, type_: str, message: str, activity: str, **facts: str
    ) -> events.Event:
        kind, _, subject_id = subject.partition(":")
        return events.Event(
            at=self.clock.now(),
            project_id=cluster.project_id,
            cluster_id=cluster.id,
            subject=kind,
            subject_id=subject_id,
            type=type_,
            message=message,
            actor="automation",
            activity=activity,
            facts=facts,
        )


class _Keeper:
    """Writes progress while a flow runs, seldom enough to cost nothing, and its last state always."""

    def __init__(self, services: Services, cluster_id: clusters.ClusterId, lease: engine.Lease, *, quiet: bool) -> None:
        self.quiet = quiet  # until it turns out that there is something to tell
        self._services = services
        self._cluster_id = cluster_id
        self._lease = lease
        self._latest: progress.Progress | None = None
        self._news = asyncio.Event()

    def note(self, made: progress.Progress) -> None:
        self._latest = made
        self._news.set()

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        task = asyncio.get_running_loop().create_task(self._keep_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not self.quiet:
                await self._write()

    async def _keep_on(self) -> None:
        if self.quiet:
            await self._services.clock.sleep(QUIET)
            self.quiet = False
        while True:
            await self._news.wait()
            await self._write()
            await self._services.clock.sleep(KEEP_EVERY)

    async def _write(self) -> None:
        made, self._latest = self._latest, None
        self._news.clear()
        if made is not None:
            async with self._services.applying(self._lease) as work:
                await work.progress.save(self._cluster_id, made)
