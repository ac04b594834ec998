"""Refusals and failures in OVHcloud's wire form: both of its error shapes in one object.

`class`, `message`, `details` are what go-ovh and Terraform read; `errorCode`, `httpCode` what python-ovh
reads. `details` is always flat, text to text, or go-ovh cannot decode it.
"""

import json
import os
import traceback
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from steward.api import answers
from steward.catalogue import ovh
from steward.domain import errors
from steward.operations import rights

_log = structlog.get_logger()

QUERY_ID = "steward.query_id"  # in the ASGI scope, put there by the edge
NOT_GRANTED = "NOT_GRANTED_CALL"  # by the access rules of a credential
_BY_AUTHENTICATION = "unauthorizedActionsByAuthentication"
_BY_IAM = "unauthorizedActionsByIAM"

_TYPES = {
    "int": "long",
    "greater_than_equal": "long",
    "less_than_equal": "long",
    "string": "string",
    "bool": "boolean",
    "float": "double",
    "finite_number": "double",
    "list": "array",
    "dict": "object",
    "model": "object",
}


class _MethodNotAllowed(errors.BadInput):
    status = 405
    kind = "Client::MethodNotAllowed"
    code = "METHOD_NOT_ALLOWED"


def query_id(seconds: int) -> str:
    """Of OVHcloud's form: place, front end, seconds, process, random."""
    return f"LOCAL.ext-1.{seconds:x}.{os.getpid()}.{uuid.uuid4().hex}"


def add_handlers(app: FastAPI) -> None:
    async def handle(request: Request, reason: Exception) -> Response:
        return answer(request, reason)

    for kind in (errors.Refusal, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)


def answer(request: Request, reason: Exception) -> Response:
    """Whatever was raised, as an answer."""
    headers = reason.headers if isinstance(reason, HTTPException) else None
    if isinstance(reason, errors.TooManyRequests):
        headers = {"Retry-After": str(reason.after)}
    refusal = told(request, reason)
    return shaped(refusal, request.scope.get(QUERY_ID, ""), headers, _missing(request, refusal))


def _missing(request: Request, refusal: errors.Refusal) -> Mapping[str, str]:
    """The action that was not allowed, by OVHcloud's name: go-ovh and what is made with it print it."""
    route = request.scope.get("route")
    action = ovh.action(request.method, route.path) if isinstance(route, APIRoute) else ""
    if action and refusal.code == NOT_GRANTED:
        return {_BY_AUTHENTICATION: action, _BY_IAM: ""}
    if action and isinstance(refusal, rights.Refused):
        return {_BY_AUTHENTICATION: "", _BY_IAM: action}
    return {}


def told(request: Request, reason: Exception) -> errors.Refusal:
    """Whatever was raised; what was not expected is logged and not shown."""
    refusal = as_refusal(reason)
    if refusal is None:
        # Without the values of variables: secrets may be among them.
        trace = "".join(traceback.format_exception(reason))
        query_id = request.scope.get(QUERY_ID, "")
        _log.error("request.failed", query_id=query_id, method=request.method, trace=trace)
        refusal = errors.Refusal(
            "Internal Server Error: this is the provider's fault, and its operator finds the reason by the query id"
        )
    return refusal


def as_refusal(reason: Exception) -> errors.Refusal | None:
    if isinstance(reason, errors.Refusal):
        return reason
    if isinstance(reason, RequestValidationError):
        return _invalid(reason.errors())
    if isinstance(reason, HTTPException):
        return _of_framework(reason)
    return None


def shaped(
    refusal: errors.Refusal,
    query_id: str,
    headers: Mapping[str, str] | None = None,
    missing: Mapping[str, str] | None = None,
) -> Response:
    details = {**refusal.details, **(missing or {}), "whoseTurn": refusal.whose_turn}
    if query_id:
        details["queryId"] = query_id
    body = {
        "class": refusal.kind,
        "message": message(refusal),
        "errorCode": refusal.code,
        "httpCode": f"{refusal.status} {HTTPStatus(refusal.status).phrase}",
        "details": details,
    }
    return answers.Json(body, status_code=refusal.status, headers=headers)


def message(refusal: errors.Refusal) -> str:
    """Refusals with a name read as those of OVHcloud's Kubernetes backend do."""
    if not refusal.name:
        return refusal.message
    prefix = "" if refusal.name == errors.NAMELESS else f"[{refusal.name}] "
    return f"{prefix}{refusal.status}: {refusal.message} (request ID: {uuid.uuid4()})"


def _of_framework(reason: HTTPException) -> errors.Refusal | None:
    if reason.status_code == HTTPStatus.NOT_FOUND:
        return errors.NotFound("Got an invalid (or empty) URL", code="INVALID_URL")
    if reason.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _MethodNotAllowed("This method is not allowed for this URL")
    if reason.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return errors.TooLarge("The body is too large")
    if HTTPStatus.BAD_REQUEST <= reason.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.BadInput("The body is not valid JSON")
    return None


def _invalid(found: Sequence[Mapping[str, Any]]) -> errors.BadInput:
    """The first fault as the message; the other fields are named in the details."""
    first = found[0]
    fields = ", ".join(dict.fromkeys(_field(each["loc"]) for each in found if _field(each["loc"])))
    return errors.BadInput(_sentence(first), details={"fields": fields[:500]} if fields else None)


def _sentence(fault: Mapping[str, Any]) -> str:
    kind, field = str(fault["type"]), _field(fault["loc"])
    if kind == "json_invalid":
        why = (fault.get("ctx") or {}).get("error", "")
        return f"The body is not valid JSON: {why} at character {fault['loc'][-1]}"
    if not field:
        return "The body must be a JSON object, sent as application/json"
    if kind == "missing":
        return f"[{field}] Missing parameter: {field} is mandatory"
    if kind == "extra_forbidden":
        return f"[{field}] Unknown parameter"
    return f"[{field}] Given data ({_shown(fault.get('input'))}) is not valid for type {_type(fault)}"


def _type(fault: Mapping[str, Any]) -> str:
    kind = str(fault["type"])
    if kind == "literal_error":
        return f"enum: one of {(fault.get('ctx') or {}).get('expected', '')}"
    return _TYPES.get(kind) or _TYPES.get(kind.split("_")[0]) or str(fault["msg"])


def _field(location: Sequence[str | int]) -> str:
    """`nodepools[0].desiredNodes` of ("body", "nodepools", 0, "desiredNodes")."""
    name = ""
    for part in location[1:]:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name[:200]


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text[:64]
