"""Waits for facts. Generous, because the machine may be busy: a limit that is reached is a fault, no measurement."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 300.0  # seconds
_LOOK_AGAIN = 0.1


def until(
    look: Callable[[], Found], what: str, *, within: float = PATIENCE, ignore: type[Exception] = OSError
) -> Found:
    """What `look` found, as soon as it is true; the last thing that it found or raised is in the failure."""
    end = time.monotonic() + within
    while True:
        last: object
        try:
            found = look()
            if found:
                return found
            last = found
        except ignore as reason:
            last = reason
        if time.monotonic() > end:
            raise AssertionError(f"waited {within:.0f} s for {what}; last seen: {last!r}")
        time.sleep(_LOOK_AGAIN)
