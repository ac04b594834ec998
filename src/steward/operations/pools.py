"""From a pool as ordered to a pool as kept: defaults, bounds, conditions; shared by `clusters` and `nodepools`."""

import dataclasses
import math
import uuid
from collections.abc import Iterable
from datetime import datetime

from steward.catalogue import loading
from steward.domain import clusters, conditions, errors, nodepools
from steward.operations import capabilities, capacity, orders, templates, wishes
from steward.operations import context as context_

LONGEST_SECONDS = 86400 * 30


def ordered(
    context: context_.Context, cluster: clusters.Cluster, order: orders.PoolOrder, *, now: datetime
) -> nodepools.NodePool:
    """The pool, everything about it checked but what depends on other pools."""
    wishes.check_pool(order)
    flavor = capabilities.flavor(context, order.flavor, cluster.region)
    pool_id = nodepools.NodePoolId(str(uuid.uuid4()))
    anti_affinity = bool(order.anti_affinity)
    ceiling = nodepools.MOST_ANTI_AFFINITY_NODES if anti_affinity else nodepools.MOST_NODES
    minimum = order.minimum if order.minimum is not None else 0
    maximum = order.maximum if order.maximum is not None else ceiling
    zones = _zones(order, capabilities.region(cluster.region))
    busy = progressing(conditions.Reason.INSTALLING, "The nodes are being installed", now)
    pool = nodepools.NodePool(
        id=pool_id,
        cluster_id=cluster.id,
        name=nodepools.checked_name(order.name) if order.name else f"nodepool-{pool_id}",
        flavor=flavor.name,
        desired=order.desired if order.desired is not None else max(minimum, min(1, maximum)),
        minimum=minimum,
        maximum=maximum,
        autoscale=bool(order.autoscale),
        autoscaling=autoscaling(nodepools.Autoscaling(), order.autoscaling),
        anti_affinity=anti_affinity,
        availability_zones=zones,
        template=templates.checked(order.template or nodepools.Template()),
        conditions=(busy, virtual_domains(now)) if zones or anti_affinity else (busy,),
        created_at=now,
        updated_at=now,
    )
    nodepools.check_bounds(pool, capacity.MOST_NODES_OF_PLAN[cluster.plan])
    return pool


def progressing(reason: conditions.Reason, message: str, now: datetime) -> conditions.Condition:
    """What the provider owes after a customer's request: 3.2.2-4."""
    return conditions.Condition(
        kind=conditions.Kind.PROGRESSING,
        holds=True,
        reason=reason,
        message=message,
        whose_turn=errors.PROVIDER,
        activity="3.2.2-4",
        since=now,
    )


def virtual_domains(now: datetime) -> conditions.Condition:
    """Of a pool that asked to be apart from something: what it gets are labels, not another machine."""
    return conditions.Condition(
        kind=conditions.Kind.VIRTUAL_DOMAINS,
        holds=True,
        reason=conditions.Reason.ONE_HOST,
        message="Zones and anti-affinity are virtual here: all nodes run on one host, and fail with it",
        whose_turn=errors.PROVIDER,
        activity="3.1.1-1",
        since=now,
    )


def autoscaling(now: nodepools.Autoscaling, change: orders.AutoscalingOrder | None) -> nodepools.Autoscaling:
    if change is None:
        return now
    for field, seconds in (
        ("scaleDownUnneededTimeSeconds", change.scale_down_unneeded_seconds),
        ("scaleDownUnreadyTimeSeconds", change.scale_down_unready_seconds),
    ):
        if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
            raise errors.BadInput(f"[autoscaling.{field}] must be between 0 and {LONGEST_SECONDS} seconds")
    threshold = change.scale_down_utilization
    if threshold is not None and not (math.isfinite(threshold) and 0 <= threshold <= 1):
        raise errors.BadInput("[autoscaling.scaleDownUtilizationThreshold] must be between 0 and 1")
    given = {
        field.name: getattr(change, field.name)
        for field in dataclasses.fields(change)
        if getattr(change, field.name) is not None
    }
    return dataclasses.replace(now, **given)


def _zones(order: orders.PoolOrder, region: loading.RegionFact) -> tuple[str, ...]:
    given = tuple(order.availability_zones or ())
    if not region.zones:
        if given:
            raise errors.BadInput(
                f"[availabilityZones] region {region.name} has no availability zones", name="InvalidDataError"
            )
        return ()
    if not given:
        raise errors.BadInput("availabilityZones is mandatory")
    if len(given) > 1 or given[0] not in region.zones:
        raise errors.BadInput(
            f"[availabilityZones] exactly one of {', '.join(region.zones)} can be given", name="InvalidDataError"
        )
    return given


def check_names(pools: Iterable[nodepools.NodePool]) -> None:
    """No two pools of a cluster have one name."""
    seen: set[str] = set()
    for pool in pools:
        if pool.name in seen:
            raise errors.Conflict(f"A node pool named {pool.name} exists already in this cluster", name="ConflictError")
        seen.add(pool.name)
