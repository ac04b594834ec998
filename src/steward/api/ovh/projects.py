"""`/cloud/project`: the customer's projects and their regions."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests, shapes, tags
from steward.api.ovh.models import base
from steward.api.ovh.models import projects as models
from steward.domain import errors
from steward.operations import capabilities, projects

router = APIRouter(prefix="/cloud/project", tags=["project"], route_class=calls.SignedRoute, strict_content_type=False)


@router.get("", response_model=list[str], openapi_extra=calls.KEEPS)
async def every(call: calls.Caller, iamTags: str | None = None) -> Response:
    wanted = tags.parsed(iamTags)
    found = await projects.all_of(call.context, call.actor)
    return answers.ok([each.id for each in found if tags.fit(wanted, shapes.tags(each))])


@router.get("/{project_id}", response_model=models.Project, openapi_extra=calls.KEEPS)
async def one(call: calls.Caller, project_id: str) -> Response:
    return answers.ok(shapes.project(await projects.get(call.context, call.actor, project_id=project_id)))


@router.put("/{project_id}", response_model=base.Void, openapi_extra=calls.changes("project.edit"))
async def edit(call: calls.Caller, project_id: str, body: requests.ProjectEdit) -> Response:
    if body.manualQuota is False:
        raise errors.BadInput("[manualQuota] Quotas rise on request only, never by themselves: false is not offered")
    await projects.edit(call.context, call.actor, project_id=project_id, description=body.description)
    return answers.void(calls.ignored(body))


@router.get("/{project_id}/region", response_model=list[str])
async def regions(call: calls.Caller, project_id: str) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    return answers.ok([each.name for each in capabilities.regions()])


@router.get("/{project_id}/region/{name}", response_model=models.Region)
async def region(call: calls.Caller, project_id: str, name: str) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    for each in capabilities.regions():
        if each.name == name:
            return answers.ok(shapes.region(each, call.config.base_url))
    raise errors.NotFound(f"Region {name[:64]!r} does not exist")
