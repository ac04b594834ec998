"""`/cloud/project/{id}/kube/{id}/customization`: what a customer adapts of a cluster."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests
from steward.api.ovh.models import clusters
from steward.api.ovh.models import customizations as models
from steward.domain import customizations as customizations_
from steward.operations import customizations

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}/customization",
    tags=["kube"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)


@router.get("", response_model=models.Customization)
async def one(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await customizations.get(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok(customizations_.tree(found))


@router.put("", response_model=clusters.ResponseMessage, openapi_extra=calls.changes("cluster.customize"))
async def edit(call: calls.Caller, project_id: str, cluster_id: str, body: requests.Customization) -> Response:
    """`cloud.kube.ResponseMessage`."""
    told = await customizations.edit(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, asked=body.value()
    )
    return answers.ok({"message": told}, calls.ignored(body))
