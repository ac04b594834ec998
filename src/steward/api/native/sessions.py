"""`/native/sessions`: a person signs in with its password, for programs; browsers have the console."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, authentication, calls
from steward.api.native import requests, shapes
from steward.operations import sessions

unsigned = APIRouter(prefix="/native/sessions", tags=["native"])
router = APIRouter(prefix="/native/sessions", tags=["native"], route_class=calls.EitherRoute)


@unsigned.post("", openapi_extra=calls.changes("session.start", "staff_session.start"))
async def start(wired: calls.Open, body: requests.SignIn) -> Response:
    """`token` is borne like an API token, and ends after some hours."""
    made = await sessions.sign_in(wired.context, body.email, body.password, body.code)
    return answers.ok({**shapes.caller(made.actor), "token": made.secret, "validUntil": shapes.moment(made.expires_at)})


@router.delete("/current", openapi_extra=calls.changes("session.end", "staff_session.end"))
async def end(request: Request, call: calls.Caller) -> Response:
    await sessions.sign_out(call.context, authentication.borne(request))
    call.wiring.authentication.forget()
    return answers.void()
