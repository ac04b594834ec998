"""Virtual time must not overtake threads, and must not cost real time."""

import asyncio
import time as real
from datetime import timedelta
from pathlib import Path

import aiosqlite
import pytest

from tests import virtual


def test_a_year_of_sleeping_takes_no_time() -> None:
    began = real.monotonic()

    async def story(clock: virtual.VirtualClock) -> None:
        await clock.sleep(365 * 86400)
        assert clock.now() == virtual.START + timedelta(days=365)

    virtual.run(story)
    assert real.monotonic() - began < 5


def test_moments_are_exact_however_many_sleeps_lead_to_them() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        for _ in range(1000):
            await clock.sleep(0.1)
        assert clock.now() == virtual.START + timedelta(seconds=100)

    virtual.run(story)


def test_time_stands_still_while_a_thread_works() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        sleeper = asyncio.create_task(clock.sleep(0.001))
        await asyncio.to_thread(real.sleep, 0.05)
        assert clock.now() == virtual.START
        await sleeper

    virtual.run(story)


def test_time_stands_still_while_a_database_works(tmp_path: Path) -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        timer = asyncio.create_task(clock.sleep(1))
        async with aiosqlite.connect(tmp_path / "some.db") as connection:
            for _ in range(20):
                await connection.execute("SELECT 1")
            await connection.execute("CREATE TABLE one (number INTEGER)")
            await connection.commit()
        assert not timer.done()
        await timer

    virtual.run(story)


def test_timeouts_are_virtual() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        assert clock.now() == virtual.START + timedelta(hours=1)

    virtual.run(story)


def test_waiting_for_nothing_is_called_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "LONGEST_STANDSTILL", 0.01)

    async def story(_: virtual.VirtualClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(virtual.Deadlock):
        virtual.run(story)


def test_until_says_what_did_not_come_true() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        with pytest.raises(AssertionError, match="the moon did not come true within 60 s"):
            await clock.until(lambda: False, within=60, what="the moon")

    virtual.run(story)


def test_sleepers_wake_in_the_order_of_their_moments_however_they_began() -> None:
    woken: list[float] = []

    async def sleeper(clock: virtual.VirtualClock, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async def story(clock: virtual.VirtualClock) -> None:
        await asyncio.gather(*(sleeper(clock, each) for each in (0.03, 0.0, 0.01, 0.02)))

    virtual.run(story)
    assert woken == [0.0, 0.01, 0.02, 0.03]
