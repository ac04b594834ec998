"""How people log in to a cluster with an identity provider of the customer's: OVHcloud's `cloud.kube.OpenIdConnect`.

Unset is None, or an empty list; an empty text asks for that, because Terraform sends one for what nobody filled in.
"""

import base64
import binascii
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from steward.domain import errors

ALGORITHMS = ("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
LONGEST, MOST = 2048, 20  # characters of a value, values of a list
LONGEST_AUTHORITY = 256 * 1024
EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdConnect:
    issuer_url: str
    client_id: str
    username_claim: str | None = None
    username_prefix: str | None = None
    groups_claim: tuple[str, ...] = ()
    groups_prefix: str | None = None
    required_claim: tuple[str, ...] = ()  # each `key=value`
    signing_algorithms: tuple[str, ...] = ()
    authority: str | None = None  # `caContent`: PEM in base64

    @property
    def pem(self) -> str:
        return "" if self.authority is None else base64.b64decode(self.authority).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """None is what was left out."""

    issuer_url: str | None = None
    client_id: str | None = None
    username_claim: str | None = None
    username_prefix: str | None = None
    groups_claim: Sequence[str] | None = None
    groups_prefix: str | None = None
    required_claim: Sequence[str] | None = None
    signing_algorithms: Sequence[str] | None = None
    authority: str | None = None


_ON_THE_WIRE = {
    "issuer_url": "issuerUrl",
    "client_id": "clientId",
    "username_claim": "usernameClaim",
    "username_prefix": "usernamePrefix",
    "groups_claim": "groupsClaim",
    "groups_prefix": "groupsPrefix",
    "required_claim": "requiredClaim",
    "signing_algorithms": "signingAlgorithms",
    "authority": "caContent",
}


def made(asked: Asked) -> OpenIdConnect:
    for name in ("issuer_url", "client_id"):
        if not getattr(asked, name):
            raise errors.BadInput(f"[{_ON_THE_WIRE[name]}] is mandatory", name="InvalidDataError")
    return changed(OpenIdConnect(issuer_url="", client_id=""), asked)


def changed(before: OpenIdConnect, asked: Asked) -> OpenIdConnect:
    """`errors.BadInput` where an API server could not work with it."""
    values: dict[str, str | tuple[str, ...] | None] = {}
    for each in fields(OpenIdConnect):
        given = getattr(asked, each.name)
        if given is None:
            values[each.name] = getattr(before, each.name)
        elif isinstance(given, str):
            values[each.name] = _text(given, _ON_THE_WIRE[each.name])
        else:
            values[each.name] = _texts(given, _ON_THE_WIRE[each.name])
    for name in ("issuer_url", "client_id"):
        if not values[name]:
            raise errors.BadInput(f"[{_ON_THE_WIRE[name]}] cannot be empty", name="InvalidDataError")
    after = OpenIdConnect(**values)  # type: ignore[arg-type]  # each has the type that its field had
    _check_issuer(after.issuer_url)
    _check_claims(after)
    _check_authority(after)
    return after


def _text(given: str, field: str) -> str | None:
    longest = LONGEST_AUTHORITY if field == "caContent" else LONGEST
    if len(given) > longest or any(ord(character) < 32 for character in given.strip()):
        raise errors.BadInput(
            f"[{field}] is longer than {longest} characters or has control characters", name="InvalidDataError"
        )
    return given.strip() or None


def _texts(given: Sequence[str], field: str) -> tuple[str, ...]:
    found = [text for each in given if (text := _text(each, field))]
    if len(found) > MOST:
        raise errors.BadInput(f"[{field}] has more than {MOST} values", name="InvalidDataError")
    return tuple(dict.fromkeys(found))


def _check_issuer(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme != "https" or not parts.hostname or not plain or port == 0 or " " in url:
        raise errors.BadInput(
            f"[issuerUrl] {url[:200]!r} is not an https URL without query, fragment and user", name="InvalidDataError"
        )


def _check_claims(wanted: OpenIdConnect) -> None:
    for each in wanted.required_claim:
        key, separator, _ = each.partition("=")
        if not key or not separator:
            raise errors.BadInput(
                f"[requiredClaim] {each[:100]!r} is not of the form key=value", name="InvalidDataError"
            )
    keys = [each.partition("=")[0] for each in wanted.required_claim]
    if len(set(keys)) != len(keys):
        raise errors.BadInput("[requiredClaim] names a claim twice", name="InvalidDataError")
    for each in wanted.signing_algorithms:
        if each not in ALGORITHMS:
            raise errors.BadInput(
                f"[signingAlgorithms] {each[:64]!r} is not one of {', '.join(ALGORITHMS)}", name="InvalidDataError"
            )
    if len(wanted.groups_claim) > 1 and wanted.signing_algorithms:
        raise errors.BadInput(
            "[groupsClaim] several claims cannot go together with signingAlgorithms: Kubernetes has no configuration "
            "that carries both; give one claim, or leave the algorithms out",
            name="InvalidDataError",
        )


def _check_authority(wanted: OpenIdConnect) -> None:
    if wanted.authority is None:
        return
    try:
        pem = base64.b64decode(wanted.authority, validate=True).decode("ascii")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (binascii.Error, ValueError, ssl.SSLError):
        raise errors.BadInput(
            "[caContent] is not a certificate in PEM form, encoded in base64", name="InvalidDataError"
        ) from None
