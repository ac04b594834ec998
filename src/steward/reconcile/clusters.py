"""Keeps clusters as they are wanted: makes their control planes, changes and restores them.

The same steps install a cluster, change it and keep it: every pass looks at each part and mends the one that does not
stand, or not as it is wanted. Nodes and pools have reconcilers of their own; a cluster only wakes them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from steward.catalogue import addons
from steward.domain import clusters, conditions
from steward.ports import guests, records
from steward.ports.control_planes import Part
from steward.reconcile import (
    cluster_states,
    credentials,
    engine,
    flow,
    issuances,
    outcome,
    removals,
    resets,
    restrictions,
    rollouts,
    routes,
)
from steward.reconcile.cluster_states import CHANGE, INSTALL, RESTORE
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.scopes import Scope
from steward.reconcile.services import Services

PROTECT = "3.1.5-4"
PATCHES = "3.1.6-5"
SEEN_AS_DOWN = 30.0  # seconds after which an API that does not answer is asked less and less often
LONGEST_PAUSE = 10.0
REPLACING_TAKES = 0.25  # seconds between two looks at a replacement


class ClusterReconciler:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._removal = removals.Removal(services)
        self._reset = resets.Reset(services)
        self._states = cluster_states.ClusterStates(services)

    async def __call__(self, subject: str, lease: engine.Lease) -> Outcome | engine.Gone:
        cluster_id = clusters.ClusterId(subject.partition(":")[2])
        async with self._services.records.read() as work:
            cluster = await work.clusters.get(cluster_id)
            files = await credentials.load(work, cluster_id)
        if cluster is None:
            return engine.Gone()
        scope = Scope(cluster, self._services.plan.cluster(cluster.slot), lease, files)
        if cluster.deleting:
            return await self._removal(scope)
        if cluster.reset_asked_at is not None:
            return await self._reset(scope)
        changing, keeping = scope.change is not None, cluster.installed_at is not None
        wanted = self._change(scope) if changing else self._flow(scope)
        result = await self._services.run(wanted, cluster.id, lease, keeping=keeping and not changing)
        return await self._states(scope, result)

    def _change(self, scope: Scope) -> flow.Flow:
        """What was ordered of a standing control plane: one part after the other, for each needs the one before it."""
        step = _stepping(CHANGE)
        obtain = f"Obtain Kubernetes {scope.cluster.version}"
        keys, network, etcd, api = "Issue certificates", "Connect the network", "See to etcd", "Replace the API server"
        answers, ready = "Wait until the API answers", "Wait until the API is ready"
        admitted = "Let in who may reach the API"
        controllers, scheduler = "See to the controller manager", "See to the scheduler"
        services = "Install the cluster's services"
        working = (controllers, scheduler, services)
        return flow.Flow(
            subject=f"cluster:{scope.cluster.id}",
            name="Change the cluster",
            steps=(
                step(obtain, lambda: self._obtain(scope), under=PATCHES),
                step(keys, lambda: self._issue(scope), under=PROTECT),
                step(network, lambda: self._ensure(scope, Part.NETWORK), under=PROTECT),
                step(admitted, lambda: restrictions.ensure(self._services, scope.wanted), network, under=PROTECT),
                step(etcd, lambda: self._ensure(scope, Part.ETCD), obtain, keys, network),
                step(api, lambda: self._ensure(scope, Part.API_SERVER), etcd, admitted),
                step(answers, lambda: self._answers(scope), api),
                step(ready, lambda: self._is_ready(scope), answers),
                step(controllers, lambda: self._ensure(scope, Part.CONTROLLER_MANAGER), ready),
                step(scheduler, lambda: self._ensure(scope, Part.SCHEDULER), ready),
                step(services, lambda: self._update_services(scope), ready),
                step(rollouts.TRUST, lambda: self._trusts(scope), *working),
                step(rollouts.STEP, lambda: self._roll_out(scope), rollouts.TRUST),
            ),
        )

    def _flow(self, scope: Scope) -> flow.Flow:
        installed = scope.cluster.installed_at is not None
        step = _stepping(RESTORE if installed else INSTALL)

        obtain = f"Obtain Kubernetes {scope.cluster.version}"
        keys, network, etcd, api = "Issue certificates", "Connect the network", "Start etcd", "Start the API server"
        admitted = "Let in who may reach the API"
        answers, ready = "Wait until the API answers", "Wait until the API is ready"
        services = "Install the cluster's services"
        route: tuple[flow.Step, ...] = ()
        if scope.cluster.network is not None:
            route = (step(routes.STEP, lambda: routes.carried(self._services, scope.cluster), ready),)
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
                *route,
            ),
        )

    async def _trusts(self, scope: Scope) -> Outcome:
        """Pods that start on a new node would otherwise be handed an authority that signs nothing any more."""

        async def look() -> bool:
            given = await self._services.guests.authority(await self._access(scope, issuances.NODE_KEEPER))
            return given == guests.digest(scope.files["ca.crt"])

        if await self._services.until(look):
            return DONE
        return Wait(message="The controller manager has not given pods the new authority yet", after=1.0)

    async def _roll_out(self, scope: Scope) -> Outcome:
        return await rollouts.go_on(self._services, scope.cluster.id, scope.lease)

    async def _obtain(self, scope: Scope) -> Outcome:
        missing = await self._services.artifacts.obtain(scope.cluster.version)
        if missing is None:
            return DONE
        if missing.reason:
            return outcome.Blocked(message=f"{missing.message}: {missing.reason}", activity=PATCHES)
        return Wait(message=missing.message, after=1.0)

    async def _issue(self, scope: Scope) -> Outcome:
        made = credentials.generation(scope.files) == scope.cluster.node_generation
        if scope.files and made:
            if credentials.renew(scope.files, scope.cluster, scope.network, self._services.certificates):
                # Where it serves may be another place now; it leads there, with the keys that it had.
                async with self._services.applying(scope.lease) as work:
                    await self._keep_with_kubeconfig(work, scope)
            return DONE
        makes = self._services.certificates
        scope.files = credentials.make(scope.cluster, scope.network, makes, before=scope.files)
        async with self._services.applying(scope.lease) as work:
            await self._keep_with_kubeconfig(work, scope)
            members = await work.nodes.of_cluster(scope.cluster.id)
        # Nodes that wait for their turn go on with certificates of the new authority; steward has other identities.
        self._services.keyring.forget(scope.cluster.id)
        for node in members:
            self._services.wake(f"node:{node.id}")
        return DONE

    async def _keep(self, work: records.Work, scope: Scope) -> None:
        """No certificate is kept, and so none is used, that the ledger of credentials does not hold."""
        await self._services.keyring.ledger.note(work, scope.cluster, credentials.issued(scope.files))
        await credentials.keep(work, scope.cluster.id, scope.files)

    async def _keep_with_kubeconfig(self, work: records.Work, scope: Scope) -> None:
        await self._keep(work, scope)
        kubeconfig = credentials.admin_kubeconfig(scope.files, scope.cluster, scope.network)
        await work.secrets.put(scope.cluster.id, credentials.KUBECONFIG, kubeconfig.encode())

    async def _access(self, scope: Scope, identity: issuances.Identity) -> guests.Access:
        return await self._services.keyring.access(scope.cluster, scope.network, scope.files, identity)

    async def _looking(self, scope: Scope) -> guests.Access:
        """As whoever has the right to look: until the cluster is installed, rights are yet to be given."""
        installed = scope.cluster.installed_at is not None
        return await self._access(scope, issuances.PROBE if installed else issuances.BOOTSTRAP)

    async def _ensure(self, scope: Scope, part: Part) -> Outcome:
        await self._services.control_planes.ensure(scope.wanted, part)
        state = (await self._services.control_planes.observe(scope.cluster.id))[part]
        if not state.running:
            return Wait(message=f"{part} does not run and is started again: {state.reason}", after=1.0)
        if scope.wanted.is_met(part, state.mark):
            return DONE
        scope.serves = scope.serves or (part is Part.API_SERVER and not scope.cluster.at_once)
        return Wait(message=f"{part} is being replaced: {state.replacing or 'it ends'}", after=REPLACING_TAKES)

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
            scope.serves = True
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
            result = await self._apply_services(scope)
            if not isinstance(result, outcome.Done):
                return result
        scope.files = credentials.without_long_lived({**scope.files, credentials.RIGHTS: addons.rights_digest()})
        async with self._services.applying(scope.lease) as work:
            await self._keep(work, scope)
        return DONE

    async def _update_services(self, scope: Scope) -> Outcome:
        """An update brings those of this release along, where they differ from those that were installed."""
        result = await self._install_services(scope)
        updating = conditions.asked_for(scope.cluster.conditions) is conditions.Reason.UPDATING
        if not isinstance(result, outcome.Done) or not updating:
            return result
        before = scope.files.get(credentials.SERVICES)
        if before == addons.digest(self._addons(scope)):
            return DONE
        result = await self._apply_services(scope)
        if isinstance(result, outcome.Done):
            async with self._services.applying(scope.lease) as work:
                await self._keep(work, scope)
        return result

    async def _apply_services(self, scope: Scope) -> Outcome:
        manifests = self._addons(scope)
        result = await self._asked(scope, lambda: self._apply_as_installer(scope, manifests))
        if isinstance(result, outcome.Done):
            scope.files = {**scope.files, credentials.SERVICES: addons.digest(manifests)}
        return result

    def _addons(self, scope: Scope) -> list[dict[str, Any]]:
        """Without the rights, which have their own ways."""
        every = self._services.addons(scope.cluster)
        return [each for each in every if each["apiVersion"] != addons.RIGHTS_API]

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


class _Step(Protocol):
    def __call__(self, name: str, act: Callable[[], Awaitable[Outcome]], *needs: str, under: str = "") -> flow.Step: ...


def _stepping(activity: str) -> _Step:
    """Makes steps under this activity, but for those that name another."""

    def step(name: str, act: Callable[[], Awaitable[Outcome]], *needs: str, under: str = "") -> flow.Step:
        return flow.Step(name=name, activity=under or activity, act=act, needs=needs)

    return step
