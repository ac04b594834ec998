"""`/auth`: the clock, consumer keys, who one is. The page that grants a key is in `validation`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.ovh import requests, shapes
from steward.domain import actors, errors
from steward.operations import credentials as credentials_

unsigned = APIRouter(prefix="/auth", tags=["auth"], strict_content_type=False)
signed = APIRouter(prefix="/auth", tags=["auth"], route_class=calls.SignedRoute, strict_content_type=False)


@unsigned.get("/time")
async def time(wired: calls.Open) -> Response:
    """Unix seconds, from which clients learn how far their own clock is off."""
    return answers.ok(int(wired.context.clock.now().timestamp()))


@unsigned.post("/credential", openapi_extra=calls.changes("credential.request"))
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


@signed.get("/currentCredential")
async def current(call: calls.Caller) -> Response:
    if call.credential is None:
        raise errors.Unauthenticated("You must login first")
    return answers.ok(shapes.credential(call.credential))


@signed.get("/details")
async def details(call: calls.Caller) -> Response:
    account, person = call.actor.account or "", call.actor.person_id
    rules = shapes.rules(call.credential.rules) if call.credential else []
    return answers.ok(
        {
            "account": account,
            "allowedRoutes": rules,
            "description": call.credential.description if call.credential else "",
            "identities": [f"urn:v1:local:identity:account:{account}"],
            "method": "user" if person else "account",
            "roles": [call.actor.role.value] if person and call.actor.role else [],
            "user": call.actor.name if person else None,
        }
    )


@signed.post("/logout", openapi_extra=calls.changes("credential.revoke"))
async def logout(call: calls.Caller) -> Response:
    if call.credential is not None:
        await credentials_.revoke(call.context, call.actor, credential_id=call.credential.id)
        call.wiring.authentication.forget()
    return answers.void()
