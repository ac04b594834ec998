"""`/auth/oauth2/token`: access tokens for the secret of an OAuth2 client (RFC 6749, 4.4). Clients are made at `/me`.

What goes wrong is told as that standard has it, not as the rest of the API does: OAuth2 libraries read it.
"""

import base64
import binascii
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, calls
from steward.domain import errors, oauth2
from steward.operations import oauth2 as oauth2_

router = APIRouter(prefix="/auth/oauth2", tags=["auth"])

_FORM = "application/x-www-form-urlencoded"
_GRANT = "client_credentials"
_MOST_FIELDS = 20
_NOT_KEPT = {"cache-control": "no-store", "pragma": "no-cache"}
_ISSUE = calls.changes("access_token.issue", "staff_access_token.issue")


class _Wrong(Exception):
    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    id: str
    secret: str = field(repr=False)


@router.post("/token", responses={"default": {"description": "A refusal, as RFC 6749 has it"}}, openapi_extra=_ISSUE)
async def token(request: Request, wired: calls.Open) -> Response:
    """A bearer token for an hour; with `client_secret_basic` or `client_secret_post`."""
    basic = "authorization" in request.headers
    try:
        fields = await _fields(request)
        client = _client(request, fields)
        _check_grant(fields)
        made = await _issued(oauth2_.issue(wired.context, client.id, client.secret))
    except _Wrong as wrong:
        body = {"error": wrong.error, "error_description": wrong.description}
        asks = {"www-authenticate": 'Basic realm="steward"'} if basic and wrong.status == 401 else {}
        return answers.Json(body, status_code=wrong.status, headers={**_NOT_KEPT, **asks})
    calls.spend(request, f"client {client.id}")
    seconds = int((made.token.expires_at - made.token.created_at).total_seconds())
    answer = {"access_token": made.secret, "token_type": "Bearer", "expires_in": seconds, "scope": oauth2.SCOPE}
    return answers.ok(answer, _NOT_KEPT)


async def _issued(issuing: Coroutine[Any, Any, oauth2_.Issued]) -> oauth2_.Issued:
    try:
        return await issuing
    except oauth2_.WrongClient as refusal:
        raise _Wrong("invalid_client", refusal.message, status=401) from None
    except errors.Forbidden as refusal:
        raise _Wrong("unauthorized_client", refusal.message) from None


async def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise _Wrong("invalid_request", f"The body must be {_FORM}")
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise _Wrong("invalid_request", "The body is not a form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _Wrong("invalid_request", "A parameter is there twice")
    return fields


def _client(request: Request, fields: dict[str, str]) -> _Client:
    given = request.headers.getlist("authorization")
    if not given:
        if not fields.get("client_id") or "client_secret" not in fields:
            raise _Wrong("invalid_client", "client_id and client_secret are missing", status=401)
        return _Client(id=fields["client_id"], secret=fields["client_secret"])
    found = _basic(given[0]) if len(given) == 1 else None
    if found is None:
        raise _Wrong("invalid_client", "The header Authorization is not of the form Basic", status=401)
    if "client_secret" in fields or fields.get("client_id", found.id) != found.id:
        raise _Wrong("invalid_request", "The client signs in by the header or by the body, not by both")
    return found


def _basic(header: str) -> _Client | None:
    scheme, _, coded = header.partition(" ")
    try:
        id, colon, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    # Each half is coded as in a form, before both are coded together.
    return _Client(id=unquote_plus(id), secret=unquote_plus(secret)) if scheme.lower() == "basic" and colon else None


def _check_grant(fields: dict[str, str]) -> None:
    grant = fields.get("grant_type", "")
    if not grant:
        raise _Wrong("invalid_request", "grant_type is missing")
    if grant != _GRANT:
        raise _Wrong("unsupported_grant_type", f"grant_type must be {_GRANT}")
    if set(fields.get("scope", "").split()) - {oauth2.SCOPE}:
        raise _Wrong("invalid_scope", f"The one scope is {oauth2.SCOPE}")
