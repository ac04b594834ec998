"""Clusters in the database."""

import dataclasses
from collections.abc import Sequence

import sqlalchemy as sa

from steward.domain import clusters, customizations, projects
from steward.storage import sessions, tables, values

_table = tables.clusters
_ALL = sa.select(_table).order_by(_table.c.created_at, _table.c.id)
_GET = sa.select(_table).where(_table.c.id == sa.bindparam("id"))
_OF_PROJECT = _ALL.where(_table.c.project_id == sa.bindparam("project_id"))
_IDS_OF_PROJECT = (
    sa.select(_table.c.id)
    .where(_table.c.project_id == sa.bindparam("project_id"))
    .order_by(_table.c.created_at, _table.c.id)
)

_nodes_of_it = sa.select(tables.nodes.c.id).where(tables.nodes.c.cluster_id == sa.bindparam("id"))
_FORGET_SECRETS = sa.delete(tables.secrets).where(
    sa.or_(tables.secrets.c.owner == sa.bindparam("id"), tables.secrets.c.owner.in_(_nodes_of_it))
)
_FORGET_NUMBERS = sa.delete(tables.allotments).where(tables.allotments.c.pool == sa.bindparam("pool"))
_FORGET = sa.delete(_table).where(_table.c.id == sa.bindparam("id"))


class Clusters:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def get(self, cluster_id: clusters.ClusterId) -> clusters.Cluster | None:
        row = await self._session.first(_GET, id=cluster_id)
        return None if row is None else _cluster(row)

    async def of_project(self, project_id: projects.ProjectId) -> Sequence[clusters.Cluster]:
        return [_cluster(row) for row in await self._session.all(_OF_PROJECT, project_id=project_id)]

    async def ids_of_project(self, project_id: projects.ProjectId) -> Sequence[clusters.ClusterId]:
        """In the same order."""
        return [row.id for row in await self._session.all(_IDS_OF_PROJECT, project_id=project_id)]

    async def all(self) -> Sequence[clusters.Cluster]:
        return [_cluster(row) for row in await self._session.all(_ALL)]

    async def save(self, cluster: clusters.Cluster) -> None:
        await self._session.put(
            _table,
            {
                "id": cluster.id,
                "project_id": cluster.project_id,
                "name": cluster.name,
                "region": cluster.region,
                "version": str(cluster.version),
                "plan": cluster.plan,
                "update_policy": cluster.update_policy,
                "proxy_mode": cluster.proxy_mode,
                "pods": str(cluster.pods),
                "services": str(cluster.services),
                "slot": cluster.slot,
                "node_generation": cluster.node_generation,
                "reset_asked_at": cluster.reset_asked_at,
                "kept": dict(cluster.kept),
                "restrictions": list(cluster.restrictions),
                "delete_asked_at": cluster.delete_asked_at,
                "conditions": values.json_of_conditions(cluster.conditions),
                "installed_version": None if cluster.installed_version is None else str(cluster.installed_version),
                "installed_at": cluster.installed_at,
                "contract": cluster.contract,
                "customization": customizations.tree(cluster.customization),
                "openid": None if cluster.openid is None else dataclasses.asdict(cluster.openid),
                "generation": cluster.generation,
                "at_once": cluster.at_once,
                "network": None if cluster.network is None else values.json_of_membership(cluster.network),
                "created_at": cluster.created_at,
                "updated_at": cluster.updated_at,
            },
        )

    async def remove(self, cluster_id: clusters.ClusterId) -> None:
        """Pools, nodes and progress go with it by their reference; its own slot is given back by its owner."""
        await self._session.change(_FORGET_SECRETS, id=cluster_id)
        await self._session.change(_FORGET_NUMBERS, pool=f"node:{cluster_id}")
        await self._session.change(_FORGET, id=cluster_id)


def _cluster(row: sessions.Row) -> clusters.Cluster:
    return clusters.Cluster(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        region=row.region,
        version=values.version(row.version),
        plan=clusters.Plan(row.plan),
        update_policy=clusters.UpdatePolicy(row.update_policy),
        proxy_mode=clusters.ProxyMode(row.proxy_mode),
        pods=values.network(row.pods),
        services=values.network(row.services),
        slot=row.slot,
        node_generation=row.node_generation,
        reset_asked_at=row.reset_asked_at,
        kept=row.kept,
        restrictions=tuple(row.restrictions),
        delete_asked_at=row.delete_asked_at,
        conditions=values.conditions_of(row.conditions),
        installed_version=None if row.installed_version is None else values.version(row.installed_version),
        installed_at=row.installed_at,
        contract=row.contract,
        customization=values.customization(row.customization),
        openid=values.openid(row.openid),
        generation=row.generation,
        at_once=row.at_once,
        network=None if row.network is None else values.membership_of(row.network),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
