"""A whole service for one test: records in a real SQLite file, a simulated world, a steward, and a customer.

`differences` is the yardstick of every test here: what is stored, what the world shows and what customers are told
must be one and the same, and nothing may be left of what is gone.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steward.domain import actors, clusters, nodepools, nodes, projects, restrictions
from steward.domain import openidconnects as openidconnects_
from steward.operations import clusters as clusters_
from steward.operations import context, kubeconfigs, openidconnects, orders, resets, restarts, updates
from steward.operations import customizations as customizations_
from steward.operations import nodepools as nodepools_
from steward.operations import nodes as nodes_
from steward.operations import projects as projects_
from steward.operations.network_records import GATEWAYS, PLACES, SEGMENTS
from steward.outside import sealing
from steward.ports import machines
from steward.ports.control_planes import Part
from steward.runtimes.simulated import audit_logs as audit_logs_
from steward.runtimes.simulated import faults as faults_
from steward.runtimes.simulated import hosts as hosts_
from steward.runtimes.simulated import state as state_
from steward.runtimes.simulated import world as world_
from steward.storage import records as records_
from tests import fakes, receivers, virtual
from tests.unit.reconcile import stewards

CUSTOMER = actors.customer(projects.AccountId("ab1-local"))
LONG_ENOUGH = 300.0  # seconds in which everything ends well, unless a pod holds its node back


@dataclass(frozen=True, slots=True)
class Stored:
    """What the records say, all of it at one moment."""

    clusters: Sequence[clusters.Cluster]
    pools: Sequence[nodepools.NodePool]
    nodes: Sequence[nodes.Node]


class Site:
    def __init__(self, clock: virtual.VirtualClock, kept: records_.SqlRecords, database: Path) -> None:
        self.clock = clock
        self.world = world_.World(clock=clock)
        self.faults = faults_.Faults(self.world)
        self.records = kept
        self.kills = 0
        self.project_id = ""
        self.hook: Callable[[stewards.Life], None] = lambda life: None  # sees every new steward before its start
        self.database = database
        self.receivers = receivers.Simulated(clock)
        self._steward: stewards.Steward | None = None
        self.context = context.Context(
            records=kept,
            clock=clock,
            host=hosts_.SimulatedHost(self.world),
            passwords=fakes.Passwords(),
            wake=lambda each: self.steward.wake(each),
            audit_logs=audit_logs_.SimulatedAuditLogs(self.world),
            log_receivers=self.receivers,
        )

    @property
    def steward(self) -> stewards.Steward:
        assert self._steward is not None, "no steward was started yet"
        return self._steward

    async def begin(self, **how: Any) -> None:
        self._steward = stewards.Steward(self.world, self.records, **{"receivers": self.receivers, **how})
        self.hook(self._steward.life)
        await self._steward.start()
        if not self.project_id:
            project = await projects_.create(self.context, actors.OPERATOR, account=CUSTOMER.name)
            self.project_id = project.id

    async def kill(self) -> None:
        self.kills += 1
        await self.steward.kill()

    async def restart(self, **how: Any) -> None:
        """Killed, and started again."""
        await self.kill()
        await self.begin(**how)

    async def revive(self) -> bool:
        """A steward that died, at whatever crossing, is followed by the next; whether it had died."""
        died = self.steward.life.dead
        while self.steward.life.dead:
            with contextlib.suppress(stewards.Killed):
                await self.restart()
        return died

    async def order(self, *sizes: int, **fields: Any) -> str:
        pools = [
            orders.PoolOrder(name=f"pool-{number}", flavor="d2-4", desired=size) for number, size in enumerate(sizes)
        ]
        order = orders.ClusterOrder(region="LOCAL1", pools=pools, **fields)
        view = await clusters_.create(self.context, CUSTOMER, project_id=self.project_id, order=order)
        return view.cluster.id

    async def standing(self, *sizes: int, **fields: Any) -> str:
        """A cluster that is ordered and ready."""
        cluster_id = await self.order(*sizes, **fields)
        await self.settled()
        return cluster_id

    async def word(self, cluster_id: str) -> clusters.Status:
        cluster = await self.cluster(cluster_id)
        assert cluster is not None, f"cluster {cluster_id} is gone"
        return clusters.status(cluster)

    async def order_pool(self, cluster_id: str, name: str, size: int) -> str:
        view = await nodepools_.create(
            self.context,
            CUSTOMER,
            project_id=self.project_id,
            cluster_id=cluster_id,
            order=orders.PoolOrder(name=name, flavor="d2-4", desired=size),
        )
        return view.pool.id

    async def resize(self, cluster_id: str, pool_id: str, size: int) -> None:
        await self.change(cluster_id, pool_id, orders.PoolChange(desired=size))

    async def change(self, cluster_id: str, pool_id: str, change: orders.PoolChange) -> None:
        await nodepools_.edit(
            self.context,
            CUSTOMER,
            project_id=self.project_id,
            cluster_id=cluster_id,
            pool_id=pool_id,
            change=change,
        )

    async def delete_pool(self, cluster_id: str, pool_id: str) -> None:
        await nodepools_.delete(
            self.context, CUSTOMER, project_id=self.project_id, cluster_id=cluster_id, pool_id=pool_id
        )

    async def delete_node(self, cluster_id: str, node_id: str) -> None:
        await nodes_.delete(self.context, CUSTOMER, project_id=self.project_id, cluster_id=cluster_id, node_id=node_id)

    async def customize(self, cluster_id: str, *, off: Sequence[str] = (), **more: Any) -> None:
        plugins = {"admissionPlugins": {"disabled": off}}
        named = {"project_id": self.project_id, "cluster_id": cluster_id}
        asked = more or {"apiServer": plugins}
        await customizations_.edit(self.context, CUSTOMER, **named, asked=asked)

    async def restart_api(self, cluster_id: str, *, force: bool = False) -> None:
        named = {"project_id": self.project_id, "cluster_id": cluster_id}
        await restarts.restart(self.context, CUSTOMER, **named, force=force)

    async def log_in_by(self, cluster_id: str, issuer: str) -> None:
        """OpenID Connect, or none where there is no issuer."""
        named = {"project_id": self.project_id, "cluster_id": cluster_id}
        asked = openidconnects_.Asked(issuer_url=issuer, client_id="kube")
        if issuer:
            await openidconnects.create(self.context, CUSTOMER, **named, asked=asked)
        else:
            await openidconnects.remove(self.context, CUSTOMER, **named)

    async def update(self, cluster_id: str, strategy: str = "LATEST_PATCH") -> None:
        await updates.update(
            self.context, CUSTOMER, project_id=self.project_id, cluster_id=cluster_id, strategy=strategy
        )

    async def reset_kubeconfig(self, cluster_id: str) -> None:
        await kubeconfigs.reset(self.context, CUSTOMER, project_id=self.project_id, cluster_id=cluster_id)

    async def kubeconfig(self, cluster_id: str) -> str:
        return await kubeconfigs.admin(self.context, CUSTOMER, project_id=self.project_id, cluster_id=cluster_id)

    async def reset(self, cluster_id: str, **order: Any) -> None:
        await resets.reset(
            self.context,
            CUSTOMER,
            project_id=self.project_id,
            cluster_id=cluster_id,
            order=orders.ResetOrder(**order),
        )

    async def delete(self, cluster_id: str) -> None:
        await clusters_.delete(self.context, CUSTOMER, project_id=self.project_id, cluster_id=cluster_id)

    async def stored(self) -> Stored:
        async with self.records.read() as work:
            return Stored(await work.clusters.all(), await work.nodepools.all(), await work.nodes.all())

    async def cluster(self, cluster_id: str) -> clusters.Cluster | None:
        async with self.records.read() as work:
            return await work.clusters.get(clusters.ClusterId(cluster_id))

    async def pools(self, cluster_id: str) -> Sequence[nodepools.NodePool]:
        async with self.records.read() as work:
            return await work.nodepools.of_cluster(clusters.ClusterId(cluster_id))

    async def nodes(self, cluster_id: str) -> Sequence[nodes.Node]:
        async with self.records.read() as work:
            return await work.nodes.of_cluster(clusters.ClusterId(cluster_id))

    async def events(self, cluster_id: str) -> list[str]:
        async with self.records.read() as work:
            return [each.type for each in await work.events.of_cluster(clusters.ClusterId(cluster_id), limit=10_000)]

    async def settled(self, *, within: float = LONG_ENOUGH) -> None:
        """Until everything is one; AssertionError with the differences that stay."""
        found: list[str] = []

        async def same() -> bool:
            found[:] = await self.differences()
            return not found

        try:
            await self.clock.until(same, within=within, every=0.5)
        except AssertionError:
            raise AssertionError(f"after {within:g} s there are still differences:\n" + "\n".join(found)) from None

    async def until_deleted(self, cluster_id: str) -> None:
        async def gone() -> bool:
            return await self.cluster(cluster_id) is None

        await self.clock.until(gone, within=LONG_ENOUGH, what=f"the end of cluster {cluster_id}")

    async def differences(self) -> list[str]:
        stored = await self.stored()
        found = list(_reported(stored))
        for cluster in stored.clusters:
            found += _of_cluster(cluster, [each for each in stored.nodes if each.cluster_id == cluster.id], self)
        known = {each.id for each in stored.clusters}
        found += [f"orphan in the world: cluster {each}" for each in self.world.places if each not in known]
        return [*found, *self._leaks(stored)]

    def _leaks(self, stored: Stored) -> Iterable[str]:
        """Rows that belong to nothing that is there."""
        owners = {*(each.id for each in stored.clusters), *(each.id for each in stored.nodes)}
        subjects = {f"cluster:{each.id}" for each in stored.clusters}
        subjects |= {f"nodepool:{each.id}" for each in stored.pools} | {f"node:{each.id}" for each in stored.nodes}
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as rows:
            taken = {(pool, owner) for pool, owner in rows.execute("SELECT pool, owner FROM allotments")}
            sealed = {owner for (owner,) in rows.execute("SELECT owner FROM secrets")}
            watched = {subject for (subject,) in rows.execute("SELECT subject FROM progress")}
            leased = {subject for (subject,) in rows.execute("SELECT subject FROM leases")}
        due = {(clusters_.SLOTS, str(each.id)) for each in stored.clusters}
        due |= {(f"node:{each.cluster_id}", str(each.id)) for each in stored.nodes}
        due |= {(PLACES.format(each.subnet_id), str(each.id)) for each in stored.nodes if each.subnet_id}
        taken = {each for each in taken if each[0] not in (SEGMENTS, GATEWAYS)}
        yield from (f"leaked allotment {each}" for each in sorted(taken - due))
        yield from (f"missing allotment {each}" for each in sorted(due - taken))
        yield from (
            f"leaked secrets of {each}"
            for each in sorted(sealed - owners)
            if not each.startswith(("ledger-key:", "log-stream:"))
        )
        yield from (f"leaked progress of {each}" for each in sorted(watched - subjects))
        yield from (
            f"leaked lease of {each}"
            for each in sorted(leased - subjects)
            if not each.startswith(("job:", "private-network:"))
        )


def _reported(stored: Stored) -> Iterable[str]:
    """What customers are told: everything is READY, nothing is on its way."""
    for cluster in stored.clusters:
        if clusters.status(cluster) is not clusters.Status.READY:
            yield f"cluster {cluster.id} is {clusters.status(cluster).value}: {cluster.conditions}"
    for pool in stored.pools:
        if nodepools.status(pool) is not nodepools.Status.READY:
            yield f"pool {pool.id} is {nodepools.status(pool).value}: {pool.conditions}"
        has = sum(1 for each in stored.nodes if each.nodepool_id == pool.id)
        if has != pool.desired:
            yield f"pool {pool.id} has {has} nodes, not {pool.desired}"
    for node in stored.nodes:
        if nodes.status(node) is not nodes.Status.READY:
            yield f"node {node.id} is {nodes.status(node).value}: {node.conditions}"


def _of_cluster(cluster: clusters.Cluster, members: Sequence[nodes.Node], site: Site) -> Iterable[str]:
    place = site.world.look(cluster.id)
    if place is None:
        yield f"cluster {cluster.id} is not in the world"
        return
    if place.slot != cluster.slot:
        yield f"cluster {cluster.id} stands in slot {place.slot}, not {cluster.slot}"
    for part in Part:
        if part not in place.parts or not place.parts[part].running:
            yield f"{part} of cluster {cluster.id} does not run"
    server = place.parts.get(Part.API_SERVER)
    if server is not None and not server.mark.startswith(f"{cluster.version}/{cluster.generation}/"):
        yield f"the API server of cluster {cluster.id} is {server.mark}, not {cluster.generation}"
    if place.successor is not None:
        yield f"a successor stands beside the API server of cluster {cluster.id}"
    if not site.faults.serves(cluster.id):
        yield f"the API of cluster {cluster.id} does not serve"
    if place.sources != (sorted(map(str, restrictions.admitted(cluster.restrictions))) or None):
        yield f"the API of cluster {cluster.id} lets in {place.sources}, not {cluster.restrictions}"
    yield from _versions_of(cluster, place)
    if not place.served:
        yield f"etcd of cluster {cluster.id} served and is not marked"
    yield from _nodes_of(place, cluster, members)


def _versions_of(cluster: clusters.Cluster, place: state_.Place) -> Iterable[str]:
    for part in (each for each in Part if each not in (Part.NETWORK, Part.ETCD) and each in place.parts):
        if place.parts[part].version != str(cluster.version):
            yield f"{part} of cluster {cluster.id} is of {place.parts[part].version}, not {cluster.version}"
    if cluster.installed_version != cluster.version:
        yield f"cluster {cluster.id} was seen with {cluster.installed_version}, not {cluster.version}"


def _nodes_of(place: state_.Place, cluster: clusters.Cluster, members: Sequence[nodes.Node]) -> Iterable[str]:
    wanted = {str(each.id): each for each in members}
    objects = place.data.nodes if place.data is not None else {}
    yield from (f"orphan machine {each}" for each in place.boxes if each not in wanted)
    yield from (f"orphan node {each}" for each in objects if each not in {node.name for node in members})
    for node in members:
        box, seen = place.boxes.get(node.id), objects.get(node.name)
        if box is None or not box.running:
            yield f"machine {node.id} does not run"
        elif (box.number, box.instance_id) != (node.number, node.instance_id):
            yield f"machine {node.id} is number {box.number} and {box.instance_id}, not {node}"
        elif box.authority != place.parts[Part.API_SERVER].authority:
            yield f"machine {node.id} has certificates of another authority than its cluster"
        elif (box.version, box.generation) != (str(cluster.version), cluster.node_generation):
            yield f"machine {node.id} is of {box.version}/{box.generation}, not as cluster {cluster} wants it"
        if seen is None or not seen.ready:
            yield f"node {node.name} is not ready in its cluster"
        elif seen.version != str(node.version):
            yield f"node {node.name} runs {seen.version}, not {node.version}"
        elif seen.unschedulable:
            yield f"node {node.name} takes no pods"
        yield from _node_of(node, cluster, box)


def _node_of(node: nodes.Node, cluster: clusters.Cluster, box: state_.Box | None) -> Iterable[str]:
    wanted = machines.parameters(cluster.proxy_mode, cluster.customization.kube_proxy)
    if box is not None and box.parameters != wanted:
        yield f"kube-proxy of node {node.id} runs with {box.parameters}, not {wanted}"
    if (node.version, node.generation) != (cluster.version, cluster.node_generation):
        yield f"node {node.id} is wanted with {node.version}/{node.generation}, unlike its cluster"
    if node.installed_version != node.version:
        yield f"node {node.id} was seen with {node.installed_version}, not {node.version}"


class Ground:
    """Where sites are built: an empty database that is migrated once and copied for each."""

    def __init__(self) -> None:
        self._empty = b""
        self._number = 0

    async def site(self, clock: virtual.VirtualClock, *, folder: Path) -> Site:
        self._number += 1
        seal = sealing.FileKeySealing(folder / "seal.key")
        database = folder / f"{self._number}.db"
        if self._empty:
            database.touch(mode=0o600)
            database.write_bytes(self._empty)
        kept = await records_.open(f"sqlite:///{database}", seal)
        if not self._empty:
            await kept.close()
            self._empty = database.read_bytes()
            kept = await records_.open(f"sqlite:///{database}", seal)
        return Site(clock, kept, database)
