"""`/cloud/project/{id}/flavor`: flavors of instances, which clients look up by id."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import shapes
from steward.api.ovh.models import projects as models
from steward.operations import flavors

router = APIRouter(prefix="/cloud/project/{project_id}/flavor", tags=["project"], route_class=calls.SignedRoute)

_TYPES = {"b": "general", "c": "compute", "d": "discovery", "r": "memory"}
_CAPABILITIES = ("failoverip", "resize", "snapshot", "volume")


@router.get("", response_model=list[models.Flavor])
async def every(call: calls.Caller, project_id: str, region: str | None = None) -> Response:
    wanted = "" if region in (None, "null") else str(region)
    found = await flavors.of_project(call.context, call.actor, project_id=project_id, region=wanted)
    return answers.ok([_flavor(each) for each in found])


@router.get("/{flavor_id}", response_model=models.Flavor)
async def one(call: calls.Caller, project_id: str, flavor_id: str) -> Response:
    found = await flavors.get(call.context, call.actor, project_id=project_id, flavor_id=flavor_id)
    return answers.ok(_flavor(found))


def _flavor(found: flavors.Offer) -> shapes.Shape:
    """`cloud.flavor.Flavor`; RAM in MB. Bandwidth is not limited, billing is by the hour, nodes have no extras."""
    return {
        "id": found.id,
        "name": found.flavor.name,
        "region": found.region,
        "type": _TYPES.get(found.flavor.category, "general"),
        "osType": "linux",
        "vcpus": found.flavor.vcpus,
        "ram": found.flavor.ram_mb,
        "disk": found.flavor.disk_gb,
        "inboundBandwidth": None,
        "outboundBandwidth": None,
        "available": found.available,
        "quota": found.left,
        "planCodes": {"hourly": f"{found.flavor.name}.consumption", "monthly": None, "license": None},
        "capabilities": [{"name": each, "enabled": False} for each in _CAPABILITIES],
    }
