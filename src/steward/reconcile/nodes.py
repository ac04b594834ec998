"""Keeps nodes running and joined, makes them anew when it is their turn, and takes them away.

The same steps install a node and restore it; one that is made anew is emptied and wiped before. A node of a
cluster that is being deleted is not emptied: there is nowhere for its pods to go.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from steward.domain import conditions, errors, nodepools, nodes
from steward.operations import history, network_records
from steward.ports import guests, machines
from steward.reconcile import credentials, engine, flow, identities, issuances, node_views, outcome, rollouts
from steward.reconcile.node_scopes import Scope
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
_ANEW = {
    conditions.Reason.UPDATING: "Update the node",
    conditions.Reason.REDEPLOYING: "Reinstall the node",
    conditions.Reason.RESETTING: "Reset the node",
}


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
        if scope.cluster.reset_asked_at is not None:
            return await self._wipe(scope)
        if scope.cluster.installed_at is None:
            return Wait(message="The cluster is not installed yet", after=30.0)
        standing = scope.node.deployed_at is not None and conditions.asked_for(scope.node.conditions) is None
        result = await self._services.run(self._flow(scope), scope.cluster.id, lease, keeping=standing)
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
        anew = conditions.asked_for(scope.node.conditions)
        activity = INSTALL if anew is not None or scope.node.deployed_at is None else RESTORE

        def step(name: str, act: Callable[[], Awaitable[Outcome]], *needs: str, under: str = activity) -> flow.Step:
            return flow.Step(name=name, activity=under, act=act, needs=needs)

        keys, register, start = "Issue the node's certificates", "Announce the node", "Start the machine"
        allot = "Allot an address on the private network"
        empty, clear, ready = "Empty the node", "Stop the machine and wipe its disk", "Wait until the node is ready"
        before: tuple[flow.Step, ...] = ()
        after: tuple[flow.Step, ...] = ()
        if anew is not None:
            before = (
                step(empty, lambda: self._make_way(scope)),
                step(clear, lambda: self._clear(scope), empty),
            )
            after = (step("Let pods come back", lambda: self._take_back(scope), ready),)
        cleared = (clear,) if before else ()
        if scope.cluster.network is not None or scope.node.private_address is not None:
            before += (step(allot, lambda: self._allot(scope), *cleared),)
            cleared = (allot,)
        return flow.Flow(
            subject=f"node:{scope.node.id}",
            name=_ANEW[anew] if anew else "Install the node" if scope.node.deployed_at is None else "Restore the node",
            steps=(
                *before,
                step(keys, lambda: self._issue(scope), *cleared, under=PROTECT),
                step(register, lambda: self._register(scope), keys),
                step(start, lambda: self._start(scope), keys),
                step(ready, lambda: self._joined(scope), register, start),
                *after,
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

    async def _standing(self, scope: Scope) -> machines.MachineState | None:
        return (await self._services.machines.observe(scope.cluster.id)).get(scope.node.id)

    async def _make_way(self, scope: Scope) -> Outcome:
        """Of a machine that does not run nothing can leave any more."""
        state = await self._standing(scope)
        if state is None or not state.running or _is_made_as(state, scope.node):
            return DONE
        return await self._drain(scope)

    async def _clear(self, scope: Scope) -> Outcome:
        state = await self._standing(scope)
        if state is not None and not _is_made_as(state, scope.node):
            await self._services.machines.remove(scope.cluster.id, scope.node.id)
        return DONE

    async def _take_back(self, scope: Scope) -> Outcome:
        await self._services.guests.take_back(await self._access(scope), scope.node.name)
        return DONE

    async def _issue(self, scope: Scope) -> Outcome:
        certificate = scope.files.get("kubelet.crt")
        known = scope.files.get("ca.crt") == scope.cluster_files["ca.crt"]
        if certificate and known and self._services.certificates.remaining(certificate) > credentials.RENEW_BEFORE:
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
        state = await self._standing(scope)
        if state is not None and state.running:
            wanted = machines.parameters(scope.machine.proxy_mode, scope.machine.proxy)
            if state.parameters in ("", wanted):
                return DONE
            return Wait(message="kube-proxy is being started again with its new parameters", after=0.5)
        reason = state.reason if state is not None else "it does not stand"
        return Wait(message=f"The machine does not run: {reason}", after=1.0)

    async def _joined(self, scope: Scope) -> Outcome:
        seen: list[guests.GuestNode] = []

        async def look() -> bool:
            found = await self._views.node(await self._access(scope), scope.node.name)
            if found is not None:
                seen.append(found)
            return found is not None and found.ready and _is_its(found, scope.node)

        if await self._services.until(look):
            return DONE
        said = _missing(seen[-1], scope.node) if seen else "the cluster does not know it"
        return Wait(message=f"The node is not ready: {said}", after=0.5)

    async def _apply(self, scope: Scope, result: Outcome) -> Outcome:
        services = self._services
        turned = False
        async with services.applying(scope.lease) as work:
            node = await work.nodes.get(scope.node.id)
            if node is None or node.deleting:
                return Wait(message="It is being deleted", after=0.0)
            if (node.version, node.generation) != (scope.node.version, scope.node.generation):
                return Wait(message="It is its turn to be made anew", after=0.0)
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
                        RESTORE if node.deployed_at and not conditions.asked_for(node.conditions) else INSTALL,
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
                return replace(
                    node,
                    conditions=found,
                    installed_version=node.version,
                    deployed_at=node.deployed_at or services.clock.now(),
                    drain_began_at=None,
                    instance_id=identities.instance_of(node),
                )
            case outcome.Wait(message=message):
                busy = reason.INSTALLING if node.deployed_at is None else reason.RESTORING
                busy = conditions.asked_for(node.conditions) or busy
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
        going_on = not scope.cluster.deleting and scope.cluster.reset_asked_at is None
        if going_on and scope.cluster.installed_at is not None:
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
                if each.id != scope.node.id and not each.deleting and each.deployed_at is not None
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

    async def _wipe(self, scope: Scope) -> Outcome:
        """Its cluster is being reset: nothing of it is kept but its place, and it is installed again later."""
        if scope.node.generation == scope.cluster.node_generation:
            return Wait(message="It is installed again once the cluster is", after=30.0)
        name = "Stop the machine and wipe its disk"
        step = flow.Step(name=name, activity=INSTALL, act=lambda: self._stop(scope))
        wiping = flow.Flow(subject=f"node:{scope.node.id}", name="Wipe the node", steps=(step,))
        result = await self._services.run(wiping, scope.cluster.id, scope.lease)
        if not isinstance(result, outcome.Done):
            return result
        async with self._services.applying(scope.lease) as work:
            node = await work.nodes.get(scope.node.id)
            cluster = await work.clusters.get(scope.cluster.id)
            if node is not None and cluster is not None:
                await work.nodes.save(rollouts.given(self._services, cluster, node))
                await work.secrets.remove_all(node.id)
        self._services.wake(f"cluster:{scope.cluster.id}")
        return Wait(message="It is installed again once the cluster is", after=30.0)

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


def _is_made_as(state: machines.MachineState, node: nodes.Node) -> bool:
    """A machine of an earlier release tells no version; it has the one that its node was last seen with."""
    version = state.version or str(node.installed_version or node.version)
    return (version, state.generation) == (str(node.version), node.generation)


def _is_its(found: guests.GuestNode, node: nodes.Node) -> bool:
    """What its predecessor reported before it was stopped does not count."""
    made = nodes.machine_id(node.id, node.generation)
    return (found.version, found.machine) == (str(node.version), made)


def _missing(found: guests.GuestNode, node: nodes.Node) -> str:
    return "the new machine has not reported yet" if found.ready and not _is_its(found, node) else found.reason


def _said(result: Outcome) -> str:
    return "" if isinstance(result, outcome.Done) else result.message
