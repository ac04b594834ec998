"""`/native/accounts`: the life of a customer's account, the same for both parties to read."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import accounts as accounts_
from steward.operations import accounts

router = APIRouter(prefix="/native/accounts", tags=["native"], route_class=calls.EitherRoute)


@router.get("")
async def every(call: calls.Caller) -> Response:
    return answers.ok([shapes.account(each) for each in await accounts.all_of(call.context, call.actor)])


@router.get("/{account}")
async def one(call: calls.Caller, account: str) -> Response:
    return answers.ok(shapes.account(await accounts.get(call.context, call.actor, account=account)))


@router.post("/{account}/suspend", openapi_extra=calls.changes("account.suspend"))
async def suspend(call: calls.Caller, account: str, body: requests.Suspension) -> Response:
    return _changed(call, await accounts.suspend(call.context, call.actor, account=account, reason=body.reason))


@router.post("/{account}/resume", openapi_extra=calls.changes("account.resume"))
async def resume(call: calls.Caller, account: str) -> Response:
    return _changed(call, await accounts.resume(call.context, call.actor, account=account))


@router.post("/{account}/close", openapi_extra=calls.changes("account.close", "account.leave"))
async def close(call: calls.Caller, account: str) -> Response:
    """For good; 409 while clusters are left."""
    return _changed(call, await accounts.close(call.context, call.actor, account=account))


def _changed(call: calls.Call, account: accounts_.Account) -> Response:
    call.wiring.authentication.forget()
    return answers.ok(shapes.account(account))
