"""The doors of the console: `SessionRoute` for whoever has signed in, `OpenRoute` for the few pages before that.

Both ask every form for its token, and answer what goes wrong with a page. The person behind a session is looked up
for every request: one that was suspended is out with the next click.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse, Response

from steward.api import calls, edge
from steward.api.console import cookies, forms, pages
from steward.domain import actors, errors
from steward.operations import context as context_
from steward.operations import sessions

SIGN_IN = "/console/sign-in"
_FORM_LIVES = timedelta(hours=12)
_FOREIGN = ("cross-site", "same-site")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a person; `secret` is the session's."""

    request: Request
    actor: actors.Actor
    secret: str = field(repr=False)
    fields: forms.Fields

    @property
    def context(self) -> context_.Context:
        return calls.wiring(self.request).context

    def page(self, template: str, **values: Any) -> Response:
        return pages.page(self.request, template, **values)

    def asked(self, name: str) -> str:
        """Of the address."""
        return self.request.query_params.get(name, "")

    def text(self, name: str) -> str:
        """Of the form."""
        return self.fields.get(name, "")


async def _current(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


async def _fields(request: Request) -> forms.Fields:
    fields: forms.Fields = request.state.fields
    return fields


Visitor = Annotated[Visit, Depends(_current)]
Given = Annotated[forms.Fields, Depends(_fields)]


class SessionRoute(APIRoute):
    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                _check_path(request)
                secret = cookies.read(request, cookies.SESSION)
                try:
                    actor = await sessions.session(calls.wiring(request).context, secret)
                except errors.Unauthenticated:
                    return _to_sign_in(request)
                calls.spend(request, f"person {actor.person_id or actor.name}")
                request.state.actor, request.state.form_secret = actor, secret
                fields = await _checked(request, secret)
                request.state.visit = Visit(request=request, actor=actor, secret=secret, fields=fields)
                return await inner(request)
            except Exception as reason:
                return pages.failure(request, reason)

        return handle


class OpenRoute(APIRoute):
    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            known = cookies.read(request, cookies.FORM)
            request.state.form_secret = known or cookies.new_form_secret()
            try:
                _check_path(request)
                request.state.fields = await _checked(request, known)
                response = await inner(request)
            except Exception as reason:
                response = pages.failure(request, reason)
            if not known and request.method == "GET":
                cookies.put(request, response, cookies.FORM, request.state.form_secret, _FORM_LIVES)
            return response

        return handle


async def _checked(request: Request, secret: str) -> forms.Fields:
    """The form's fields, once it is known to be a form of ours, filled in by this browser."""
    if request.method == "GET":
        return {}
    fields = await forms.read(request)
    foreign = request.headers.get("sec-fetch-site", "") in _FOREIGN
    if foreign or not cookies.is_form_token(fields.get(forms.TOKEN, ""), secret):
        raise errors.Forbidden(
            "This form is not from your session, or it is too old. Nothing was changed: open the page again",
            code="FOREIGN_FORM",
        )
    return fields


def _check_path(request: Request) -> None:
    """The API's prefixes lead to no page."""
    if not str(request.scope[edge.TYPED]).startswith("/console"):
        raise errors.NotFound("Got an invalid (or empty) URL", code="INVALID_URL")


def _to_sign_in(request: Request) -> Response:
    """And back to the page afterwards; what a form held is lost with the session."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = f"?next={quote(wanted, safe='')}" if request.method == "GET" and wanted == forms.local(wanted) else ""
    response = RedirectResponse(f"{SIGN_IN}{after}", status_code=303, headers=pages.HEADERS)
    if cookies.read(request, cookies.SESSION):
        cookies.drop(request, response, cookies.SESSION)
    return response


def to(path: str, done: str = "") -> Response:
    """Where a form leads to; `done` names a sentence of the pages' own (`pages.DONE`)."""
    joint = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{joint}done={done}" if done else path, status_code=303, headers=pages.HEADERS)
