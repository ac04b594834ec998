"""Secrets at rest, sealed under a key file that steward guards.

Storage seals through it; bootstrap makes it once, before the storage is opened. AES-256-GCM, the place of a
text as associated data, so that a sealed text that is moved does not open. What it does not do: guard against
somebody who can read the key file.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from steward.domain import errors

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = b"\x01"  # a rotated key, or another cipher, takes the next number


class FileKeySealing:
    """The key is made on first use. `errors.Unavailable` where the file is not safe or not whole."""

    def __init__(self, path: Path) -> None:
        try:
            if not path.exists():
                _make(path)
            key = _read(path)
        except OSError as error:
            raise errors.Unavailable(
                f"The key file {path} cannot be used: {error.strerror}. It is the provider's turn: give the service's "
                "user a state folder (STEWARD_STATE) that it can read and write"
            ) from error
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _bound(context))

    def open(self, sealed: bytes, context: str) -> bytes:
        """ValueError where it was sealed under another key, for another place, or changed since."""
        if sealed[:1] != _VERSION:
            raise ValueError(f"sealed in a form that this steward does not know (version {sealed[:1].hex() or 'none'})")
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if len(rest) < _TAG_BYTES:
            raise ValueError("the sealed text is cut short")
        try:
            return self._cipher.decrypt(nonce, rest, _bound(context))
        except InvalidTag:
            raise ValueError(f"what is sealed does not open as {context!r}: another key, place or content") from None


class MissingKey:
    """Stands in for a key before it is known whether one may be made: seals and opens nothing."""

    def seal(self, plain: bytes, context: str) -> bytes:
        raise errors.Unavailable("Nothing can be sealed: there is no key file yet")

    def open(self, sealed: bytes, context: str) -> bytes:
        raise ValueError(f"what is sealed does not open as {context!r}: there is no key file")


def _bound(context: str) -> bytes:
    return _VERSION + context.encode(errors="surrogatepass")


def _make(path: Path) -> None:
    """Under another name first: a key file that was cut short would lock all secrets that are sealed later."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # unlike a rename, it never replaces a key that somebody made meanwhile
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        key = file.read(_KEY_BYTES + 1)
    if mode & 0o077:
        raise errors.Unavailable(
            f"The key file {path} can be read by others (mode {mode:04o}), so nothing sealed under it is secret. It is "
            f"the provider's turn: chmod 600 {path}, find out who could read it, and rotate what it sealed"
        )
    if len(key) != _KEY_BYTES:
        raise errors.Unavailable(
            f"The key file {path} is damaged: it holds {len(key)} bytes, not {_KEY_BYTES}. It is the provider's turn: "
            "restore it from the backup; without it no secret of any cluster can be opened"
        )
    return key
