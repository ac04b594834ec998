"""`/auth`: the clock, consumer keys, who one is."""

import hashlib
import hmac
import html
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from steward.api import answers, calls
from steward.api.ovh import requests, shapes
from steward.domain import actors, credentials, errors
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
        actors.Actor(name=f"application {application[:32]}", party=errors.CUSTOMER),
        application_key=application,
        rules=[(each.method, each.path) for each in body.accessRules],
        redirection=body.redirection,
        allowed_ips=body.allowedIPs or (),
    )
    link = f"{wired.config.base_url}/1.0/auth/validate?id={credential.id}&token={_token(wired, credential.id)}"
    answer = {"consumerKey": credential.consumer_key, "state": credential.status.value, "validationUrl": link}
    return answers.ok(answer, calls.ignored(body))


def _token(wired: calls.Wiring, credential_id: int) -> str:
    """Whoever has the link may see the request; nobody can make up a link."""
    secret = wired.config.operator_token.encode()
    return hmac.new(secret, b"validation page of credential %d" % credential_id, hashlib.sha256).hexdigest()


@unsigned.get("/validate", response_class=HTMLResponse)
async def page(wired: calls.Open, id: int, token: str) -> Response:
    """What an application asks for, and who can grant it."""
    if not hmac.compare_digest(token.encode("utf-8", "replace"), _token(wired, id).encode()):
        raise errors.NotFound("This link is not valid")
    application, credential = await credentials_.with_application(wired.context, credential_id=id)
    if application is None or credential is None:
        raise errors.NotFound("This link is not valid")
    return HTMLResponse(_page(application, credential))


def _page(application: credentials.Application, credential: credentials.Credential) -> str:
    shown: Callable[[str], str] = html.escape
    rows = "".join(f"<li><code>{shown(each.method)} {shown(each.path)}</code></li>" for each in credential.rules)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Access request</title>"
        f"<h1>Access request {credential.id}: {shown(credential.status.value)}</h1>"
        f"<p>The application <b>{shown(application.name)}</b> asks to be allowed:</p><ul>{rows}</ul>"
        "<p>The operator of this service validates it for your account, with "
        f"<code>POST /native/credentials/{credential.id}/validate</code>.</p></html>"
    )


@signed.get("/currentCredential")
async def current(call: calls.Caller) -> Response:
    if call.credential is None:
        raise errors.Unauthenticated("You must login first")
    return answers.ok(shapes.credential(call.credential))


@signed.get("/details")
async def details(call: calls.Caller) -> Response:
    account = call.actor.account or ""
    rules = shapes.rules(call.credential.rules) if call.credential else []
    return answers.ok(
        {
            "account": account,
            "allowedRoutes": rules,
            "description": call.credential.description if call.credential else "",
            "identities": [f"urn:v1:local:identity:account:{account}"],
            "method": "account",
            "roles": [],
            "user": None,
        }
    )


@signed.post("/logout", openapi_extra=calls.changes("credential.revoke"))
async def logout(call: calls.Caller) -> Response:
    if call.credential is not None:
        await credentials_.revoke(call.context, call.actor, credential_id=call.credential.id)
        call.wiring.authentication.forget()
    return answers.void()
