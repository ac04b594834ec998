"""Keeps private networks as they are wanted: their segments, the routers on them, and their end.

One subject per network (`private-network:<id>`). A pass looks at all of it and mends what does not stand; nodes that
were on a segment which had to be made anew are woken to join it again.
"""

from dataclasses import dataclass, replace

from steward.domain import clusters, errors, events, private_networks
from steward.operations import cloud_operations, history, network_records
from steward.ports import private_networks as ports_
from steward.ports import records
from steward.reconcile import engine, outcome, permits
from steward.reconcile.outcome import DONE, Outcome, Wait
from steward.reconcile.services import Services

APPLY = "3.2.2-4"
REMOVE = "5.1-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    network: private_networks.PrivateNetwork
    subnets: dict[str, private_networks.Subnet]
    gateways: tuple[private_networks.Gateway, ...]

    @property
    def staying(self) -> list[private_networks.Gateway]:
        return [each for each in self.gateways if each.delete_asked_at is None]


class PrivateNetworkReconciler:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, subject: str, lease: engine.Lease) -> Outcome | engine.Gone:
        scope = await self._load(subject.partition(":")[2])
        if scope is None:
            return engine.Gone()
        activity = APPLY if scope.network.delete_asked_at is None else REMOVE
        if not permits.may_run(activity):
            said = f"The contract has no activity {activity} of the provider's to act under"
            return outcome.Blocked(message=said, activity=activity)
        if scope.network.delete_asked_at is not None:
            return await self._remove(scope, lease)
        try:
            made = await self._build(scope)
        except errors.Refusal as reason:
            return outcome.Blocked(message=reason.message, whose_turn=reason.whose_turn, activity=activity)
        state = await self._services.private_networks.observe(scope.network.number)
        missing = {each.number for each in scope.staying} - state.routers
        if not state.stands or missing:
            return Wait(message="The private network does not stand yet", after=1.0)
        await self._apply(scope, lease)
        if made:
            await self._wake_nodes(scope.network)
        return DONE

    async def _load(self, network_id: str) -> Scope | None:
        async with self._services.records.read() as work:
            network = await work.private_networks.get(network_id)
            if network is None:
                return None
            subnets = await work.subnets.of(network.id)
            gateways = await work.gateways.of(network.id)
        return Scope(network=network, subnets={each.id: each for each in subnets}, gateways=tuple(gateways))

    def _segment(self, scope: Scope, gateways: list[private_networks.Gateway]) -> ports_.Segment:
        routers = []
        for gateway in gateways:
            subnet = scope.subnets[gateway.subnet_id]
            if subnet.gateway_ip is not None:
                routers.append(
                    ports_.Router(
                        number=gateway.number,
                        address=subnet.gateway_ip,
                        subnet=subnet.cidr,
                        link=private_networks.gateway_link(self._services.plan, gateway.number),
                    )
                )
        return ports_.Segment(number=scope.network.number, routers=routers)

    async def _build(self, scope: Scope) -> bool:
        """Whether the segment had to be made."""
        services, subject = self._services, f"private-network:{scope.network.id}"
        services.on_step(subject, "Make the segment and its routers", "before")
        before = await services.private_networks.observe(scope.network.number)
        await services.private_networks.ensure(self._segment(scope, scope.staying))
        services.on_step(subject, "Make the segment and its routers", "after")
        for gateway in scope.gateways:
            if gateway.delete_asked_at is not None:
                await services.private_networks.remove_router(scope.network.number, gateway.number)
        return not before.stands

    async def _apply(self, scope: Scope, lease: engine.Lease) -> None:
        now = self._services.clock.now()
        async with self._services.applying(lease) as work:
            network = await work.private_networks.get(scope.network.id)
            if network is None:
                return
            if network.built_at is None:
                await work.private_networks.put(replace(network, built_at=now))
                await self._tell(
                    work, network, "private-network:built", f"Private network {network.name} stands", APPLY
                )
            for seen in scope.gateways:
                gateway = await work.gateways.get(seen.id)
                if gateway is None:
                    continue
                if seen.delete_asked_at is not None:
                    await self._forget(work, network, gateway)
                elif gateway.built_at is None:
                    await work.gateways.put(replace(gateway, built_at=now))
                    await cloud_operations.complete(work, network.project_id, gateway.id, now)
                    said = f"Gateway {gateway.name} of private network {network.name} stands"
                    await self._tell(work, network, "gateway:built", said, APPLY)

    async def _forget(
        self, work: records.Work, network: private_networks.PrivateNetwork, gateway: private_networks.Gateway
    ) -> None:
        await work.gateways.remove(gateway.id)
        await work.allotments.give_back(network_records.GATEWAYS, gateway.id)
        await cloud_operations.complete(work, network.project_id, gateway.id, self._services.clock.now())
        said = f"Gateway {gateway.name} of private network {network.name} is gone"
        await self._tell(work, network, "gateway:deleted", said, REMOVE)

    async def _remove(self, scope: Scope, lease: engine.Lease) -> Outcome | engine.Gone:
        """Nobody is on it any more: that was looked at when it was ordered, and nobody joins one that goes."""
        services, subject = self._services, f"private-network:{scope.network.id}"
        services.on_step(subject, "Take the segment away", "before")
        await services.private_networks.remove(self._segment(scope, list(scope.gateways)))
        services.on_step(subject, "Take the segment away", "after")
        state = await services.private_networks.observe(scope.network.number)
        if state.stands:
            return Wait(message="Something of the private network is left", after=1.0)
        async with services.applying(lease) as work:
            network = await work.private_networks.get(scope.network.id)
            if network is None:
                return engine.Gone()
            for gateway in await work.gateways.of(network.id):
                await work.allotments.give_back(network_records.GATEWAYS, gateway.id)
            for subnet in await work.subnets.of(network.id):
                await work.allotments.drop_pool(network_records.PLACES.format(subnet.id))
            await work.gateways.remove_of(network.id)
            await work.subnets.remove_of(network.id)
            await work.private_networks.remove(network.id)
            await work.allotments.give_back(network_records.SEGMENTS, network.id)
            said = f"Nothing is left of private network {network.name}"
            await self._tell(work, network, "private-network:deleted", said, REMOVE)
        return engine.Gone()

    async def _tell(
        self, work: records.Work, network: private_networks.PrivateNetwork, type_: str, message: str, activity: str
    ) -> None:
        await history.keep(
            work,
            events.Event(
                at=self._services.clock.now(),
                project_id=network.project_id,
                cluster_id=clusters.ClusterId(""),
                subject="private-network",
                subject_id=network.id,
                type=type_,
                message=message,
                actor="automation",
                activity=activity,
                facts={},
            ),
        )

    async def _wake_nodes(self, network: private_networks.PrivateNetwork) -> None:
        async with self._services.records.read() as work:
            on_it = await network_records.clusters_on(work, network)
            members = [node for cluster in on_it for node in await work.nodes.of_cluster(cluster.id)]
        for node in members:
            self._services.wake(f"node:{node.id}")
