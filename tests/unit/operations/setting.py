"""A service in memory with one project and, where wanted, a cluster that is READY."""

import asyncio
import dataclasses
import uuid
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from steward.domain import actors, clusters, conditions, nodepools, nodes, projects
from steward.operations import clusters as clusters_
from steward.operations import context, orders
from steward.operations import projects as projects_
from tests import fakes

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)

T = TypeVar("T")


def run(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


class Setting:
    def __init__(self) -> None:
        self.records = fakes.Records()
        self.clock = fakes.Clock(NOW)
        self.host = fakes.Host()
        self.woken: list[str] = []
        self.context = context.Context(
            records=self.records,
            clock=self.clock,
            host=self.host,
            passwords=fakes.Passwords(),
            wake=self.woken.append,
        )
        self.customer = actors.customer(projects.AccountId("ab1-local"))
        self.stranger = actors.customer(projects.AccountId("zz9-local"))
        self.project_id = ""
        self.cluster_id = ""

    async def with_project(self) -> "Setting":
        made = await projects_.create(self.context, actors.OPERATOR, account=self.customer.name)
        self.project_id = made.id
        return self

    async def order(self, *pools: orders.PoolOrder, **fields: Any) -> clusters.Cluster:
        order = orders.ClusterOrder(**{"region": "LOCAL1", "pools": pools, **fields})
        view = await clusters_.create(self.context, self.customer, project_id=self.project_id, order=order)
        self.cluster_id = view.cluster.id
        return view.cluster

    async def ready(self, *pools: orders.PoolOrder, **fields: Any) -> clusters.Cluster:
        """A cluster as its reconcilers would leave it, with its pools' nodes."""
        cluster = await self.order(*pools, **fields)
        async with self.records.begin() as work:
            cluster = dataclasses.replace(
                cluster, conditions=good(), installed_at=NOW, installed_version=cluster.version
            )
            await work.clusters.save(cluster)
            for pool in await work.nodepools.of_cluster(cluster.id):
                await work.nodepools.save(dataclasses.replace(pool, conditions=good()))
                for number in range(pool.desired):
                    await work.nodes.save(node(cluster, pool, number))
        return cluster

    async def pools(self) -> Sequence[nodepools.NodePool]:
        async with self.records.read() as work:
            return await work.nodepools.of_cluster(clusters.ClusterId(self.cluster_id))

    async def nodes(self) -> Sequence[nodes.Node]:
        async with self.records.read() as work:
            return await work.nodes.of_cluster(clusters.ClusterId(self.cluster_id))

    def named(self) -> dict[str, Any]:
        return {"project_id": self.project_id, "cluster_id": self.cluster_id}


def good() -> conditions.Conditions:
    return tuple(
        conditions.Condition(kind=kind, holds=holds, reason=conditions.Reason.AS_WANTED, since=NOW)
        for kind, holds in ((conditions.Kind.READY, True), (conditions.Kind.PROGRESSING, False))
    )


def node(cluster: clusters.Cluster, pool: nodepools.NodePool, number: int) -> nodes.Node:
    node_id = nodes.NodeId(str(uuid.uuid4()))
    return nodes.Node(
        id=node_id,
        cluster_id=cluster.id,
        nodepool_id=pool.id,
        name=nodes.name_of(pool.name, node_id),
        flavor=pool.flavor,
        version=cluster.version,
        number=number,
        instance_id=str(uuid.uuid4()),
        conditions=good(),
        created_at=NOW,
        updated_at=NOW,
        deployed_at=NOW,
    )
