"""Second factors by time (RFC 6238: SHA-1, 6 digits, 30 seconds), as every authenticator application knows them."""

import base64
import os
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.twofactor import InvalidToken, totp

SECRET_BYTES = 20
DIGITS = 6
STEP_SECONDS = 30
_DRIFT = (-1, 0, 1)  # steps that a telephone's clock may be off


def new_secret() -> bytes:
    return os.urandom(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """As a person types it into an authenticator."""
    return base64.b32encode(secret).decode()


def address(secret: bytes, *, person: str, issuer: str) -> str:
    """The `otpauth://` address that a QR code holds."""
    return _generator(secret).get_provisioning_uri(person, issuer)


def code(secret: bytes, at: datetime) -> str:
    return _generator(secret).generate(int(at.timestamp())).decode()


def step(secret: bytes, given: str, now: datetime) -> int | None:
    """The time step that the code is of, or None; a step that was used once must not be taken again."""
    generator, found = _generator(secret), None
    for drift in _DRIFT:
        at = int((now + timedelta(seconds=drift * STEP_SECONDS)).timestamp())
        try:
            generator.verify(given.encode("utf-8", "replace"), at)
            found = at // STEP_SECONDS
        except InvalidToken:
            continue
    return found


def _generator(secret: bytes) -> totp.TOTP:
    return totp.TOTP(secret, DIGITS, hashes.SHA1(), STEP_SECONDS)
