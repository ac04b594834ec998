"""`/cloud/project/{id}/kube/{id}/node`: nodes."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests, shapes
from steward.api.ovh.models import base
from steward.api.ovh.models import nodes as models
from steward.operations import nodes

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}/node", tags=["node"], route_class=calls.SignedRoute
)


@router.get("", response_model=list[models.Node], openapi_extra=calls.KEEPS)
async def every(call: calls.Caller, project_id: str, cluster_id: str, history: str | None = None) -> Response:
    view = await nodes.all_of_cluster(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, history=requests.flag(history)
    )
    return answers.ok([shapes.node(each, view.cluster) for each in view.members])


@router.get("/{node_id}", response_model=models.Node, openapi_extra=calls.KEEPS)
async def one(call: calls.Caller, project_id: str, cluster_id: str, node_id: str) -> Response:
    view = await nodes.get(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, node_id=node_id)
    return answers.ok(shapes.node(view.members[0], view.cluster))


@router.delete("/{node_id}", response_model=base.Void, openapi_extra=calls.changes("node.delete"))
async def delete(call: calls.Caller, project_id: str, cluster_id: str, node_id: str) -> Response:
    await nodes.delete(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, node_id=node_id)
    return answers.void()
