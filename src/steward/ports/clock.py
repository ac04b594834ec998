"""Time, so that tests can own it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, in UTC, with whole microseconds."""
        ...

    async def sleep(self, seconds: float) -> None: ...
