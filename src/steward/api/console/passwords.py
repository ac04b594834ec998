"""A first or a new password by the link of an invitation or a reset; staff get their second factor with it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import calls
from steward.api.console import codes, cookies, doors, pages
from steward.domain import errors, people
from steward.operations import passwords

_LENGTHS = {"shortest": people.SHORTEST_PASSWORD, "longest": people.LONGEST_PASSWORD}

unsigned = APIRouter(prefix="/console", include_in_schema=False, route_class=doors.OpenRoute)


@unsigned.get("/password")
async def ask(request: Request, token: str = "") -> Response:
    if not token:
        return pages.page(request, "password.html", said="", token="", email="", **_LENGTHS)
    return await _form(request, token.strip())


@unsigned.post("/password", openapi_extra=calls.changes("person.set_password", "staff.set_password"))
async def choose(request: Request, given: doors.Given) -> Response:
    """A new second factor is shown this once: it lies sealed from now on."""
    token, password = given.get("token", "").strip(), given.get("password", "")
    wired = calls.wiring(request)
    try:
        if password != given.get("again", ""):
            raise errors.BadInput("The two passwords are not the same")
        person, factor = await passwords.redeem(wired.context, token, password)
    except (errors.BadInput, errors.Forbidden, errors.Unavailable) as refusal:
        return await _form(request, token, refusal)
    wired.authentication.forget()
    if factor is None:
        response = doors.to(doors.SIGN_IN, done="password")
    else:
        response = pages.page(
            request, "second_factor.html", factor=factor, picture=codes.picture(factor.address), person=person
        )
    cookies.drop(request, response, cookies.SESSION)
    return response


async def _form(request: Request, token: str, refusal: errors.Refusal | None = None) -> Response:
    """For the token's person, so that a browser keeps the password with the right name; or for another token."""
    email = ""
    try:
        email = (await passwords.whose(calls.wiring(request).context, token)).email
    except errors.Forbidden as worthless:
        token, refusal = "", worthless
    return pages.page(
        request,
        "password.html",
        status=200 if refusal is None else refusal.status,
        said="" if refusal is None else pages.spoken(refusal.message),
        token=token,
        email=email,
        **_LENGTHS,
    )
