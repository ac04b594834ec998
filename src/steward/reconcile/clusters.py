"""Keeps clusters as they are wanted: makes their control planes, restores them, takes them away.

The same graph of steps installs a cluster and keeps it: every pass looks at each part and mends the one
that does not stand. Nodes and pools have reconcilers of their own; a cluster only wakes them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from steward.catalogue import addons
from steward.domain import clusters, conditions, networks, versions
from steward.domain import restrictions as restrictions_
from steward.operations import history
from steward.ports import control_planes, guests, records
from steward.ports.control_planes import Part
from steward.reconcile import credentials, engine, flow, issuances, outcome, restrictions
from steward.reconcile.evidence import ends
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.services import Services

INSTALL = "2.1-1"
RESTORE = "3.2.1-3"
PROTECT = "3.1.5-4"
PATCHES = "3.1.6-5"
SEEN_AS_DOWN = 30.0  # seconds after which an API that does not answer is asked less and less often
LONGEST_PAUSE = 10.0
DESTROY_SERVICE = "5.1-2"
DESTROY_DATA = "5.2-1"
DESTROY_CONFIGURATION = "5.2-3"


@dataclass(slots=True)
class Scope:
    """What one pass knows of its cluster."""

    cluster: clusters.Cluster
    network: networks.ClusterNetwork
    lease: engine.Lease
    files: dict[str, str] = field(default_factory=dict, repr=False)
    seen_version: versions.Version | None = None

    @property
    def wanted(self) -> control_planes.ControlPlane:
        return control_planes.ControlPlane(
            cluster_id=self.cluster.id,
            network=self.network,
            version=self.cluster.version,
            pods=self.cluster.pods,
            services=self.cluster.services,
            files=credentials.for_runtime(self.files),
            sources=restrictions_.admitted(self.cluster.restrictions) if self.cluster.restrictions else None,
        )


class ClusterReconciler:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, subject: str, lease: engine.Lease) -> Outcome | engine.Gone:
        cluster_id = clusters.ClusterId(subject.partition(":")[2])
        async with self._services.records.read() as work:
            cluster = await work.clusters.get(cluster_id)
            files = await credentials.load(work, cluster_id)
        if cluster is None:
            return engine.Gone()
        scope = Scope(cluster, self._services.plan.cluster(cluster.slot), lease, files)
        if cluster.deleting:
            return await self._remove(scope)
        installed = cluster.installed_at is not None
        result = await self._services.run(self._flow(scope), cluster.id, lease, keeping=installed)
        return await self._apply(scope, result)

    def _flow(self, scope: Scope) -> flow.Flow:
        installed = scope.cluster.installed_at is not None
        activity = RESTORE if installed else INSTALL

        def step(name: str, act: Callable[[], Awaitable[Outcome]], *needs: str, under: str = activity) -> flow.Step:
            return flow.Step(name=name, activity=under, act=act, needs=needs)

        obtain = f"Obtain Kubernetes {scope.cluster.version}"
        keys, network, etcd, api = "Issue certificates", "Connect the network", "Start etcd", "Start the API server"
        admitted = "Let in who may reach the API"
        answers, ready = "Wait until the API answers", "Wait until the API is ready"
        services = "Install the cluster's services"
        return flow.Flow(
            subject=f"cluster:{scope.cluster.id}",
            name="Restore the cluster" if installed else "Install the cluster",
            steps=(
                step(obtain, lambda: self._obtain(scope), under=PATCHES),
                step(keys, lambda: self._issue(scope), under=PROTECT),
                step(network, lambda: self._ensure(scope, Part.NETWORK), under=PROTECT),
                step(admitted, lambda: restrictions.ensure(self._services, scope.wanted), network, under=PROTECT),
                step(etcd, lambda: self._ensure(scope, Part.ETCD), obtain, keys, network),
                step(api, lambda: self._ensure(scope, Part.API_SERVER), obtain, keys, admitted),
                step("Start the controller manager", lambda: self._ensure(scope, Part.CONTROLLER_MANAGER), api),
                step(answers, lambda: self._answers(scope), etcd, api),
                step(ready, lambda: self._is_ready(scope), answers),
                # The first time it would take from the API server the cores that everything waits for.
                step("Start the scheduler", lambda: self._ensure(scope, Part.SCHEDULER), api if installed else ready),
                step(services, lambda: self._install_services(scope), ready),
                step("Wait until pods can be made", lambda: self._has_account(scope), ready),
            ),
        )

    async def _obtain(self, scope: Scope) -> Outcome:
        missing = await self._services.artifacts.obtain(scope.cluster.version)
        if missing is None:
            return DONE
        if missing.reason:
            return outcome.Blocked(message=f"{missing.message}: {missing.reason}", activity=PATCHES)
        return Wait(message=missing.message, after=1.0)

    async def _issue(self, scope: Scope) -> Outcome:
        if scope.files:
            if credentials.renew(scope.files, scope.cluster, scope.network, self._services.certificates):
                async with self._services.applying(scope.lease) as work:
                    await self._keep(work, scope)
            return DONE
        scope.files = credentials.make(scope.cluster, scope.network, self._services.certificates)
        kubeconfig = credentials.admin_kubeconfig(scope.files, scope.cluster, scope.network)
        async with self._services.applying(scope.lease) as work:
            await self._keep(work, scope)
            await work.secrets.put(scope.cluster.id, credentials.KUBECONFIG, kubeconfig.encode())
        return DONE

    async def _keep(self, work: records.Work, scope: Scope) -> None:
        """No certificate is kept, and so none is used, that the ledger of credentials does not hold."""
        await self._services.keyring.ledger.note(work, scope.cluster, credentials.issued(scope.files))
        await credentials.keep(work, scope.cluster.id, scope.files)

    async def _access(self, scope: Scope, identity: issuances.Identity) -> guests.Access:
        return await self._services.keyring.access(scope.cluster, scope.network, scope.files, identity)

    async def _looking(self, scope: Scope) -> guests.Access:
        """As whoever has the right to look: until the cluster is installed, rights are yet to be given."""
        installed = scope.cluster.installed_at is not None
        return await self._access(scope, issuances.PROBE if installed else issuances.BOOTSTRAP)

    async def _ensure(self, scope: Scope, part: Part) -> Outcome:
        await self._services.control_planes.ensure(scope.wanted, part)
        state = (await self._services.control_planes.observe(scope.cluster.id))[part]
        if state.running:
            return DONE
        return Wait(message=f"{part} does not run and is started again: {state.reason}", after=1.0)

    async def _answers(self, scope: Scope) -> Outcome:
        async def ask() -> None:
            access = await self._looking(scope)
            scope.seen_version = await self._services.guests.version(access)
            if scope.cluster.installed_version is None:
                await self._services.guests.stores(access)

        result = await self._asked(scope, ask)
        if isinstance(result, outcome.Done) and scope.cluster.installed_version is None:
            # Before anybody may enter: from the first write of a customer on, etcd's data is no longer disposable.
            await self._services.control_planes.mark_served(scope.cluster.id)
            await self._open(scope)
        return result

    async def _is_ready(self, scope: Scope) -> Outcome:
        async def ask() -> None:
            await self._services.guests.ready(await self._looking(scope))

        result = await self._asked(scope, ask)
        if isinstance(result, outcome.Done):
            # It called itself ready after a quorum read of etcd.
            await self._services.control_planes.mark_served(scope.cluster.id)
        return result

    async def _asked(self, scope: Scope, ask: Callable[[], Awaitable[None]]) -> Outcome:
        """Ask again and again while an answer is to be expected soon, else once."""
        said: list[str] = []

        async def answered() -> bool:
            try:
                await ask()
            except guests.NotAnswering as reason:
                said.append(str(reason))
                return False
            return True

        down = self._down_for(scope.cluster)
        if await (answered() if down > SEEN_AS_DOWN else self._services.until(answered)):
            return DONE
        return Wait(message=said[-1], after=max(0.2, min(LONGEST_PAUSE, down / 10)))

    async def _open(self, scope: Scope) -> None:
        """From its first answer on the customer may enter, while the rest is still being installed."""
        async with self._services.applying(scope.lease) as work:
            cluster = await work.clusters.get(scope.cluster.id)
            if cluster is not None:
                await work.clusters.save(replace(cluster, installed_version=scope.seen_version))

    def _down_for(self, cluster: clusters.Cluster) -> float:
        """Seconds since it was last seen to work; 0 while it is being installed, which is watched closely."""
        ready = conditions.find(cluster.conditions, conditions.Kind.READY)
        if cluster.installed_at is None or ready is None or ready.holds:
            return 0.0
        return (self._services.clock.now() - ready.since).total_seconds()

    async def _install_services(self, scope: Scope) -> Outcome:
        """Once they stand they are looked at no more often than the audit; customers see their own changes kept.

        steward's own rights are brought up to date whenever a release has other ones.
        """
        if scope.files.get(credentials.RIGHTS) == addons.rights_digest():
            return DONE
        installed = scope.cluster.installed_at is not None
        wanted = addons.rights() if installed else self._services.addons(scope.cluster)
        rights = [each for each in wanted if each["apiVersion"] == addons.RIGHTS_API]
        without = not installed or issuances.is_of_before(scope.files)
        giver = await self._access(scope, issuances.BOOTSTRAP if without else issuances.INSTALLER)
        await self._services.guests.apply(giver, rights)
        if not installed:
            services = [each for each in wanted if each["apiVersion"] != addons.RIGHTS_API]
            result = await self._asked(scope, lambda: self._apply_as_installer(scope, services))
            if not isinstance(result, outcome.Done):
                return result
        scope.files = credentials.without_long_lived({**scope.files, credentials.RIGHTS: addons.rights_digest()})
        async with self._services.applying(scope.lease) as work:
            await self._keep(work, scope)
        return DONE

    async def _apply_as_installer(self, scope: Scope, manifests: Sequence[Mapping[str, Any]]) -> None:
        """Its rights were given a moment ago, and may take another one to count."""
        await self._services.guests.apply(await self._access(scope, issuances.INSTALLER), manifests)

    async def _has_account(self, scope: Scope) -> Outcome:
        if scope.cluster.installed_at is not None:
            return DONE
        access = await self._access(scope, issuances.BOOTSTRAP)
        if await self._services.until(lambda: self._services.guests.has_default_account(access)):
            return DONE
        return Wait(message="The controller manager has not made the default service account yet", after=0.2)

    async def _apply(self, scope: Scope, result: Outcome) -> Outcome:
        services = self._services
        became_ready = False
        async with services.applying(scope.lease) as work:
            cluster = await work.clusters.get(scope.cluster.id)
            if cluster is None or cluster.deleting:
                return Wait(message="It is being deleted", after=0.0)
            if cluster.restrictions != scope.cluster.restrictions:
                return Wait(message="Something else is wanted by now", after=0.0)
            changed = self._seen(cluster, scope, result)
            ready = conditions.holds(changed.conditions, conditions.Kind.READY)
            was_ready = conditions.holds(cluster.conditions, conditions.Kind.READY)
            became_ready = ready and not was_ready
            if changed != cluster:
                await work.clusters.save(replace(changed, updated_at=services.clock.now()))
            if became_ready:
                await self._tell_ready(work, cluster, changed)
            if was_ready and not ready and not isinstance(result, outcome.Done):
                await self._tell_lost(work, changed, result.message)
        if became_ready:
            await self._wake_all(scope.cluster.id)
        return result

    async def _tell_ready(self, work: records.Work, before: clusters.Cluster, now: clusters.Cluster) -> None:
        first = before.installed_at is None
        await history.keep(
            work,
            self._services.event(
                now,
                f"cluster:{now.id}",
                "cluster:installed" if first else "cluster:restored",
                f"The cluster {'is installed' if first else 'works again'} (Kubernetes {now.installed_version})",
                INSTALL if first else RESTORE,
            ),
        )

    async def _tell_lost(self, work: records.Work, cluster: clusters.Cluster, message: str) -> None:
        told = f"The cluster does not work as it should, and is being restored: {message}"
        await history.keep(
            work, self._services.event(cluster, f"cluster:{cluster.id}", "cluster:not-ready", told, RESTORE)
        )

    def _seen(self, cluster: clusters.Cluster, scope: Scope, result: Outcome) -> clusters.Cluster:
        """The cluster with its observed part replaced by what this pass found."""
        services, kind, reason = self._services, conditions.Kind, conditions.Reason
        match result:
            case outcome.Done():
                kept = conditions.without(cluster.conditions, [kind.BLOCKED])
                found = conditions.merge(
                    kept,
                    services.condition(kind.READY, True, reason.AS_WANTED),
                    services.condition(kind.PROGRESSING, False, reason.AS_WANTED),
                )
                return replace(
                    cluster,
                    conditions=found,
                    installed_version=scope.seen_version or cluster.installed_version,
                    installed_at=cluster.installed_at or services.clock.now(),
                )
            case outcome.Wait(message=message):
                busy = reason.INSTALLING if cluster.installed_at is None else reason.RESTORING
                kept = conditions.without(cluster.conditions, [kind.BLOCKED])
                return replace(
                    cluster,
                    conditions=conditions.merge(
                        kept,
                        services.condition(kind.PROGRESSING, True, busy, message),
                        services.condition(kind.READY, False, reason.NOT_ANSWERING, message),
                    ),
                )
            case outcome.Blocked():
                return replace(cluster, conditions=conditions.merge(cluster.conditions, services.blocked(result)))

    async def _wake_all(self, cluster_id: clusters.ClusterId) -> None:
        async with self._services.records.read() as work:
            pools = await work.nodepools.of_cluster(cluster_id)
            members = await work.nodes.of_cluster(cluster_id)
        for pool in pools:
            self._services.wake(f"nodepool:{pool.id}")
        for node in members:
            self._services.wake(f"node:{node.id}")

    async def _remove(self, scope: Scope) -> Outcome | engine.Gone:
        def step(name: str, activity: str, act: Callable[[], Awaitable[Outcome]], *needs: str) -> flow.Step:
            return flow.Step(name=name, activity=activity, act=act, needs=needs)

        nodes, plane = "Remove the nodes", "Stop the control plane and wipe its data"
        left = "Look whether anything is left"
        removal = flow.Flow(
            subject=f"cluster:{scope.cluster.id}",
            name="Delete the cluster",
            steps=(
                step(nodes, DESTROY_SERVICE, lambda: self._without_nodes(scope)),
                step(plane, DESTROY_DATA, lambda: self._without_control_plane(scope), nodes),
                step(left, DESTROY_SERVICE, lambda: self._nothing_left(scope), plane),
            ),
        )
        result = await self._services.run(removal, scope.cluster.id, scope.lease)
        if not isinstance(result, outcome.Done):
            return result
        self._services.on_step(removal.subject, "Destroy the keys", "before")
        async with self._services.applying(scope.lease) as work:
            # The keys go last: until nothing is left, whoever looks finds the cluster and can go on.
            await history.keep(
                work,
                self._services.event(
                    scope.cluster,
                    removal.subject,
                    "cluster:deleted",
                    "Nothing of the cluster is left: its processes, data, network and keys are destroyed",
                    DESTROY_CONFIGURATION,
                ),
            )
            for noun in ends.of_a_cluster(work):
                await noun.remove_of(scope.cluster.id)
            await work.clusters.remove(scope.cluster.id)
            await work.allotments.give_back("cluster-slot", scope.cluster.id)
            await ends.prove(work, scope.cluster, self._services.clock.now())
        self._services.on_step(removal.subject, "Destroy the keys", "after")
        return engine.Gone()

    async def _without_nodes(self, scope: Scope) -> Outcome:
        """Every node is removed under its own lease, so that none is made and removed at the same time."""
        now = self._services.clock.now()
        async with self._services.applying(scope.lease) as work:
            members = await work.nodes.of_cluster(scope.cluster.id)
            for node in members:
                if not node.deleting:
                    await work.nodes.save(replace(node, delete_asked_at=now, updated_at=now))
            pools = await work.nodepools.of_cluster(scope.cluster.id)
            for pool in pools:
                if not pool.deleting:
                    await work.nodepools.save(replace(pool, delete_asked_at=now, updated_at=now))
        for node in members:
            self._services.wake(f"node:{node.id}")
        if not members:
            for pool in pools:
                self._services.wake(f"nodepool:{pool.id}")
        if members or pools:
            return Wait(message=f"{len(members)} nodes are being removed", after=1.0)
        return DONE

    async def _nothing_left(self, scope: Scope) -> Outcome:
        """While its slot is still its own: afterwards the same names may be another cluster's."""
        found = await self._services.control_planes.remains(scope.cluster.id, scope.cluster.slot)
        if not found.service and not found.data:
            return DONE
        names = ", ".join([*found.service, *found.data][:5])
        async with self._services.applying(scope.lease) as work:
            await ends.find(work, scope.cluster, found, self._services.clock.now())
        await self._services.control_planes.remove(scope.cluster.id)
        return Wait(message=f"Something is left of the cluster and is removed again: {names}", after=5.0)

    async def _without_control_plane(self, scope: Scope) -> Outcome:
        self._services.keyring.forget(scope.cluster.id)
        await self._services.guests.forget(scope.cluster.id)
        await self._services.control_planes.remove(scope.cluster.id)
        return DONE
