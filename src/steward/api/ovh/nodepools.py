"""`/cloud/project/{id}/kube/{id}/nodepool`: node pools."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests, shapes
from steward.api.ovh.models import base
from steward.api.ovh.models import nodepools as models
from steward.api.ovh.models import nodes as node_models
from steward.operations import nodepools, nodes

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}/nodepool",
    tags=["nodepool"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)


@router.get("", response_model=list[models.NodePool], openapi_extra=calls.KEEPS)
async def every(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    views = await nodepools.all_of_cluster(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok([shapes.nodepool(each) for each in views])


@router.post("", response_model=models.NodePool, openapi_extra=calls.changes("nodepool.create"))
async def create(call: calls.Caller, project_id: str, cluster_id: str, body: requests.PoolCreation) -> Response:
    view = await nodepools.create(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, order=body.value()
    )
    return answers.ok(shapes.nodepool(view), calls.ignored(body))


@router.get("/{pool_id}", response_model=models.NodePool, openapi_extra=calls.KEEPS)
async def one(call: calls.Caller, project_id: str, cluster_id: str, pool_id: str) -> Response:
    view = await nodepools.get(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, pool_id=pool_id)
    return answers.ok(shapes.nodepool(view))


@router.put("/{pool_id}", response_model=models.NodePool, openapi_extra=calls.changes("nodepool.edit"))
async def edit(
    call: calls.Caller, project_id: str, cluster_id: str, pool_id: str, body: requests.PoolUpdate
) -> Response:
    """Answers with the pool: the cluster autoscaler reads its status there, and `null` would crash it."""
    view = await nodepools.edit(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, pool_id=pool_id, change=body.value()
    )
    return answers.ok(shapes.nodepool(view), calls.ignored(body))


@router.delete("/{pool_id}", response_model=base.Void, openapi_extra=calls.changes("nodepool.delete"))
async def delete(call: calls.Caller, project_id: str, cluster_id: str, pool_id: str) -> Response:
    await nodepools.delete(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, pool_id=pool_id)
    return answers.void()


@router.get("/{pool_id}/nodes", response_model=list[node_models.Node], openapi_extra=calls.KEEPS)
async def members(
    call: calls.Caller, project_id: str, cluster_id: str, pool_id: str, history: str | None = None
) -> Response:
    view = await nodes.all_of_pool(
        call.context,
        call.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        pool_id=pool_id,
        history=requests.flag(history),
    )
    return answers.ok([shapes.node(each, view.cluster) for each in view.members])
