"""The state folder: one service at a time, private, with the bearer token of the first operator in it."""

import contextlib
import fcntl
import secrets
from pathlib import Path
from typing import TextIO

from steward.domain import errors
from steward.kit import locks
from steward.runtimes.processes import places

TOKEN = "operator.token"
LOCK = "steward.lock"


def hold(folder: Path) -> TextIO:
    """Lock the folder for as long as the answer is kept open; refuse where another service has it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / LOCK).open("w")
    except OSError as reason:
        raise errors.Unavailable(
            f"The state folder {folder} cannot be used ({reason.strerror}); make it writable or set STEWARD_STATE"
        ) from None
    if not locks.taken(lock.fileno()):
        lock.close()
        raise errors.Unavailable(
            f"Another steward serves from {folder}; end it first, or give this one its own STEWARD_STATE"
        )
    return lock


def held(folder: Path) -> bool:
    """Whether a service serves from it now."""
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def operator_token(folder: Path) -> str:
    """Made by the first `serve`, readable by root alone. Whom it stands for, and whether it does, the records say.

    Who takes the file away gets a new token with the next start, and the old one ends.
    """
    path = folder / TOKEN
    with contextlib.suppress(FileNotFoundError):
        known = path.read_text().strip()
        if known:  # a full disk may have left an empty one
            return known
    token = secrets.token_urlsafe(32)
    places.write_private(path, token + "\n", durable=True)  # the folder's lock is held: nobody else makes one
    return token
