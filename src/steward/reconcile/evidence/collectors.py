"""All collectors of evidence that are jobs of their own; the audit logs' and the probes' readers bring theirs."""

from steward.reconcile import jobs as jobs_
from steward.reconcile.evidence import (
    connections,
    interventions,
    logs,
    members,
    orders,
    quotas,
    restrictions,
    risks,
    routing,
    sizes,
    surveys,
)
from steward.reconcile.services import Services


def jobs(services: Services) -> list[jobs_.Job]:
    modules = (orders, routing, sizes, quotas, members, surveys, connections, restrictions, interventions, risks, logs)
    return [job for each in modules for job in each.jobs(services)]
