"""Passwords as hashes: made slowly, compared in a time that says nothing."""

from typing import Protocol


class Passwords(Protocol):
    async def hash(self, password: str) -> str:
        """Salted, so that two hashes of one password differ. `errors.Unavailable` when too many are asked at once."""
        ...

    async def matches(self, password: str, hash: str) -> bool:
        """An empty or foreign hash costs as much as a right one, and matches nothing."""
        ...
