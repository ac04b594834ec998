"""`/cloud/project/{id}/kube`: clusters and their kubeconfig."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import lists, requests, shapes
from steward.api.ovh.models import base
from steward.api.ovh.models import capabilities as offers
from steward.api.ovh.models import clusters as models
from steward.operations import capabilities, clusters, kubeconfigs, projects

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube", tags=["kube"], route_class=calls.SignedRoute, strict_content_type=False
)


@router.get("", response_model=list[str], openapi_extra=calls.KEEPS)
async def every(call: calls.Caller, request: Request, project_id: str) -> Response:
    if lists.expanded(request.headers):
        views = await clusters.all_of_project(call.context, call.actor, project_id=project_id)
        return answers.ok([shapes.cluster(each, call.config.network) for each in views])
    return answers.ok(await clusters.ids(call.context, call.actor, project_id=project_id))


@router.post("", response_model=models.Cluster, openapi_extra=calls.changes("cluster.create"))
async def create(call: calls.Caller, project_id: str, body: requests.ClusterCreation) -> Response:
    view = await clusters.create(call.context, call.actor, project_id=project_id, order=body.value())
    return answers.ok(shapes.cluster(view, call.config.network), calls.ignored(body))


@router.get("/regions", response_model=list[str])
async def regions(call: calls.Caller, project_id: str) -> Response:
    """Only in OVHcloud's US specification."""
    await projects.get(call.context, call.actor, project_id=project_id)
    return answers.ok([each.name for each in capabilities.regions()])


@router.get("/{cluster_id}", response_model=models.Cluster, openapi_extra=calls.KEEPS)
async def one(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    view = await clusters.get(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok(shapes.cluster(view, call.config.network))


@router.put(
    "/{cluster_id}", response_model=base.Void, openapi_extra=calls.changes("cluster.rename", "cluster.update_policy")
)
async def edit(call: calls.Caller, project_id: str, cluster_id: str, body: requests.ClusterUpdate) -> Response:
    await clusters.edit(
        call.context,
        call.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        name=body.name,
        update_policy=body.updatePolicy,
    )
    return answers.void(calls.ignored(body))


@router.delete("/{cluster_id}", response_model=base.Void, openapi_extra=calls.changes("cluster.delete"))
async def delete(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    await clusters.delete(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.void()


@router.get("/{cluster_id}/flavors", response_model=list[offers.Flavor])
async def flavors(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    await clusters.get(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok([shapes.flavor(each) for each in capabilities.flavors_offered(call.context)])


@router.post(
    "/{cluster_id}/kubeconfig", response_model=models.Kubeconfig, openapi_extra=calls.changes("cluster.kubeconfig")
)
async def kubeconfig(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    """`cloud.kube.Kubeconfig`; clients send no body, or `{}`."""
    content = await kubeconfigs.admin(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok({"content": content})
