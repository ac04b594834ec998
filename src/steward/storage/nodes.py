"""Nodes in the database, those that are and those that were."""

from collections.abc import Sequence
from ipaddress import IPv4Address

import sqlalchemy as sa

from steward.domain import clusters, nodepools, nodes, projects
from steward.storage import sessions, tables, values

_table = tables.nodes
_GET = sa.select(_table).where(_table.c.id == sa.bindparam("id"))
_ALL = sa.select(_table).where(_table.c.deleted_at.is_(None)).order_by(_table.c.created_at, _table.c.number)
_OF_CLUSTER = _ALL.where(_table.c.cluster_id == sa.bindparam("cluster_id"))
_OF_PROJECT = _ALL.where(
    _table.c.cluster_id.in_(
        sa.select(tables.clusters.c.id).where(tables.clusters.c.project_id == sa.bindparam("project_id"))
    )
)
_OF_POOL = _ALL.where(_table.c.nodepool_id == sa.bindparam("nodepool_id"))
_HISTORY = (
    sa.select(_table)
    .where(_table.c.cluster_id == sa.bindparam("cluster_id"))
    .where(_table.c.deleted_at.is_not(None))
    .order_by(_table.c.deleted_at.desc(), _table.c.id)
)


class Nodes:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def get(self, node_id: nodes.NodeId) -> nodes.Node | None:
        row = await self._session.first(_GET, id=node_id)
        return None if row is None else _node(row)

    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[nodes.Node]:
        return [_node(row) for row in await self._session.all(_OF_CLUSTER, cluster_id=cluster_id)]

    async def of_project(self, project_id: projects.ProjectId) -> Sequence[nodes.Node]:
        return [_node(row) for row in await self._session.all(_OF_PROJECT, project_id=project_id)]

    async def of_pool(self, pool_id: nodepools.NodePoolId) -> Sequence[nodes.Node]:
        return [_node(row) for row in await self._session.all(_OF_POOL, nodepool_id=pool_id)]

    async def history(self, cluster_id: clusters.ClusterId) -> Sequence[nodes.Node]:
        return [_node(row) for row in await self._session.all(_HISTORY, cluster_id=cluster_id)]

    async def all(self) -> Sequence[nodes.Node]:
        return [_node(row) for row in await self._session.all(_ALL)]

    async def save(self, node: nodes.Node) -> None:
        await self._session.put(
            _table,
            {
                "id": node.id,
                "cluster_id": node.cluster_id,
                "nodepool_id": node.nodepool_id,
                "name": node.name,
                "flavor": node.flavor,
                "version": str(node.version),
                "generation": node.generation,
                "installed_version": None if node.installed_version is None else str(node.installed_version),
                "number": node.number,
                "instance_id": node.instance_id,
                "delete_asked_at": node.delete_asked_at,
                "drain_began_at": node.drain_began_at,
                "conditions": values.json_of_conditions(node.conditions),
                "created_at": node.created_at,
                "updated_at": node.updated_at,
                "deployed_at": node.deployed_at,
                "deleted_at": node.deleted_at,
                "subnet_id": node.subnet_id,
                "private_address": None if node.private_address is None else str(node.private_address),
            },
        )


def _node(row: sessions.Row) -> nodes.Node:
    return nodes.Node(
        id=row.id,
        cluster_id=row.cluster_id,
        nodepool_id=row.nodepool_id,
        name=row.name,
        flavor=row.flavor,
        version=values.version(row.version),
        generation=row.generation,
        installed_version=None if row.installed_version is None else values.version(row.installed_version),
        number=row.number,
        instance_id=row.instance_id,
        delete_asked_at=row.delete_asked_at,
        drain_began_at=row.drain_began_at,
        conditions=values.conditions_of(row.conditions),
        created_at=row.created_at,
        updated_at=row.updated_at,
        deployed_at=row.deployed_at,
        deleted_at=row.deleted_at,
        subnet_id=row.subnet_id,
        private_address=None if row.private_address is None else IPv4Address(row.private_address),
    )
