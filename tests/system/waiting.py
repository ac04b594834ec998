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
    began = time.monotonic()
    end = began + within
    while True:
        last: object
        looked = time.monotonic()
        try:
            found = look()
            if found:
                return found
            last = found
        except ignore as reason:
            last = reason
        now = time.monotonic()
        if now > end:
            raise AssertionError(f"waited {within:.0f} s for {what}; last seen: {last!r}")
        # The cores are for what is waited for: a look that takes long, or a wait that does, is repeated less often.
        time.sleep(max(_LOOK_AGAIN, now - looked, (now - began) / 20))
