"""`/native/people`: who of a party may do what, and how they come to a password; `/native/me`: who calls."""

from fastapi import APIRouter
from starlette.responses import Response

from steward.api import answers, calls
from steward.api.native import requests, shapes
from steward.domain import people as people_
from steward.operations import passwords, people, tokens

router = APIRouter(prefix="/native/people", tags=["native"], route_class=calls.EitherRoute)
unsigned = APIRouter(prefix="/native/people", tags=["native"])
oneself = APIRouter(prefix="/native/me", tags=["native"], route_class=calls.EitherRoute)


@unsigned.post("/password", openapi_extra=calls.changes("person.set_password", "staff.set_password"))
async def set_password(wired: calls.Open, body: requests.NewPassword) -> Response:
    """With the token of an invitation or a reset. A second factor that was made with it is shown this once."""
    person, factor = await passwords.redeem(wired.context, body.token, body.password)
    wired.authentication.forget()
    return answers.ok({**shapes.person(person), "newSecondFactor": None if factor is None else _factor(factor)})


def _factor(made: passwords.SecondFactor) -> shapes.Shape:
    return {"secret": made.secret, "address": made.address}


@router.get("")
async def every(call: calls.Caller, account: str = "") -> Response:
    found = await people.all_of(call.context, call.actor, account=account)
    return answers.ok([shapes.person(each) for each in found])


@router.post("", openapi_extra=calls.changes("person.invite", "staff.invite", "account.hand_over"))
async def invite(call: calls.Caller, body: requests.Invitation) -> Response:
    """`invitation` is shown this once; it sets the first password."""
    wanted = people.Invitation(
        email=body.email, role=body.role, name=body.name, only=tuple(body.only), account=body.account
    )
    person, secret = await people.invite(call.context, call.actor, wanted)
    return answers.ok({**shapes.person(person), "invitation": secret})


@router.get("/{person_id}")
async def one(call: calls.Caller, person_id: str) -> Response:
    return answers.ok(shapes.person(await people.get(call.context, call.actor, person_id=person_id)))


@router.put("/{person_id}", openapi_extra=calls.changes("person.change", "staff.change"))
async def change(call: calls.Caller, person_id: str, body: requests.PersonChange) -> Response:
    changed = await people.change(call.context, call.actor, person_id=person_id, role=body.role, only=body.only)
    return _changed(call, changed)


@router.post("/{person_id}/suspend", openapi_extra=calls.changes("person.suspend", "staff.suspend"))
async def suspend(call: calls.Caller, person_id: str) -> Response:
    return _changed(call, await people.suspend(call.context, call.actor, person_id=person_id))


@router.post("/{person_id}/resume", openapi_extra=calls.changes("person.resume", "staff.resume"))
async def resume(call: calls.Caller, person_id: str) -> Response:
    return _changed(call, await people.resume(call.context, call.actor, person_id=person_id))


@router.delete("/{person_id}", openapi_extra=calls.changes("person.close", "staff.close"))
async def close(call: calls.Caller, person_id: str) -> Response:
    await people.close(call.context, call.actor, person_id=person_id)
    call.wiring.authentication.forget()
    return answers.void()


@router.post("/{person_id}/reset", openapi_extra=calls.changes("person.reset", "staff.reset"))
async def reset(call: calls.Caller, person_id: str, body: requests.PasswordReset) -> Response:
    """`token` is shown this once; it sets a new password."""
    person, secret, until = await passwords.reset(
        call.context, call.actor, person_id=person_id, second_factor=body.secondFactor
    )
    return answers.ok({**shapes.person(person), "token": secret, "validUntil": shapes.moment(until)})


@router.get("/{person_id}/tokens")
async def tokens_of(call: calls.Caller, person_id: str) -> Response:
    found = await tokens.all_of(call.context, call.actor, person_id=person_id)
    return answers.ok([shapes.token(each) for each in found])


@router.delete(
    "/{person_id}/tokens/{token_id}", openapi_extra=calls.changes("person.revoke_token", "staff.revoke_token")
)
async def revoke(call: calls.Caller, person_id: str, token_id: str) -> Response:
    await tokens.revoke(call.context, call.actor, token_id=token_id, person_id=person_id)
    call.wiring.authentication.forget()
    return answers.void()


def _changed(call: calls.Call, person: people_.Person) -> Response:
    call.wiring.authentication.forget()
    return answers.ok(shapes.person(person))


@oneself.get("")
async def who(call: calls.Caller) -> Response:
    return answers.ok(shapes.caller(call.actor))


@oneself.post("/second-factor", openapi_extra=calls.changes("person.second_factor", "staff.second_factor"))
async def offer_second_factor(call: calls.Caller) -> Response:
    """Shown this once, and in force once a code of it was given."""
    return answers.ok(_factor(await passwords.offer_second_factor(call.context, call.actor)))


@oneself.post("/second-factor/confirm", openapi_extra=calls.changes("person.second_factor", "staff.second_factor"))
async def confirm_second_factor(call: calls.Caller, body: requests.Code) -> Response:
    await passwords.confirm_second_factor(call.context, call.actor, code=body.code)
    return answers.void()


@oneself.post("/second-factor/drop", openapi_extra=calls.changes("person.second_factor"))
async def drop_second_factor(call: calls.Caller, body: requests.Code) -> Response:
    await passwords.drop_second_factor(call.context, call.actor, code=body.code)
    return answers.void()
