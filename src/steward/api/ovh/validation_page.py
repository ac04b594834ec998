"""The page of `/auth/validate` as text: one column, no script, nothing from elsewhere. `validation` decides."""

import base64
import hashlib
import html
from dataclasses import dataclass

from steward.domain import credentials

_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:0 auto;padding:1rem;color:#1b1b1f;background:#fff}
h1{font-size:1.4rem}code{overflow-wrap:anywhere}label{display:block;margin-top:.8rem;font-weight:600}
input,select{box-sizing:border-box;width:100%;padding:.6rem;font:inherit;border:1px solid #6b6b76;border-radius:.3rem}
button{margin:1.2rem .6rem 0 0;padding:.6rem 1.2rem;font:inherit;border:1px solid #1d4ed8;border-radius:.3rem}
button.grant{background:#1d4ed8;color:#fff}button.refuse{background:#fff;color:#1d4ed8}
:focus-visible{outline:3px solid #b45309;outline-offset:2px}.hint{font-weight:400;color:#4a4a55}
[role=alert]{border-left:.3rem solid #b91c1c;padding:.5rem .8rem;background:#fef2f2}
@media (prefers-color-scheme:dark){body{color:#f1f1f4;background:#17171b}.hint{color:#c9c9d2}
input,select{background:#222228;color:inherit}[role=alert]{background:#3b1515}button.refuse{background:#17171b;color:#9db7ff}}
"""
STYLE_DIGEST = f"sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}"


# Days, as the form sends them, to what the page calls them.
VALIDITIES = {"1": "a day", "7": "7 days", "30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}
_VALIDITIES = "".join(
    f'<option value="{days}"{" selected" if not days else ""}>{said}</option>' for days, said in VALIDITIES.items()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`said` is why the last attempt was refused; `form` ties the form to its browser."""

    application: credentials.Application
    credential: credentials.Credential
    state: credentials.Status
    token: str
    form: str
    said: str = ""
    email: str = ""


def form(shown: Shown) -> str:
    credential = shown.credential
    title = f"Access request {credential.id}"
    rules = "".join(f"<li><code>{_text(each.method)} {_text(each.path)}</code></li>" for each in credential.rules)
    asks = f"<p>The application <b>{_text(shown.application.name)}</b> asks to be allowed:</p><ul>{rules}</ul>"
    places = ", ".join(_text(each) for each in credential.allowed_ips)
    if places:
        asks += f"<p>Only from these addresses: {places}</p>"
    if shown.state is not credentials.Status.PENDING:
        return _page(title, f"{asks}<p>This request is {_text(shown.state.value)}.</p>")
    alert = f"<p role=alert>{_text(shown.said)}</p>" if shown.said else ""
    return _page(
        title,
        f"{asks}{alert}<p>Sign in as an owner of the account that it is to act for.</p>"
        "<form method=post action=validate accept-charset=utf-8>"
        f'<input type=hidden name=id value="{credential.id}">'
        f'<input type=hidden name=token value="{_text(shown.token)}">'
        f'<input type=hidden name=form value="{_text(shown.form)}">'
        "<label for=email>E-mail address</label>"
        f'<input id=email name=email type=email autocomplete=username required value="{_text(shown.email[:254])}">'
        "<label for=password>Password</label>"
        "<input id=password name=password type=password autocomplete=current-password required>"
        "<label for=code>Code <span class=hint>of your second factor, if you have one</span></label>"
        "<input id=code name=code inputmode=numeric autocomplete=one-time-code maxlength=8>"
        f"<label for=days>Valid for</label><select id=days name=days>{_VALIDITIES}</select>"
        "<button class=grant name=decision value=grant>Grant</button>"
        "<button class=refuse name=decision value=refuse>Refuse</button></form>",
    )


def done(decided: credentials.Credential, application: credentials.Application) -> str:
    granted = decided.status is credentials.Status.VALIDATED
    said = "may do so from now on" if granted else "was refused"
    return _page(
        f"Access request {decided.id}",
        f"<p>The application <b>{_text(application.name)}</b> {said}. You can close this page.</p>",
    )


def _page(title: str, content: str) -> str:
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{title} · steward</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )


def _text(given: str) -> str:
    return html.escape(given)
