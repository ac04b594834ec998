"""Node pools in the database."""

from collections.abc import Sequence

import sqlalchemy as sa

from steward.domain import clusters, nodepools
from steward.storage import sessions, tables, values

_table = tables.nodepools
_ALL = sa.select(_table).order_by(_table.c.created_at, _table.c.id)
_GET = sa.select(_table).where(_table.c.id == sa.bindparam("id"))
_OF_CLUSTER = _ALL.where(_table.c.cluster_id == sa.bindparam("cluster_id"))
_REMOVE = sa.delete(_table).where(_table.c.id == sa.bindparam("id"))


class NodePools:
    def __init__(self, session: sessions.Session) -> None:
        self._session = session

    async def get(self, pool_id: nodepools.NodePoolId) -> nodepools.NodePool | None:
        row = await self._session.first(_GET, id=pool_id)
        return None if row is None else _pool(row)

    async def of_cluster(self, cluster_id: clusters.ClusterId) -> Sequence[nodepools.NodePool]:
        return [_pool(row) for row in await self._session.all(_OF_CLUSTER, cluster_id=cluster_id)]

    async def all(self) -> Sequence[nodepools.NodePool]:
        return [_pool(row) for row in await self._session.all(_ALL)]

    async def save(self, pool: nodepools.NodePool) -> None:
        await self._session.put(
            _table,
            {
                "id": pool.id,
                "cluster_id": pool.cluster_id,
                "name": pool.name,
                "flavor": pool.flavor,
                "desired": pool.desired,
                "minimum": pool.minimum,
                "maximum": pool.maximum,
                "autoscale": pool.autoscale,
                "autoscaling": _json_of_autoscaling(pool.autoscaling),
                "anti_affinity": pool.anti_affinity,
                "monthly_billed": pool.monthly_billed,
                "availability_zones": list(pool.availability_zones),
                "template": _json_of_template(pool.template),
                "remove_first": list(pool.remove_first),
                "kept": dict(pool.kept),
                "delete_asked_at": pool.delete_asked_at,
                "conditions": values.json_of_conditions(pool.conditions),
                "created_at": pool.created_at,
                "updated_at": pool.updated_at,
            },
        )

    async def remove(self, pool_id: nodepools.NodePoolId) -> None:
        await self._session.change(_REMOVE, id=pool_id)


def _pool(row: sessions.Row) -> nodepools.NodePool:
    return nodepools.NodePool(
        id=row.id,
        cluster_id=row.cluster_id,
        name=row.name,
        flavor=row.flavor,
        desired=row.desired,
        minimum=row.minimum,
        maximum=row.maximum,
        autoscale=row.autoscale,
        autoscaling=_autoscaling(row.autoscaling),
        anti_affinity=row.anti_affinity,
        monthly_billed=row.monthly_billed,
        availability_zones=tuple(row.availability_zones),
        template=_template(row.template),
        remove_first=tuple(row.remove_first),
        kept=row.kept,
        delete_asked_at=row.delete_asked_at,
        conditions=values.conditions_of(row.conditions),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _json_of_autoscaling(autoscaling: nodepools.Autoscaling) -> values.Json:
    return {
        "scale_down_unneeded_seconds": autoscaling.scale_down_unneeded_seconds,
        "scale_down_unready_seconds": autoscaling.scale_down_unready_seconds,
        "scale_down_utilization": autoscaling.scale_down_utilization,
    }


def _autoscaling(stored: values.Json) -> nodepools.Autoscaling:
    return nodepools.Autoscaling(
        scale_down_unneeded_seconds=stored["scale_down_unneeded_seconds"],
        scale_down_unready_seconds=stored["scale_down_unready_seconds"],
        scale_down_utilization=stored["scale_down_utilization"],
    )


def _json_of_template(template: nodepools.Template) -> values.Json:
    return {
        "labels": dict(template.labels),
        "annotations": dict(template.annotations),
        "finalizers": list(template.finalizers),
        "taints": [{"key": each.key, "value": each.value, "effect": each.effect} for each in template.taints],
        "unschedulable": template.unschedulable,
    }


def _template(stored: values.Json) -> nodepools.Template:
    return nodepools.Template(
        labels=stored["labels"],
        annotations=stored["annotations"],
        finalizers=tuple(stored["finalizers"]),
        taints=tuple(
            nodepools.Taint(key=each["key"], value=each["value"], effect=each["effect"]) for each in stored["taints"]
        ),
        unschedulable=stored["unschedulable"],
    )
