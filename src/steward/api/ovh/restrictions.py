"""`/cloud/project/{id}/kube/{id}/ipRestrictions`: who may reach the API server."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests
from steward.api.ovh.models import base
from steward.operations import restrictions

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}/ipRestrictions",
    tags=["ipRestrictions"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)
_CHANGES = calls.changes("cluster.restrict")


class Restrictions(requests.Body, title="cloud.ProjectKubeIpRestrictionUpsert"):
    """Go clients write an empty list as `null`; a list that was left out opens
    nothing, it is an error."""

    ips: list[base.IpBlock] | None


@router.get("", response_model=list[base.IpBlock])
async def every(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await restrictions.get(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok(list(found))


@router.post("", response_model=list[base.IpBlock], openapi_extra=_CHANGES)
async def append(call: calls.Caller, project_id: str, cluster_id: str, body: Restrictions) -> Response:
    found = await restrictions.append(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, blocks=body.ips or ()
    )
    return answers.ok(list(found), calls.ignored(body))


@router.put("", response_model=list[base.IpBlock], openapi_extra=_CHANGES)
async def replace(call: calls.Caller, project_id: str, cluster_id: str, body: Restrictions) -> Response:
    found = await restrictions.replace(
        call.context, call.actor, project_id=project_id, cluster_id=cluster_id, blocks=body.ips or ()
    )
    return answers.ok(list(found), calls.ignored(body))


@router.delete("/{ip:path}", response_model=base.Void, openapi_extra=_CHANGES)
async def remove(call: calls.Caller, project_id: str, cluster_id: str, ip: str) -> Response:
    """The `/` of a block comes as `%2F`."""
    await restrictions.remove(call.context, call.actor, project_id=project_id, cluster_id=cluster_id, block=ip)
    return answers.void()
