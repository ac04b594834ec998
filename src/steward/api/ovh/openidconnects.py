"""`/cloud/project/{id}/kube/{id}/openIdConnect`: the identity provider that people log in to a cluster with."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests, shapes
from steward.api.ovh.models import base
from steward.api.ovh.models import clusters as models
from steward.operations import openidconnects

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}/openIdConnect",
    tags=["kube"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)


@router.get("", response_model=models.OpenIdConnect)
async def one(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await openidconnects.get(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok(shapes.openidconnect(found))


@router.post("", response_model=models.OpenIdConnect, openapi_extra=calls.changes("cluster.set_openid"))
async def create(
    call: calls.Caller, project_id: str, cluster_id: str, body: requests.OpenIdConnectCreation
) -> Response:
    made = await openidconnects.create(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, asked=body.value()
    )
    return answers.ok(shapes.openidconnect(made), calls.ignored(body))


@router.put("", response_model=base.Void, openapi_extra=calls.changes("cluster.change_openid"))
async def edit(call: calls.Caller, project_id: str, cluster_id: str, body: requests.OpenIdConnect) -> Response:
    await openidconnects.edit(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, asked=body.value()
    )
    return answers.void(calls.ignored(body))


@router.delete("", response_model=base.Void, openapi_extra=calls.changes("cluster.remove_openid"))
async def remove(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    await openidconnects.remove(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.void()
