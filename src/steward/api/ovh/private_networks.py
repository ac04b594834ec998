"""`/network/private`, `/vrack`, `/operation`, and gateways below `/region`: a project's networks."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import network_shapes as shapes
from steward.api.ovh import private_network_requests as requests
from steward.api.ovh.models import base
from steward.api.ovh.models import networks as models
from steward.operations import cloud_operations, gateways, private_networks, subnets, vracks

router = APIRouter(
    prefix="/cloud/project/{project_id}", tags=["network"], route_class=calls.SignedRoute, strict_content_type=False
)
PRIVATE = "/network/private"
NETWORK = "/network/private/{network_id}"
IN_REGION = "/region/{region}/network/{openstack_id}"
GATEWAYS = "/region/{region}/gateway"


@router.get(PRIVATE, response_model=list[models.Network])
async def every(call: calls.Caller, project_id: str) -> Response:
    found = await private_networks.all_of_project(call.context, call.actor, project_id=project_id)
    return answers.ok([shapes.network(each) for each in found])


@router.post(PRIVATE, response_model=models.Network, openapi_extra=calls.changes("private_network.create"))
async def create(call: calls.Caller, project_id: str, body: requests.NetworkCreation) -> Response:
    made = await private_networks.create(call.context, call.actor, project_id=project_id, order=body.value())
    return answers.ok(shapes.network(made), calls.ignored(body))


@router.get(NETWORK, response_model=models.Network)
async def one(call: calls.Caller, project_id: str, network_id: str) -> Response:
    found = await private_networks.get(call.context, call.actor, project_id=project_id, network_id=network_id)
    return answers.ok(shapes.network(found))


@router.put(NETWORK, response_model=base.Void, openapi_extra=calls.changes("private_network.rename"))
async def rename(call: calls.Caller, project_id: str, network_id: str, body: requests.NetworkUpdate) -> Response:
    await private_networks.rename(
        call.context, call.actor, project_id=project_id, network_id=network_id, name=body.name
    )
    return answers.void(calls.ignored(body))


@router.delete(NETWORK, response_model=base.Void, openapi_extra=calls.changes("private_network.delete"))
async def delete(call: calls.Caller, project_id: str, network_id: str) -> Response:
    await private_networks.delete(call.context, call.actor, project_id=project_id, network_id=network_id)
    return answers.void()


@router.post(
    f"{NETWORK}/region", response_model=models.Network, openapi_extra=calls.changes("private_network.add_region")
)
async def add_region(call: calls.Caller, project_id: str, network_id: str, body: requests.NetworkRegion) -> Response:
    made = await private_networks.add_region(
        call.context, call.actor, project_id=project_id, network_id=network_id, region=body.region
    )
    return answers.ok(shapes.network(made), calls.ignored(body))


@router.delete(IN_REGION, response_model=base.Void, openapi_extra=calls.changes("private_network.remove_region"))
async def remove_region(call: calls.Caller, project_id: str, region: str, openstack_id: str) -> Response:
    await private_networks.remove_region(
        call.context, call.actor, project_id=project_id, region=region, openstack_id=openstack_id
    )
    return answers.void()


@router.get(f"{NETWORK}/subnet", response_model=list[models.Subnet])
async def all_subnets(call: calls.Caller, project_id: str, network_id: str) -> Response:
    found = await subnets.subnets(call.context, call.actor, project_id=project_id, network_id=network_id)
    return answers.ok([shapes.subnet(each) for each in found])


@router.post(f"{NETWORK}/subnet", response_model=models.Subnet, openapi_extra=calls.changes("subnet.create"))
async def create_subnet(
    call: calls.Caller, project_id: str, network_id: str, body: requests.SubnetCreation
) -> Response:
    made = await subnets.create_subnet(
        call.context, call.actor, project_id=project_id, network_id=network_id, order=body.value()
    )
    return answers.ok(shapes.subnet(made), calls.ignored(body))


@router.put(f"{NETWORK}/subnet/{{subnet_id}}", response_model=base.Void, openapi_extra=calls.changes("subnet.edit"))
async def edit_subnet(
    call: calls.Caller, project_id: str, network_id: str, subnet_id: str, body: requests.SubnetUpdate
) -> Response:
    await subnets.edit_subnet(
        call.context,
        call.actor,
        project_id=project_id,
        network_id=network_id,
        subnet_id=subnet_id,
        change=body.value(),
    )
    return answers.void(calls.ignored(body))


@router.delete(
    f"{NETWORK}/subnet/{{subnet_id}}", response_model=base.Void, openapi_extra=calls.changes("subnet.delete")
)
async def delete_subnet(call: calls.Caller, project_id: str, network_id: str, subnet_id: str) -> Response:
    await subnets.delete_subnet(
        call.context, call.actor, project_id=project_id, network_id=network_id, subnet_id=subnet_id
    )
    return answers.void()


@router.post(
    f"{IN_REGION}/subnet/{{subnet_id}}/gateway",
    response_model=models.Operation,
    openapi_extra=calls.changes("gateway.create"),
)
async def create_gateway(
    call: calls.Caller, project_id: str, region: str, openstack_id: str, subnet_id: str, body: requests.GatewayCreation
) -> Response:
    order = gateways.GatewayOrder(
        region=region,
        openstack_id=openstack_id,
        subnet_id=subnet_id,
        name=body.name or "gateway",
        model=body.model or "s",
    )
    begun = await gateways.create(call.context, call.actor, project_id=project_id, order=order)
    return answers.ok(shapes.operation(begun), calls.ignored(body))


@router.get(GATEWAYS, response_model=list[models.Gateway])
async def all_gateways(call: calls.Caller, project_id: str, region: str, subnetId: str | None = None) -> Response:
    found = await gateways.all_of_region(
        call.context, call.actor, project_id=project_id, region=region, subnet_id=subnetId
    )
    return answers.ok([shapes.gateway(each, call.config.network) for each in found])


@router.get(f"{GATEWAYS}/{{gateway_id}}", response_model=models.Gateway)
async def one_gateway(call: calls.Caller, project_id: str, region: str, gateway_id: str) -> Response:
    found = await gateways.get(call.context, call.actor, project_id=project_id, region=region, gateway_id=gateway_id)
    return answers.ok(shapes.gateway(found, call.config.network))


@router.put(f"{GATEWAYS}/{{gateway_id}}", response_model=models.Gateway, openapi_extra=calls.changes("gateway.edit"))
async def edit_gateway(
    call: calls.Caller, project_id: str, region: str, gateway_id: str, body: requests.GatewayUpdate
) -> Response:
    changed = await gateways.edit(
        call.context,
        call.actor,
        project_id=project_id,
        region=region,
        gateway_id=gateway_id,
        change=gateways.GatewayChange(name=body.name, model=body.model),
    )
    return answers.ok(shapes.gateway(changed, call.config.network), calls.ignored(body))


@router.delete(
    f"{GATEWAYS}/{{gateway_id}}", response_model=models.Operation, openapi_extra=calls.changes("gateway.delete")
)
async def delete_gateway(call: calls.Caller, project_id: str, region: str, gateway_id: str) -> Response:
    begun = await gateways.delete(call.context, call.actor, project_id=project_id, region=region, gateway_id=gateway_id)
    return answers.ok(shapes.operation(begun))


@router.get("/vrack", response_model=models.Vrack)
async def vrack(call: calls.Caller, project_id: str) -> Response:
    return answers.ok(shapes.vrack(await vracks.get(call.context, call.actor, project_id=project_id)))


@router.post("/vrack", response_model=models.Operation, openapi_extra=calls.changes("vrack.create"))
async def create_vrack(call: calls.Caller, project_id: str) -> Response:
    """Without a body."""
    return answers.ok(shapes.operation(await vracks.create(call.context, call.actor, project_id=project_id)))


@router.get("/operation/{operation_id}", response_model=models.Operation)
async def operation(call: calls.Caller, project_id: str, operation_id: str) -> Response:
    found = await cloud_operations.get(call.context, call.actor, project_id=project_id, operation_id=operation_id)
    return answers.ok(shapes.operation(found))
