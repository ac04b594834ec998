"""The state folder: its lock, its token, and the key that must not be made twice."""

import asyncio
from pathlib import Path

import pytest

from steward.bootstrap import service, state
from steward.domain import errors
from steward.kit import locks
from steward.settings import Settings


def test_a_token_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / state.TOKEN
    path.write_text("")
    token = state.operator_token(tmp_path)
    assert len(token) > 40
    assert (state.operator_token(tmp_path), path.stat().st_mode & 0o777) == (token, 0o600)
    assert [each.name for each in tmp_path.iterdir()] == [state.TOKEN]


def test_who_only_looks_for_a_moment_keeps_nobody_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as looker, path.open("w") as wanted:
        assert locks.taken(looker.fileno())
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                looker.close()

        assert locks.taken(wanted.fileno(), pause=pause)
        assert pauses == [locks.PAUSE] * 2


def test_another_holder_is_told_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as holder, path.open("w") as wanted:
        assert locks.taken(holder.fileno())
        assert not locks.taken(wanted.fileno(), pause=lambda seconds: None)


def test_a_key_file_that_is_lost_is_not_replaced_however_often_one_starts(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    key = tmp_path / "seal.key"

    async def used() -> None:
        kept = await service._opened(settings)
        async with kept.begin() as work:
            await work.secrets.put("one", "key", b"secret")
        await kept.close()

    asyncio.run(used())
    saved = key.read_bytes()
    key.unlink()
    for _ in range(2):
        with pytest.raises(errors.Unavailable, match="restore it from a backup"):
            asyncio.run(service._opened(settings))
        assert not key.exists()
    key.write_bytes(saved)
    key.chmod(0o600)
    asyncio.run(used())
