"""`/cloud/project/{id}/kube/{id}`: what is asked of a cluster's control plane as a whole."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests
from steward.api.ovh.models import base
from steward.api.ovh.models import clusters as models
from steward.operations import clusters, gauges, restarts

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}",
    tags=["kube"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)


@router.post("/restart", response_model=base.Void, openapi_extra=calls.changes("cluster.restart"))
async def restart(
    call: calls.Caller, project_id: str, cluster_id: str, body: requests.Restart | None = None
) -> Response:
    await restarts.restart(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, force=bool(body and body.force)
    )
    return answers.void(calls.ignored(body) if body else None)


@router.put("/updatePolicy", response_model=base.Void, openapi_extra=calls.changes("cluster.update_policy"))
async def update_policy(
    call: calls.Caller, project_id: str, cluster_id: str, body: requests.UpdatePolicyUpdate
) -> Response:
    await clusters.edit(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, update_policy=body.updatePolicy
    )
    return answers.void(calls.ignored(body))


@router.get("/metrics/etcdUsage", response_model=models.EtcdUsage)
async def etcd_usage(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    """`cloud.kube.EtcdUsage`."""
    found = await gauges.etcd(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok({"quota": found.quota, "usage": found.usage})
