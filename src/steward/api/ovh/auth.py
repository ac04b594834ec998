"""`/auth`: the clock, consumer keys, who one is. The page that grants a key is in `validation`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, authentication, calls
from steward.api.ovh import me_shapes, requests
from steward.api.ovh.models import auth as models
from steward.api.ovh.models import base
from steward.domain import actors, errors
from steward.operations import bearers
from steward.operations import credentials as credentials_

unsigned = APIRouter(prefix="/auth", tags=["auth"], strict_content_type=False)
signed = APIRouter(prefix="/auth", tags=["auth"], route_class=calls.SignedRoute, strict_content_type=False)

_LOGOUT = (
    "credential.revoke",
    "access_token.end",
    "staff_access_token.end",
    "token.revoke",
    "staff_token.revoke",
    "session.end",
    "staff_session.end",
)


@unsigned.get("/time", response_model=int)
async def time(wired: calls.Open) -> Response:
    """Unix seconds, from which clients learn how far their own clock is off."""
    return answers.ok(int(wired.context.clock.now().timestamp()))


@unsigned.post(
    "/credential", response_model=models.CredentialResponse, openapi_extra=calls.changes("credential.request")
)
async def ask(request: Request, wired: calls.Open, body: requests.CredentialRequest) -> Response:
    application = request.headers.get("x-ovh-application", "")
    if not application:
        raise errors.Unauthenticated("You must login first: X-Ovh-Application is missing")
    credential = await credentials_.request(
        wired.context,
        actors.application(application),
        application_key=application,
        rules=[(each.method, each.path) for each in body.accessRules],
        redirection=body.redirection,
        allowed_ips=body.allowedIPs or (),
    )
    token = wired.authentication.link_token(credential.id)
    link = f"{wired.config.base_url}/1.0/auth/validate?id={credential.id}&token={token}"
    answer = {"consumerKey": credential.consumer_key, "state": credential.status.value, "validationUrl": link}
    return answers.ok(answer, calls.ignored(body))


@signed.get("/currentCredential", response_model=models.Credential)
async def current(call: calls.Caller) -> Response:
    if call.credential is None:
        raise errors.Forbidden(
            "This call bears a token, and no consumer key: /auth/details says whose it is", code="NOT_CREDENTIAL"
        )
    return answers.ok(me_shapes.credential(call.credential, call.now))


@signed.get("/details", response_model=models.Details)
async def details(call: calls.Caller) -> Response:
    federated = call.bearer is not None and call.bearer.federated
    return answers.ok(me_shapes.details(call.actor, call.credential, federated=federated))


@signed.post("/logout", response_model=base.Void, openapi_extra=calls.changes(*_LOGOUT))
async def logout(request: Request, call: calls.Caller) -> Response:
    """The consumer key, or the token, is worth nothing from now on."""
    if call.credential is not None:
        await credentials_.revoke(call.context, call.actor, credential_id=call.credential.id)
    elif call.bearer is not None:
        await bearers.end(call.context, call.bearer, authentication.borne(request))
    call.wiring.authentication.forget()
    return answers.void()
