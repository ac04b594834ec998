"""The leaves of a ledger: the canonical text that is hashed, and the personal values that it commits to.

Written by `storage/ledgers`, read by `bundles`. A leaf is ASCII, so that every program sees the same bytes.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

SALT_BYTES = 16
Disclosed = Mapping[str, tuple[str, str]]  # name to salt and value
_write = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


def written(content: Mapping[str, Any]) -> str:
    return _write(content)


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def commitment(salt: str, value: str) -> str:
    """Hides a value until salt and value are shown; without the salt a guess cannot be tried."""
    return hashlib.sha256(f"{salt}:{value}".encode("utf-8", "surrogatepass")).hexdigest()


def salted(personal: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Half of a surrogate pair is no character: it has no bytes that could be hashed."""
    return {
        name: (secrets.token_hex(SALT_BYTES), value.encode("utf-8", "replace").decode())
        for name, value in personal.items()
    }


def commitments(disclosed: Disclosed) -> dict[str, str]:
    return {name: commitment(salt, value) for name, (salt, value) in disclosed.items()}
