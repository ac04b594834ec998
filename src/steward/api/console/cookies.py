"""The console's cookies, and the token by which a form shows that it is one of ours.

Under TLS the names begin with `__Host-`: browsers then take them from this host alone, and never without TLS.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Literal

from fastapi import Request
from starlette.responses import Response

from steward.api import calls

SESSION = "steward-session"
HALF = "steward-half"  # between the password and the second factor
OPENID = "steward-openid"  # between the way to an OpenID provider and the way back
FORM = "steward-form"  # binds forms to a browser that has no session yet

# Links from mails lead into a session, and a provider's page back into a sign-in; the other is of use to forms only.
_SAME_SITE: dict[str, Literal["lax", "strict"]] = {SESSION: "lax", HALF: "lax", OPENID: "lax", FORM: "strict"}
_PURPOSE = b"forms of the console"


def read(request: Request, name: str) -> str:
    return request.cookies.get(_named(request, name), "")


def put(request: Request, response: Response, name: str, value: str, lives: timedelta) -> None:
    response.set_cookie(
        _named(request, name),
        value,
        max_age=int(lives.total_seconds()),
        path="/",
        secure=_tls(request),
        httponly=True,
        samesite=_SAME_SITE[name],
    )


def drop(request: Request, response: Response, *names: str) -> None:
    for name in names:
        response.delete_cookie(
            _named(request, name), path="/", secure=_tls(request), httponly=True, samesite=_SAME_SITE[name]
        )


def form_token(secret: str) -> str:
    """Of a session, or of the cookie that stands in for one until there is."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).hexdigest()


def is_form_token(given: str, secret: str) -> bool:
    return bool(secret) and hmac.compare_digest(given.encode("utf-8", "replace"), form_token(secret).encode())


def new_form_secret() -> str:
    return secrets.token_urlsafe(32)


def _tls(request: Request) -> bool:
    return calls.wiring(request).config.base_url.startswith("https:")


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if _tls(request) else name
