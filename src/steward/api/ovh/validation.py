"""`/auth/validate`: the page on which a customer grants or refuses what an application asked for.

A person of the account signs in right there, with address, password and code; nothing of it stays signed in. The link
is worth nothing without a person, a person's browser nothing without the page's own cookie.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steward.api import calls
from steward.api.ovh import validation_page
from steward.domain import credentials, errors
from steward.operations import credentials as credentials_
from steward.operations import sessions

router = APIRouter(prefix="/auth/validate", tags=["auth"])

COOKIE = "steward-validation"
_CHANGES = (
    "credential.validate",
    "credential.refuse",
    "session.start",
    "session.end",
    "staff_session.start",
    "staff_session.end",
)
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 12
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A pending request that the visitor holds the link of."""

    id: int
    token: str
    application: credentials.Application
    credential: credentials.Credential


@router.get("", response_class=HTMLResponse)
async def page(request: Request, wired: calls.Open, id: int, token: str) -> Response:
    """What an application asks for, and a form to grant it."""
    asked = await _asked(wired, id, token)
    return _shown(request, wired, asked)


@router.post("", response_class=HTMLResponse, openapi_extra=calls.changes(*_CHANGES))
async def decide(request: Request, wired: calls.Open) -> Response:
    given = await _given(request)
    number = given.get("id", "")
    asked = await _asked(wired, int(number) if number.isascii() and number.isdigit() else 0, given.get("token", ""))
    try:
        _check_form(request, wired, asked, given.get("form", ""))
        decided = await _decided(wired, asked, given)
    except errors.Refusal as refusal:
        return _shown(request, wired, asked, refusal=refusal, email=given.get("email", ""))
    wired.authentication.forget()
    if asked.credential.redirection and _origin(asked.credential):
        return RedirectResponse(asked.credential.redirection, status_code=303, headers=_headers(asked.credential))
    content = validation_page.done(decided, asked.application)
    return HTMLResponse(content, headers=_headers(asked.credential))


async def _asked(wired: calls.Wiring, credential_id: int, token: str) -> _Asked:
    wired.authentication.check_link(credential_id, token)
    application, credential = await credentials_.with_application(wired.context, credential_id=credential_id)
    if application is None or credential is None:
        raise errors.NotFound("This link is not valid")
    return _Asked(id=credential_id, token=token, application=application, credential=credential)


async def _given(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise errors.BadInput(f"This page's form is sent as {_FORM}")
    body = (await request.body()).decode("utf-8", "replace")
    try:
        fields = parse_qs(body, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise errors.BadInput("This is not the page's form") from None
    return {name: values[0] for name, values in fields.items()}


async def _decided(wired: calls.Wiring, asked: _Asked, given: dict[str, str]) -> credentials.Credential:
    decision = given.get("decision", "")
    if decision not in ("grant", "refuse"):
        raise errors.BadInput("Choose whether to grant or to refuse")
    chosen = given.get("days", "")
    if chosen not in validation_page.VALIDITIES:
        raise errors.BadInput("Choose one of the validities of the page")
    days = int(chosen) if chosen else None
    signed_in = await sessions.sign_in(
        wired.context, given.get("email", ""), given.get("password", ""), given.get("code", "")
    )
    try:
        if decision == "refuse":
            return await credentials_.refuse(wired.context, signed_in.actor, credential_id=asked.id)
        return await credentials_.validate(wired.context, signed_in.actor, credential_id=asked.id, days=days)
    finally:
        await sessions.sign_out(wired.context, signed_in.secret)


def _shown(
    request: Request,
    wired: calls.Wiring,
    asked: _Asked,
    *,
    refusal: errors.Refusal | None = None,
    email: str = "",
) -> Response:
    known = request.cookies.get(COOKIE, "")
    cookie = known if 20 <= len(known) <= 100 and known.isascii() else secrets.token_urlsafe(32)
    content = validation_page.form(
        validation_page.Shown(
            application=asked.application,
            credential=asked.credential,
            state=asked.credential.state(wired.context.clock.now()),
            token=asked.token,
            form=_form_token(wired, asked, cookie),
            said=refusal.message if refusal else "",
            email=email,
        )
    )
    answer = HTMLResponse(content, status_code=refusal.status if refusal else 200, headers=_headers(asked.credential))
    answer.set_cookie(
        COOKIE, cookie, httponly=True, samesite="strict", secure=wired.config.base_url.startswith("https"), path="/"
    )
    return answer


def _form_token(wired: calls.Wiring, asked: _Asked, cookie: str) -> str:
    """Ties the form to the browser that it was shown in."""
    text = f"form {asked.id} {cookie}".encode()
    return hmac.new(wired.authentication.link_token(asked.id).encode(), text, hashlib.sha256).hexdigest()


def _check_form(request: Request, wired: calls.Wiring, asked: _Asked, form: str) -> None:
    cookie = request.cookies.get(COOKIE, "")
    right = hmac.compare_digest(form.encode("utf-8", "replace"), _form_token(wired, asked, cookie).encode())
    if not cookie or not right:
        raise errors.Forbidden("This form was not shown in this browser, or long ago; send it again from here")


def _origin(credential: credentials.Credential) -> str:
    """Of the redirection, where it is one that a browser may be sent to; else empty."""
    try:
        parts = urlsplit(credential.redirection or "")
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if _ORIGIN.fullmatch(origin) else ""


def _headers(credential: credentials.Credential) -> dict[str, str]:
    # The answer to the form may lead to the application's address: browsers hold that against `form-action` too.
    targets = " ".join(["'self'", *([_origin(credential)] if _origin(credential) else [])])
    policy = (
        f"default-src 'none'; style-src '{validation_page.STYLE_DIGEST}'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return {"content-security-policy": policy, "referrer-policy": "no-referrer"}
