"""Locks on files, among processes of one machine."""

import fcntl
import time
from collections.abc import Callable

TRIES = 10
PAUSE = 0.05  # seconds


def taken(descriptor: int, *, pause: Callable[[float], None] = time.sleep) -> bool:
    """Exclusively; False where another holds it. Who only looks whether it is held, holds it for a moment as well."""
    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                pause(PAUSE)
        else:
            return True
    return False
