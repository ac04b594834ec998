"""`/cloud/project/{id}/kube/{id}/update`, `…/kubeconfig/reset`, `…/reset`: what renews a whole cluster."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests
from steward.api.ovh.models import base
from steward.operations import kubeconfigs, resets, updates

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}",
    tags=["kube"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)


@router.post("/update", response_model=base.Void, openapi_extra=calls.changes("cluster.update"))
async def update(
    call: calls.Caller, project_id: str, cluster_id: str, body: requests.ClusterUpdateCreation | None = None
) -> Response:
    strategy = body.strategy if body else None
    await updates.update(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, strategy=strategy)
    return answers.void(calls.ignored(body) if body else None)


@router.post("/kubeconfig/reset", response_model=base.Void, openapi_extra=calls.changes("cluster.reset_kubeconfig"))
async def reset_kubeconfig(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    """Clients send no body, or `{}`."""
    await kubeconfigs.reset(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.void()


@router.post("/reset", response_model=base.Void, openapi_extra=calls.changes("cluster.reset"))
async def reset(
    call: calls.Caller, project_id: str, cluster_id: str, body: requests.ClusterReset | None = None
) -> Response:
    order = (body or requests.ClusterReset()).value()
    await resets.reset(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, order=order)
    return answers.void(calls.ignored(body) if body else None)
