"""Secrets at rest: AES-256-GCM under a key file that only root can read.

The context (where a secret belongs) is authenticated with it, so a sealed text that was moved to
another place does not open. The first byte names the way of sealing, for the day that it changes.
"""

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from steward.domain import errors

_VERSION = b"\x01"
_NONCE = 12


class FileKeySealing:
    def __init__(self, path: Path) -> None:
        self._cipher = AESGCM(_key(path))

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """ValueError where it was sealed with another key, for another place, or altered."""
        if sealed[:1] != _VERSION:
            raise ValueError("the secret was sealed in a way that this release does not know")
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, rest, context.encode())
        except InvalidTag:
            raise ValueError("the secret does not open: another key, another place, or altered") from None


def _key(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _made(path)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise errors.Unavailable(f"Others can read the key file {path}; run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != 32:
        raise errors.Unavailable(f"The key file {path} has {len(key)} bytes instead of 32; restore it from a backup")
    return key


def _made(path: Path) -> bytes:
    key = AESGCM.generate_key(bit_length=256)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return key
