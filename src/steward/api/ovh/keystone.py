"""`/v3`: as much of OpenStack's Keystone as the cluster autoscaler signs in with: a token for user name and password.

The user is an OAuth2 client of the customer's, the password its secret; the token is good in the one project that was
asked for. What goes wrong is told as Keystone has it: its clients read it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import pydantic
from fastapi import APIRouter, Request
from starlette.responses import Response

from steward.api import answers, calls
from steward.domain import errors
from steward.kit import times
from steward.operations import oauth2

router = APIRouter(prefix="/v3", tags=["auth"])

_VERSION = "v3.14"
_DOMAIN = {"id": "default", "name": "Default"}  # OVHcloud's, the only one
_SAYS: dict[int | str, dict[str, Any]] = {"default": {"description": "A refusal, as Keystone has it"}}
_HEADERS = {"vary": "X-Auth-Token", "cache-control": "no-store"}
_ISSUE = calls.changes("access_token.issue", "staff_access_token.issue")


class _Wrong(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class _Named(pydantic.BaseModel):
    id: str = ""
    name: str = ""

    @property
    def either(self) -> str:
        return self.id or self.name


class _InDomain(_Named):
    domain: _Named | None = None

    @property
    def foreign(self) -> bool:
        return self.domain is not None and self.domain.either.casefold() != _DOMAIN["id"]


class _User(_InDomain):
    password: str = pydantic.Field(repr=False)


class _Password(pydantic.BaseModel):
    user: _User


class _Identity(pydantic.BaseModel):
    methods: list[str]
    password: _Password | None = None


class _Scope(pydantic.BaseModel):
    project: _InDomain


class _Auth(pydantic.BaseModel):
    identity: _Identity
    scope: _Scope


class _Body(pydantic.BaseModel):
    auth: _Auth


@router.get("", responses=_SAYS)
async def version(wired: calls.Open) -> Response:
    """The one version of it that is served."""
    link = {"rel": "self", "href": f"{wired.config.base_url}/v3/"}
    return answers.ok({"version": {"id": _VERSION, "status": "stable", "links": [link]}})


@router.post("/auth/tokens", status_code=HTTPStatus.CREATED, responses=_SAYS, openapi_extra=_ISSUE)
async def token(request: Request, wired: calls.Open) -> Response:
    """A bearer token for a day and one project: the user is an OAuth2 client, the password its secret."""
    try:
        auth = _read(await request.body())
        made = await _issued(wired, auth)
    except _Wrong as wrong:
        told = {"code": wrong.status.value, "message": wrong.message, "title": wrong.status.phrase}
        return answers.Json({"error": told}, status_code=wrong.status, headers=_HEADERS)
    calls.spend(request, f"client {made.client.id}")
    headers = {**_HEADERS, "x-subject-token": made.secret}
    return answers.Json({"token": _shape(made)}, status_code=HTTPStatus.CREATED, headers=headers)


def _read(body: bytes) -> _Auth:
    try:
        return _Body.model_validate_json(body, strict=True).auth
    except pydantic.ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"]) or "the body"
        raise _Wrong(HTTPStatus.BAD_REQUEST, f"{where}: {first['msg']}") from None


async def _issued(wired: calls.Wiring, auth: _Auth) -> oauth2.Issued:
    password = auth.identity.password
    if auth.identity.methods != ["password"] or password is None:
        raise _Wrong(
            HTTPStatus.UNAUTHORIZED, "Attempted to authenticate with an unsupported method: password is served"
        )
    user, project = password.user, auth.scope.project
    if user.foreign or project.foreign:
        raise _unknown()
    try:
        return await oauth2.issue(wired.context, user.either, user.password, project_id=project.either)
    except oauth2.WrongClient:
        raise _unknown() from None
    except errors.Forbidden as refusal:
        raise _Wrong(HTTPStatus.FORBIDDEN, refusal.message) from None


def _unknown() -> _Wrong:
    return _Wrong(HTTPStatus.UNAUTHORIZED, "The request you have made requires authentication.")


def _shape(made: oauth2.Issued) -> Mapping[str, Any]:
    """A project is called by its id, as at OVHcloud, where a tenant's name is no description either."""
    token, actor = made.token, oauth2.Held(token=made.token, client=made.client).actor
    role = actor.role.value if actor.role else ""
    return {
        "methods": ["password"],
        "user": {"id": made.client.id, "name": made.client.id, "domain": _DOMAIN, "password_expires_at": None},
        "project": {"id": token.project_id, "name": token.project_id, "domain": _DOMAIN},
        "is_domain": False,
        "roles": [{"id": role, "name": role}],
        "catalog": [],
        "issued_at": times.rfc3339(token.created_at),
        "expires_at": times.rfc3339(token.expires_at),
    }
