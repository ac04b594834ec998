"""`/me`: the account that calls, its consumer keys, their applications, and its OAuth2 clients."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import me_shapes, requests
from steward.domain import credentials, errors, oauth2
from steward.operations import credentials as credentials_
from steward.operations import oauth2 as oauth2_

router = APIRouter(prefix="/me", tags=["me"], route_class=calls.SignedRoute, strict_content_type=False)


class OAuth2ClientCreation(requests.Body):
    """`role` is ours: what the program may do. Without it: whatever carries out the party's activities."""

    name: requests.Text
    description: requests.Text
    flow: requests.Text
    callbackUrls: list[requests.Text] | None = None
    role: requests.Text | None = None


class OAuth2ClientUpdate(requests.Body):
    name: requests.Text | None = None
    description: requests.Text | None = None
    callbackUrls: list[requests.Text] | None = None


Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("")
async def account(call: calls.Caller) -> Response:
    return answers.ok(me_shapes.account(call.actor))


@router.get("/api/credential")
async def every_credential(call: calls.Caller, applicationId: int | None = None, status: str | None = None) -> Response:
    found = [
        each.id
        for each in await credentials_.all_own(call.context, call.actor)
        if applicationId in (None, me_shapes.number_of(each.application_key)) and status in (None, each.state(call.now))
    ]
    return answers.ok(found)


@router.get("/api/credential/{credentialId}")
async def credential(call: calls.Caller, credentialId: Number) -> Response:
    found = await credentials_.own(call.context, call.actor, credential_id=credentialId)
    return answers.ok(me_shapes.credential(found, call.now))


@router.delete("/api/credential/{credentialId}", openapi_extra=calls.changes("credential.revoke"))
async def revoke(call: calls.Caller, credentialId: Number) -> Response:
    await credentials_.revoke_own(call.context, call.actor, credential_id=credentialId)
    call.wiring.authentication.forget()
    return answers.void()


@router.get("/api/credential/{credentialId}/application")
async def application_of(call: calls.Caller, credentialId: Number) -> Response:
    found = await credentials_.own(call.context, call.actor, credential_id=credentialId)
    return answers.ok(me_shapes.application(await _application(call, me_shapes.number_of(found.application_key))))


@router.delete("/api/application/{applicationId}", openapi_extra=calls.changes("credential.revoke"))
async def revoke_application(call: calls.Caller, applicationId: Number) -> Response:
    """All that it was granted by the account."""
    found = await _application(call, applicationId)
    await credentials_.revoke_application(call.context, call.actor, application_key=found.key)
    call.wiring.authentication.forget()
    return answers.void()


@router.get("/api/application")
async def applications(call: calls.Caller) -> Response:
    found = await credentials_.applications(call.context, call.actor)
    return answers.ok([me_shapes.number_of(each.key) for each in found])


@router.get("/api/application/{applicationId}")
async def application(call: calls.Caller, applicationId: Number) -> Response:
    return answers.ok(me_shapes.application(await _application(call, applicationId)))


async def _application(call: calls.Call, number: int) -> credentials.Application:
    for each in await credentials_.applications(call.context, call.actor):
        if me_shapes.number_of(each.key) == number:
            return each
    raise errors.NotFound(f"Application {number} does not exist")


@router.get("/api/oauth2/client")
async def clients(call: calls.Caller) -> Response:
    return answers.ok([each.id for each in await oauth2_.all_of(call.context, call.actor)])


@router.post("/api/oauth2/client", openapi_extra=calls.changes("oauth2_client.create", "staff_oauth2_client.create"))
async def create_client(call: calls.Caller, body: OAuth2ClientCreation) -> Response:
    """The only answer that holds the secret."""
    oauth2.checked_flow(body.flow)
    _check_callbacks(body.callbackUrls)
    wanted = oauth2_.Wanted(name=body.name, description=body.description, role=body.role)
    made, secret = await oauth2_.create(call.context, call.actor, wanted)
    return answers.ok({"clientId": made.id, "clientSecret": secret}, calls.ignored(body))


@router.get("/api/oauth2/client/{clientId}")
async def client(call: calls.Caller, clientId: str) -> Response:
    found = await oauth2_.get(call.context, call.actor, client_id=clientId)
    return answers.ok(me_shapes.oauth2_client(found))


@router.put(
    "/api/oauth2/client/{clientId}", openapi_extra=calls.changes("oauth2_client.change", "staff_oauth2_client.change")
)
async def change_client(call: calls.Caller, clientId: str, body: OAuth2ClientUpdate) -> Response:
    _check_callbacks(body.callbackUrls)
    await oauth2_.change(call.context, call.actor, client_id=clientId, name=body.name, description=body.description)
    return answers.void(calls.ignored(body))


@router.delete(
    "/api/oauth2/client/{clientId}", openapi_extra=calls.changes("oauth2_client.remove", "staff_oauth2_client.remove")
)
async def remove_client(call: calls.Caller, clientId: str) -> Response:
    await oauth2_.remove(call.context, call.actor, client_id=clientId)
    call.wiring.authentication.forget()
    return answers.void()


def _check_callbacks(urls: list[str] | None) -> None:
    if urls:
        raise errors.BadInput("[callbackUrls] are of the flow AUTHORIZATION_CODE, which is not served")
