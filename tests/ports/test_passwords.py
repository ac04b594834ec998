"""Every implementation of the passwords port."""

import asyncio
from typing import Literal

import argon2
import pytest

from steward.domain import errors
from steward.outside import passwords as outside
from steward.ports import passwords
from tests import fakes

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(params=["argon2", "in memory"])
def made(request: pytest.FixtureRequest) -> passwords.Passwords:
    return outside.Argon2Passwords(CHEAP) if request.param == "argon2" else fakes.Passwords()


@pytest.mark.parametrize("password", ["a password", "ünï ☃ \U0001f512", "", "x" * 1000])
def test_only_the_same_password_matches(made: passwords.Passwords, password: str) -> None:
    async def story() -> None:
        hash = await made.hash(password)
        assert await made.matches(password, hash)
        for other in (password + " ", password.upper() + "x", hash):
            assert not await made.matches(other, hash)

    asyncio.run(story())


@pytest.mark.parametrize("hash", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$short$short", "$2b$12$abc"])
def test_no_hash_matches_nothing(made: passwords.Passwords, hash: str) -> None:
    async def story() -> None:
        for password in ("", hash, "a password"):
            assert not await made.matches(password, hash)

    asyncio.run(story())


def test_hashes_are_salted_and_slow_by_default() -> None:
    async def story() -> None:
        ours = outside.Argon2Passwords()
        first, second = await ours.hash("a password"), await ours.hash("a password")
        assert first != second
        known = argon2.extract_parameters(first)
        assert known.type is argon2.Type.ID
        assert known.memory_cost >= 19 * 1024
        assert known.time_cost >= 2
        assert "a password" not in first

    asyncio.run(story())


class Counting(argon2.PasswordHasher):
    """Keeps the parameters of every hash that it was asked to compare with: they decide how long that takes."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[argon2.Parameters] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.compared.append(argon2.extract_parameters(str(hash)))
        return super().verify(hash, password)


@pytest.mark.parametrize("none", ["", "nonsense"])
def test_where_there_is_no_hash_the_work_is_the_same(none: str) -> None:
    async def story() -> None:
        counting = Counting()
        ours = outside.Argon2Passwords(counting)
        for hash in (await ours.hash("a password"), none):
            assert not await ours.matches("wrong", hash)
        known, unknown = counting.compared
        assert known == unknown

    asyncio.run(story())


def test_few_at_once_and_a_crowd_is_sent_away() -> None:
    async def story() -> None:
        ours = outside.Argon2Passwords(CHEAP)
        crowd = [ours.matches("x", "") for _ in range(outside.MOST_WAITING + 5)]
        outcomes = await asyncio.gather(*crowd, return_exceptions=True)
        assert sum(isinstance(each, errors.Unavailable) for each in outcomes) == 5
        assert outcomes.count(False) == outside.MOST_WAITING
        assert not await ours.matches("x", "")

    asyncio.run(story())
