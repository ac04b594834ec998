"""Pages: templates of this package, filled in on the server, with headers that let nothing else in.

Everything that is put into a page is escaped. Whatever goes wrong becomes a page too, with the refusal's own sentence.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import jinja2
import markupsafe
from fastapi import Request
from starlette.responses import HTMLResponse, Response

from steward.api import errors as errors_
from steward.api.console import cookies
from steward.domain import actors, errors
from steward.operations import rights
from steward.responsibility import matrix, model

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "cache-control": "no-store",
    # Not `no-referrer`: with it browsers send forms without saying where they come from.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-content-type-options": "nosniff",
}

# What a page says after a form was sent; addresses name it, and hold no text.
DONE: Mapping[str, str] = {
    "signed-out": "You have signed out.",
    "password": "Your password is set. Sign in with it.",
    "too-late": "Your sign-in took too long. Begin again.",
    "seen": "Marked as seen: your party now has a receipt for it.",
    "accepted": "The contract is accepted.",
    "approved": "You consented to the access. You can end it at any time.",
    "denied": "The access was denied.",
    "ended": "The access has ended; its credential is being taken back.",
    "reviewed": "Your review is on record.",
    "revoked": "The delegation was taken back. Nobody acts on it from now on.",
    "sent": "Your message is sent.",
    "opened": "The ticket is open. The provider answers here, and you are told.",
    "closed": "The ticket is closed.",
    "acknowledged": "The customer can see that the ticket was read.",
    "second-factor": "Your second factor is in force from the next sign-in on.",
    "second-factor-dropped": "You sign in with your password alone from now on.",
    "token-revoked": "Whoever bears that token is refused from now on.",
    "client-removed": "Whatever signed in as that client is refused from now on.",
    "key-revoked": "Whoever signs with that key is refused from now on.",
    "preferences": "It is noted how you want to be told.",
}

NAVIGATION = (
    ("inbox", "Inbox"),
    ("clusters", "Clusters"),
    ("contract", "Contract"),
    ("accesses", "Access"),
    ("delegations", "Delegations"),
    ("tickets", "Tickets"),
    ("keys", "Keys"),
    ("you", "You"),
)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    actor: actors.Actor | None = getattr(request.state, "actor", None)
    secret: str = getattr(request.state, "form_secret", "")
    text = (
        _templates()
        .get_template(template)
        .render(
            actor=actor,
            form_token=cookies.form_token(secret) if secret else "",
            navigation=NAVIGATION,
            here=request.url.path.split("/")[2] if request.url.path.count("/") > 1 else "",
            done=DONE.get(request.query_params.get("done", ""), ""),
            style=f"/console/style.css?{_style_digest()}",
            **values,
        )
    )
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def failure(request: Request, reason: Exception) -> Response:
    refusal = errors_.told(request, reason)
    decision = refusal.decision if isinstance(refusal, rights.Refused) else None
    message = decision.reason if decision is not None else refusal.message
    turn = {errors.CUSTOMER: "yours", errors.PROVIDER: "the provider's"}.get(refusal.whose_turn, "")
    actor: actors.Actor | None = getattr(request.state, "actor", None)
    if decision is not None or (actor is not None and actor.of_provider):
        turn = f"the {refusal.whose_turn}'s"
    shown = page(
        request,
        "failure.html",
        status=refusal.status,
        title=_TITLES.get(refusal.status, "This did not work"),
        message=spoken(message),
        decision=decision,
        decision_id=refusal.details.get("decision", ""),
        turn=turn if refusal.status in (403, 409, 412, 500, 503) else "",
        query_id=request.scope.get(errors_.QUERY_ID, "") if refusal.status >= 500 else "",
    )
    if isinstance(refusal, errors.TooManyRequests):
        shown.headers["retry-after"] = str(refusal.after)
    return shown


_TITLES = {
    400: "This is not right",
    403: "This is not for you to do",
    404: "Not found",
    409: "Not at this moment",
    503: "Not possible right now",
}


def spoken(message: str) -> str:
    """A refusal's sentence without the `[field]` that programs read."""
    sentence = re.sub(r"^\[\w+\] ", "", message)
    return sentence[:1].upper() + sentence[1:]


def style() -> Response:
    """May be kept: its address changes with its text."""
    kept = {**HEADERS, "cache-control": "public, max-age=86400"}
    return Response(_style(), media_type="text/css; charset=utf-8", headers=kept)


@cache
def _style() -> bytes:
    return resources.files(__package__ or "").joinpath("style.css").read_bytes()


@cache
def _style_digest() -> str:
    return hashlib.sha256(_style()).hexdigest()[:12]


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__ or ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["moment"] = _moment
    made.filters["span"] = _span
    made.filters["row"] = _row
    made.filters["letters"] = model.letters
    made.filters["other_reading"] = model.other_reading
    return made


def _moment(at: datetime | None) -> markupsafe.Markup:
    if at is None:
        return markupsafe.Markup("–")
    return markupsafe.Markup('<time datetime="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), f"{at:%-d %b %Y, %H:%M} UTC"
    )


def _span(length: timedelta) -> str:
    """In the largest unit that it has two of."""
    seconds = abs(int(length.total_seconds()))
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"


def _row(activity: str) -> model.Activity | None:
    """As the newest edition of the contract has it."""
    return matrix.newest().activities.get(activity)
