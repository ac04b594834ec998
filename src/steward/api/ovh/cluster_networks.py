"""What of a cluster's private network changes without a reset: its routing, and the load balancers' subnet."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import network_shapes as shapes
from steward.api.ovh import private_network_requests as requests
from steward.api.ovh.models import base
from steward.api.ovh.models import clusters as models
from steward.api.ovh.requests import PrivateNetworkConfiguration
from steward.operations import cluster_networks

router = APIRouter(
    prefix="/cloud/project/{project_id}/kube/{cluster_id}",
    tags=["kube"],
    route_class=calls.SignedRoute,
    strict_content_type=False,
)
CONFIGURATION = "/privateNetworkConfiguration"


@router.get(CONFIGURATION, response_model=models.PrivateNetworkConfiguration)
async def configuration(call: calls.Caller, project_id: str, cluster_id: str) -> Response:
    found = await cluster_networks.configuration(call.context, call.actor, project_id=project_id, cluster_id=cluster_id)
    return answers.ok(shapes.configuration(found))


@router.put(
    CONFIGURATION,
    response_model=models.ResponseMessage,
    openapi_extra=calls.changes("cluster.private_network_configuration"),
)
async def configure(
    call: calls.Caller, project_id: str, cluster_id: str, body: PrivateNetworkConfiguration
) -> Response:
    """Answers with a `cloud.kube.ResponseMessage`."""
    said = await cluster_networks.configure(
        call.context,
        call.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        tree=body.model_dump(include=set(PrivateNetworkConfiguration.model_fields)),
    )
    return answers.ok({"message": said}, calls.ignored(body))


@router.put(
    "/updateLoadBalancersSubnetId",
    response_model=base.Void,
    openapi_extra=calls.changes("cluster.load_balancers_subnet"),
)
async def set_load_balancers_subnet(
    call: calls.Caller, project_id: str, cluster_id: str, body: requests.LoadBalancersSubnet
) -> Response:
    """`null` takes it away."""
    await cluster_networks.set_load_balancers_subnet(
        call.context,
        call.actor,
        project_id=project_id,
        cluster_id=cluster_id,
        subnet_id=body.loadBalancersSubnetId,
    )
    return answers.void(calls.ignored(body))
