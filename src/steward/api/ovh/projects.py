"""`/cloud/project`: the customer's projects and their regions."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import lists, requests, shapes, tags
from steward.api.ovh.models import base
from steward.api.ovh.models import projects as models
from steward.domain import errors
from steward.operations import capabilities, projects

router = APIRouter(prefix="/cloud/project", tags=["project"], route_class=calls.SignedRoute, strict_content_type=False)


@router.get("", response_model=list[str], openapi_extra=calls.KEEPS)
async def every(call: calls.Caller, request: Request, iamTags: str | None = None) -> Response:
    wanted = tags.parsed(iamTags)
    found = [each for each in await projects.all_of(call.context, call.actor) if tags.fit(wanted, shapes.tags(each))]
    return answers.ok([shapes.project(each) if lists.expanded(request.headers) else each.id for each in found])


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


@router.post("/{project_id}/region", response_model=models.Region, openapi_extra=calls.changes("project.open_region"))
async def open_region(call: calls.Caller, project_id: str, body: requests.RegionCreation) -> Response:
    opened = await projects.open_region(call.context, call.actor, project_id=project_id, region=body.region)
    return answers.ok(shapes.region(opened, call.config.base_url), calls.ignored(body))


@router.get("/{project_id}/regionAvailable", response_model=list[models.AvailableRegion])
async def available_regions(call: calls.Caller, project_id: str) -> Response:
    """None is left to be asked for: every region is open to every project."""
    await projects.get(call.context, call.actor, project_id=project_id)
    return answers.ok([])


@router.get("/{project_id}/region/{name}", response_model=models.Region)
async def region(call: calls.Caller, project_id: str, name: str) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    for each in capabilities.regions():
        if each.name == name:
            return answers.ok(shapes.region(each, call.config.base_url))
    raise errors.NotFound(f"Region {name[:64]!r} does not exist")
