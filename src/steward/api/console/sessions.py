"""Signing in, in two steps where there is a second factor, and out."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import calls
from steward.api.console import cookies, doors, forms, pages
from steward.domain import errors
from steward.operations import sessions

unsigned = APIRouter(prefix="/console", include_in_schema=False, route_class=doors.OpenRoute)
router = APIRouter(prefix="/console", include_in_schema=False, route_class=doors.SessionRoute)

_STARTS = calls.changes("session.start", "staff_session.start")


@unsigned.get("/style.css")
async def style() -> Response:
    return pages.style()


@unsigned.get("/sign-in")
async def ask(request: Request, next: str = "") -> Response:
    return sign_in_page(request, next=forms.local(next))


@unsigned.post("/sign-in", openapi_extra=_STARTS)
async def sign_in(request: Request, given: doors.Given) -> Response:
    after, email = forms.local(given.get("next", "")), given.get("email", "")
    try:
        signed_in = await sessions.sign_in(calls.wiring(request).context, email, given.get("password", ""))
    except sessions.SecondFactorRequired as halfway:
        return to_code(request, halfway, after)
    except (errors.Unauthenticated, errors.Unavailable) as refusal:
        return sign_in_page(request, refusal, next=after, email=email)
    return begin(request, signed_in, after)


@unsigned.get("/code")
async def ask_code(request: Request, next: str = "") -> Response:
    if not cookies.read(request, cookies.HALF):
        return doors.to(doors.SIGN_IN)
    return _code(request, next=forms.local(next))


@unsigned.post("/code", openapi_extra=_STARTS)
async def code(request: Request, given: doors.Given) -> Response:
    after, half = forms.local(given.get("next", "")), cookies.read(request, cookies.HALF)
    try:
        signed_in = await sessions.go_on(calls.wiring(request).context, half, given.get("code", ""))
    except errors.Unauthenticated as refusal:
        if refusal.code == sessions.OVER:
            response = doors.to(doors.SIGN_IN, done="too-late")
            cookies.drop(request, response, cookies.HALF)
            return response
        return _code(request, refusal, next=after)
    return begin(request, signed_in, after)


@router.post("/sign-out", openapi_extra=calls.changes("session.end", "staff_session.end"))
async def sign_out(visit: doors.Visitor) -> Response:
    await sessions.sign_out(visit.context, visit.secret)
    response = doors.to(doors.SIGN_IN, done="signed-out")
    cookies.drop(visit.request, response, cookies.SESSION)
    return response


def to_code(request: Request, halfway: sessions.SecondFactorRequired, after: str) -> Response:
    response = doors.to(f"/console/code?next={quote(after, safe='')}")
    cookies.put(request, response, cookies.HALF, halfway.half, sessions.HALF_LIVES)
    return response


def begin(request: Request, signed_in: sessions.SignedIn, after: str) -> Response:
    """A new secret each time: whoever planted a cookie beforehand knows nothing."""
    response = doors.to(after)
    lives = signed_in.expires_at - calls.wiring(request).context.clock.now()
    cookies.put(request, response, cookies.SESSION, signed_in.secret, lives)
    cookies.drop(request, response, cookies.HALF, cookies.FORM)
    return response


def sign_in_page(request: Request, refusal: errors.Refusal | None = None, *, next: str, email: str = "") -> Response:
    provider = calls.wiring(request).context.openid
    return pages.page(
        request,
        "sign_in.html",
        status=200 if refusal is None else refusal.status,
        said="" if refusal is None else refusal.message,
        next=next,
        email=email,
        provider="" if provider is None else provider.name,
    )


def _code(request: Request, refusal: errors.Refusal | None = None, *, next: str) -> Response:
    said = "" if refusal is None else refusal.message
    return pages.page(request, "code.html", status=200 if refusal is None else refusal.status, said=said, next=next)
