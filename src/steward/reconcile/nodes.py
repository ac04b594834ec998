"""Keeps nodes running and joined, and takes them away: emptied first, then stopped, then forgotten.

The same steps install a node and restore it. A node of a cluster that is being deleted is not emptied:
there is nowhere for its pods to go.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from steward.catalogue import loading
from steward.domain import clusters, conditions, errors, flavors, networks, nodepools, nodes, private_networks
from steward.operations import history, network_records
from steward.ports import guests, machines
from steward.reconcile import credentials, engine, flow, identities, issuances, node_views, outcome
from steward.reconcile.nodepools import NUMBERS
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.services import Services

INSTALL = "3.2.2-4"
RESTORE = "3.2.1-3"
PROTECT = "3.1.5-4"
REMOVE = "5.1-2"
DESTROY_DATA = "5.2-1"
ROUTES = "3.1.5-2"
DRAIN_AT_MOST = timedelta(minutes=10)


@dataclass(slots=True)
class Scope:
    node: nodes.Node
    pool: nodepools.NodePool
    cluster: clusters.Cluster
    network: networks.ClusterNetwork
    lease: engine.Lease
    cluster_files: dict[str, str]
    files: dict[str, str]
    subnet: private_networks.Subnet | None = None  # of the private network that it is to be on
    segment: int = -1  # that network's

    @property
    def leg(self) -> private_networks.Leg | None:
        on, subnet, address = self.cluster.network, self.subnet, self.node.private_address
        if on is None or subnet is None or address is None:
            return None
        return private_networks.Leg(
            segment=self.segment,
            address=address,
            prefix=subnet.cidr.prefixlen,
            default_via=private_networks.default_via(on, subnet),
        )

    @property
    def machine(self) -> machines.Machine:
        return machines.Machine(
            node_id=self.node.id,
            cluster_id=self.cluster.id,
            name=self.node.name,
            number=self.node.number,
            network=self.network,
            pods=self.cluster.pods,
            services=self.cluster.services,
            version=self.node.version,
            flavor=flavor_named(self.node.flavor),
            proxy_mode=self.cluster.proxy_mode,
            leg=self.leg,
            instance_id=identities.instance_of(self.node),
            files=self.files,
        )


class NodeReconciler:
    def __init__(self, services: Services, views: node_views.NodeViews) -> None:
        self._services = services
        self._views = views

    async def __call__(self, subject: str, lease: engine.Lease) -> Outcome | engine.Gone:
        scope = await self._load(nodes.NodeId(subject.partition(":")[2]), lease)
        if scope is None:
            return engine.Gone()
        if scope.node.deleting or scope.cluster.deleting:
            return await self._remove(scope)
        if scope.cluster.installed_at is None:
            return Wait(message="The cluster is not installed yet", after=30.0)
        deployed = scope.node.deployed_at is not None
        result = await self._services.run(self._flow(scope), scope.cluster.id, lease, keeping=deployed)
        return await self._apply(scope, result)

    async def _load(self, node_id: nodes.NodeId, lease: engine.Lease) -> Scope | None:
        async with self._services.records.read() as work:
            node = await work.nodes.get(node_id)
            if node is None or node.deleted_at is not None:
                return None
            cluster = await work.clusters.get(node.cluster_id)
            pool = await work.nodepools.get(nodepools.NodePoolId(node.nodepool_id))
            if cluster is None or pool is None:
                return None
            cluster_files = await credentials.load(work, cluster.id)
            files = await credentials.load(work, node_id)
            network = self._services.plan.cluster(cluster.slot)
            scope = Scope(node, pool, cluster, network, lease, cluster_files, files)
            if cluster.network is not None:
                scope.subnet = await work.subnets.get(cluster.network.nodes_subnet_id)
                on = await work.private_networks.get(cluster.network.network_id)
                scope.segment = -1 if on is None else on.number
        return scope

    def _flow(self, scope: Scope) -> flow.Flow:
        activity = INSTALL if scope.node.deployed_at is None else RESTORE

        def step(name: str, act: Callable[[], Awaitable[Outcome]], *needs: str, under: str = activity) -> flow.Step:
            return flow.Step(name=name, activity=under, act=act, needs=needs)

        keys, register, start = "Issue the node's certificates", "Announce the node", "Start the machine"
        allot = "Allot an address on the private network"
        private = scope.cluster.network is not None or scope.node.private_address is not None
        return flow.Flow(
            subject=f"node:{scope.node.id}",
            name="Install the node" if scope.node.deployed_at is None else "Restore the node",
            steps=(
                *((step(allot, lambda: self._allot(scope)),) if private else ()),
                step(keys, lambda: self._issue(scope), *((allot,) if private else ()), under=PROTECT),
                step(register, lambda: self._register(scope), keys),
                step(start, lambda: self._start(scope), keys),
                step("Wait until the node is ready", lambda: self._joined(scope), register, start),
            ),
        )

    async def _allot(self, scope: Scope) -> Outcome:
        """From the subnet that its cluster's nodes are on now; one of another subnet is given back."""
        wanted = None if scope.subnet is None else scope.subnet.id
        if scope.node.subnet_id == wanted:
            return DONE
        async with self._services.applying(scope.lease) as work:
            node = await work.nodes.get(scope.node.id)
            if node is None:
                return Wait(message="It is gone", after=0.0)
            if node.subnet_id is not None:
                await work.allotments.give_back(network_records.PLACES.format(node.subnet_id), node.id)
            node = replace(node, subnet_id=None, private_address=None)
            if scope.subnet is not None:
                pool = network_records.PLACES.format(scope.subnet.id)
                place = await work.allotments.take(pool, node.id, below=scope.subnet.room)
                if place is None:
                    return outcome.Blocked(
                        message=f"Subnet {scope.subnet.cidr} has given all its {scope.subnet.room} addresses away",
                        whose_turn=errors.CUSTOMER,
                        activity=ROUTES,
                    )
                node = replace(node, subnet_id=scope.subnet.id, private_address=scope.subnet.address(place))
            await work.nodes.save(node)
            # Its kubelet's certificate names the address.
            await work.secrets.remove_all(node.id)
        scope.node, scope.files = node, {}
        return DONE

    async def _issue(self, scope: Scope) -> Outcome:
        certificate = scope.files.get("kubelet.crt")
        if certificate and self._services.certificates.remaining(certificate) > credentials.RENEW_BEFORE:
            return DONE
        scope.files = credentials.node_files(
            scope.cluster_files, scope.node, scope.network, self._services.certificates
        )
        async with self._services.applying(scope.lease) as work:
            issued = credentials.issued_to_node(scope.files, scope.node)
            await self._services.keyring.ledger.note(work, scope.cluster, issued)
            await credentials.keep(work, scope.node.id, scope.files)
        return DONE

    async def _access(self, scope: Scope) -> guests.Access:
        return await self._services.keyring.access(
            scope.cluster, scope.network, scope.cluster_files, issuances.NODE_KEEPER
        )

    async def _register(self, scope: Scope) -> Outcome:
        access = await self._access(scope)
        await self._services.guests.register_node(access, identities.of(scope.node, scope.cluster, scope.pool))
        return DONE

    async def _start(self, scope: Scope) -> Outcome:
        await self._services.machines.ensure(scope.machine)
        state = (await self._services.machines.observe(scope.cluster.id)).get(scope.node.id)
        if state is not None and state.running:
            return DONE
        reason = state.reason if state is not None else "it does not stand"
        return Wait(message=f"The machine does not run: {reason}", after=1.0)

    async def _joined(self, scope: Scope) -> Outcome:
        seen: list[guests.GuestNode] = []

        async def look() -> bool:
            found = await self._views.node(await self._access(scope), scope.node.name)
            if found is not None:
                seen.append(found)
            return found is not None and found.ready

        if await self._services.until(look):
            return DONE
        said = seen[-1].reason if seen else "the cluster does not know it"
        return Wait(message=f"The node is not ready: {said}", after=0.5)

    async def _apply(self, scope: Scope, result: Outcome) -> Outcome:
        services = self._services
        turned = False
        async with services.applying(scope.lease) as work:
            node = await work.nodes.get(scope.node.id)
            if node is None or node.deleting:
                return Wait(message="It is being deleted", after=0.0)
            changed = self._seen(node, result)
            kind = conditions.Kind
            turned = any(
                conditions.holds(node.conditions, each) != conditions.holds(changed.conditions, each)
                for each in (kind.READY, kind.BLOCKED)
            )
            if changed != node:
                await work.nodes.save(replace(changed, updated_at=services.clock.now()))
            if turned:
                ready = conditions.holds(changed.conditions, kind.READY)
                await history.keep(
                    work,
                    services.event(
                        scope.cluster,
                        f"node:{node.id}",
                        "node:ready" if ready else "node:not-ready",
                        f"Node {node.name} is ready" if ready else f"Node {node.name}: {_said(result)}",
                        INSTALL if node.deployed_at is None else RESTORE,
                    ),
                )
        if turned:
            services.wake(f"nodepool:{node.nodepool_id}")
        return result

    def _seen(self, node: nodes.Node, result: Outcome) -> nodes.Node:
        services, kind, reason = self._services, conditions.Kind, conditions.Reason
        kept = conditions.without(node.conditions, [kind.BLOCKED])
        match result:
            case outcome.Done():
                found = conditions.merge(
                    kept,
                    services.condition(kind.READY, True, reason.AS_WANTED),
                    services.condition(kind.PROGRESSING, False, reason.AS_WANTED),
                )
                deployed = node.deployed_at or services.clock.now()
                return replace(node, conditions=found, deployed_at=deployed, instance_id=identities.instance_of(node))
            case outcome.Wait(message=message):
                busy = reason.INSTALLING if node.deployed_at is None else reason.RESTORING
                found = conditions.merge(
                    kept,
                    services.condition(kind.PROGRESSING, True, busy, message),
                    services.condition(kind.READY, False, reason.NODE_NOT_READY, message),
                )
                return replace(node, conditions=found)
            case outcome.Blocked():
                return replace(node, conditions=conditions.merge(kept, services.blocked(result)))

    async def _remove(self, scope: Scope) -> Outcome | engine.Gone:
        def step(name: str, activity: str, act: Callable[[], Awaitable[Outcome]], *needs: str) -> flow.Step:
            return flow.Step(name=name, activity=activity, act=act, needs=needs)

        drain, leave, stop = "Empty the node", "Remove the node from the cluster", "Stop the machine and wipe its disk"
        steps = [step(stop, DESTROY_DATA, lambda: self._stop(scope))]
        if not scope.cluster.deleting and scope.cluster.installed_at is not None:
            steps = [
                step(drain, REMOVE, lambda: self._drain(scope)),
                step(stop, DESTROY_DATA, lambda: self._stop(scope), drain),
                step(leave, REMOVE, lambda: self._leave(scope), stop),
            ]
        removal = flow.Flow(subject=f"node:{scope.node.id}", name="Remove the node", steps=tuple(steps))
        result = await self._services.run(removal, scope.cluster.id, scope.lease)
        if not isinstance(result, outcome.Done):
            return result
        await self._forget(scope)
        self._services.wake(f"nodepool:{scope.node.nodepool_id}")
        self._services.wake(f"cluster:{scope.cluster.id}")
        return engine.Gone()

    async def _drain(self, scope: Scope) -> Outcome:
        now = self._services.clock.now()
        began = scope.node.drain_began_at
        async with self._services.applying(scope.lease) as work:
            others = [
                each
                for each in await work.nodes.of_cluster(scope.cluster.id)
                if not each.deleting and each.deployed_at is not None
            ]
            if began is None:
                began = now
                scope.node = replace(scope.node, drain_began_at=now)
                await work.nodes.save(scope.node)
        if scope.node.deployed_at is None:
            return DONE
        # With no other node there is nowhere to go, so nothing is gained by waiting.
        force = now - began > DRAIN_AT_MOST or not others
        draining = await self._services.guests.drain(
            await self._access(scope), scope.node.name, since=began, force=force, operation=f"node:{scope.node.id}"
        )
        if not draining.left:
            return DONE
        message = f"{len(draining.left)} pods are leaving" + (f"; {draining.held_back}" if draining.held_back else "")
        return Wait(message=message, after=1.0)

    async def _stop(self, scope: Scope) -> Outcome:
        await self._services.machines.remove(scope.cluster.id, scope.node.id)
        return DONE

    async def _leave(self, scope: Scope) -> Outcome:
        await self._services.guests.remove_node(await self._access(scope), scope.node.name)
        return DONE

    async def _forget(self, scope: Scope) -> None:
        now = self._services.clock.now()
        async with self._services.applying(scope.lease) as work:
            node = await work.nodes.get(scope.node.id)
            if node is None:
                return
            await work.nodes.save(replace(node, deleted_at=now, updated_at=now))
            await work.allotments.give_back(NUMBERS.format(scope.cluster.id), node.id)
            if node.subnet_id is not None:
                await work.allotments.give_back(network_records.PLACES.format(node.subnet_id), node.id)
            await work.secrets.remove_all(node.id)
            await work.progress.remove(f"node:{node.id}")
            await history.keep(
                work,
                self._services.event(
                    scope.cluster, f"node:{node.id}", "node:deleted", f"Node {node.name} is gone", REMOVE
                ),
            )


def flavor_named(name: str) -> flavors.Flavor:
    for fact in loading.flavors():
        if fact.name == name:
            return flavors.Flavor(
                name=fact.name, category=fact.category, vcpus=fact.vcpus, ram_gb=fact.ram, disk_gb=fact.disk
            )
    raise errors.Unavailable(f"The flavor {name} is no longer in the catalogue; put it back, nodes of it stand")


def _said(result: Outcome) -> str:
    return "" if isinstance(result, outcome.Done) else result.message
