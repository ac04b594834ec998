"""Passwords by argon2id, in threads and few at a time: each takes 64 MiB and tens of milliseconds of a core.

Bootstrap makes one; operations see the port.
"""

import asyncio
import secrets
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import argon2

from steward.domain import errors

T = TypeVar("T")
AT_ONCE = 2
MOST_WAITING = 64


class Argon2Passwords:
    """`hasher` is for tests, which have no reason to be slow."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @cached_property
    def _nobodys(self) -> str:
        """Compared with where there is no hash, so that the work is the same; nobody knows its password."""
        return self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, password: str) -> str:
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def matches(self, password: str, hash: str) -> bool:
        return await self._in_turn(lambda: self._compared(password, hash))

    def _compared(self, password: str, hash: str) -> bool:
        nobodys, known = self._nobodys, _readable(hash)
        try:
            right = self._hasher.verify(hash if known else nobodys, password)
        except argon2.exceptions.VerificationError:
            return False
        return right and known

    async def _in_turn(self, act: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise errors.Unavailable("Too many people sign in at once; try again in a few seconds")
        self._waiting += 1
        try:
            async with self._room:
                return await asyncio.to_thread(act)
        finally:
            self._waiting -= 1


def _readable(hash: str) -> bool:
    try:
        argon2.extract_parameters(hash)
    except argon2.exceptions.InvalidHashError:
        return False
    return True
