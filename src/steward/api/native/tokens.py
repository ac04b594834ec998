"""`/native/me/tokens`: the API tokens of the person that calls."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.operations import tokens

router = APIRouter(prefix="/native/me/tokens", tags=["native"], route_class=calls.EitherRoute)


@router.get("")
async def every(call: calls.Caller) -> Response:
    return answers.ok([shapes.token(each) for each in await tokens.all_of(call.context, call.actor)])


@router.post("", openapi_extra=calls.changes("token.create", "staff_token.create"))
async def create(call: calls.Caller, body: requests.TokenCreation) -> Response:
    """The only answer that holds the secret."""
    token, secret = await tokens.create(call.context, call.actor, description=body.description, days=body.days)
    return answers.ok({**shapes.token(token), "token": secret})


@router.delete("/{token_id}", openapi_extra=calls.changes("token.revoke", "staff_token.revoke"))
async def revoke(call: calls.Caller, token_id: str) -> Response:
    await tokens.revoke(call.context, call.actor, token_id=token_id)
    call.wiring.authentication.forget()
    return answers.void()
