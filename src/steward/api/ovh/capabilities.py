"""`/cloud/project/{id}/capabilities/kube`: what can be ordered."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import shapes
from steward.api.ovh.models import capabilities as models
from steward.api.ovh.models import words
from steward.domain import customizations
from steward.operations import capabilities, projects

router = APIRouter(
    prefix="/cloud/project/{project_id}/capabilities/kube", tags=["capabilities"], route_class=calls.SignedRoute
)


@router.get("/regions", response_model=list[str])
async def regions(call: calls.Caller, project_id: str) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    return answers.ok([each.name for each in capabilities.regions()])


@router.get("/admissionplugins", response_model=list[words.AdmissionPlugin])
async def admission_plugins(call: calls.Caller, project_id: str) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    return answers.ok(list(customizations.PLUGINS))


@router.get("/flavors", response_model=list[models.Flavor])
async def flavors(call: calls.Caller, project_id: str, region: str | None = None) -> Response:
    await projects.get(call.context, call.actor, project_id=project_id)
    if region not in (None, "", "null"):
        capabilities.region(str(region))
    return answers.ok([shapes.flavor(each) for each in capabilities.flavors_offered(call.context)])
