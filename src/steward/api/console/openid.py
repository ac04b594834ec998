"""Signing in by the operator's OpenID provider: there, and back.

What ties the two together is a secret in a cookie of this browser, from which state, nonce and PKCE verifier are made:
nothing is kept here, and nobody else can come back in its place.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from steward.api import calls
from steward.api.console import cookies, doors, forms, pages
from steward.api.console import sessions as console_sessions
from steward.domain import errors
from steward.operations import openid, sessions
from steward.ports import openid as ports

unsigned = APIRouter(prefix="/console/openid", include_in_schema=False, route_class=doors.OpenRoute)

BACK = "/console/openid/back"
ATTEMPT_LIVES = timedelta(minutes=10)
_SAID = re.compile(r"[a-z_]{1,40}")
_LONGEST_CODE = 4000


@unsigned.get("")
async def go(request: Request, next: str = "") -> Response:
    provider = _provider(request)
    secret = secrets.token_urlsafe(32)
    try:
        address = await provider.address(_attempt(request, secret))
    except errors.Unavailable as refusal:
        return console_sessions.sign_in_page(request, refusal, next=forms.local(next))
    response = RedirectResponse(address, status_code=303, headers=pages.HEADERS)
    cookies.put(request, response, cookies.OPENID, f"{secret}.{_coded(forms.local(next))}", ATTEMPT_LIVES)
    return response


@unsigned.get("/back")
async def back(request: Request, code: str = "", state: str = "", error: str = "", iss: str = "") -> Response:
    """Over, however it ends: the cookie is worth nothing afterwards."""
    secret, _, coded = cookies.read(request, cookies.OPENID).partition(".")
    after = forms.local(_decoded(coded))
    try:
        response = await _signed_in(request, _checked(request, secret, state, iss), code[:_LONGEST_CODE], error, after)
    except (errors.Unauthenticated, errors.Unavailable) as refusal:
        response = console_sessions.sign_in_page(request, refusal, next=after)
    cookies.drop(request, response, cookies.OPENID)
    return response


async def _signed_in(request: Request, attempt: ports.Attempt, code: str, error: str, after: str) -> Response:
    if error or not code:
        said = f" ({error})" if _SAID.fullmatch(error) else ""
        raise errors.Unauthenticated(f"The sign-in provider did not let you in{said}")
    context = calls.wiring(request).context
    try:
        signed_in = await openid.sign_in(context, await _provider(request).claims(attempt, code))
    except sessions.SecondFactorRequired as halfway:
        return console_sessions.to_code(request, halfway, after)
    return console_sessions.begin(request, signed_in, after)


def _checked(request: Request, secret: str, state: str, issuer: str) -> ports.Attempt:
    attempt = _attempt(request, secret)
    if not secret or not hmac.compare_digest(state.encode("utf-8", "replace"), attempt.state.encode()):
        raise errors.Unauthenticated("This sign-in was not begun in this browser, or too long ago; begin again")
    if issuer and issuer != _provider(request).issuer:
        raise errors.Unauthenticated("This answer is of another sign-in provider; begin again")
    return attempt


def _provider(request: Request) -> ports.OpenIdProvider:
    found = calls.wiring(request).context.openid
    if found is None:
        raise errors.NotFound("There is no such page")
    return found


def _attempt(request: Request, secret: str) -> ports.Attempt:
    def made(purpose: bytes) -> str:
        digest = hmac.new(secret.encode("utf-8", "replace"), b"openid " + purpose, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    return ports.Attempt(
        state=made(b"state"),
        nonce=made(b"nonce"),
        verifier=made(b"verifier"),
        back_to=calls.wiring(request).config.base_url + BACK,
    )


def _coded(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).rstrip(b"=").decode()


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
