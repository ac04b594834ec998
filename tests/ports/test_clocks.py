"""The rules of `ports/clock.py`: the machine's own clock, and the virtual one that tests own."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest

from steward.outside import clock as clock_
from steward.ports import clock
from tests import virtual

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["system", "virtual"])
def owned(request: pytest.FixtureRequest) -> Iterator[tuple[clock.Clock, Run]]:
    if request.param == "system":
        yield clock_.SystemClock(), asyncio.run
        return
    time = virtual.Time()
    try:
        yield time.clock, time.run
    finally:
        time.close()


def test_now_is_in_utc_and_never_goes_back(owned: tuple[clock.Clock, Run]) -> None:
    clock, _ = owned
    moments = [clock.now() for _ in range(100)]
    assert moments == sorted(moments)
    assert all(each.tzinfo is UTC for each in moments)


def test_sleeping_takes_at_least_its_time(owned: tuple[clock.Clock, Run]) -> None:
    clock, run = owned

    async def story() -> None:
        for seconds in (0, 0.001, 0.0123):
            before = clock.now()
            await clock.sleep(seconds)
            # The system's two clocks, of timers and of the day, may differ by a hair.
            assert clock.now() - before >= timedelta(seconds=seconds - 0.001)

    run(story())


def test_sleepers_wake_in_the_order_of_their_moments(owned: tuple[clock.Clock, Run]) -> None:
    clock, run = owned
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async def story() -> None:
        # The latest is started last, so that no pause of a busy machine between two starts turns them round.
        await asyncio.gather(*(sleeper(each) for each in (0.0, 0.01, 0.02, 0.03)))

    run(story())
    assert woken == [0.0, 0.01, 0.02, 0.03]


def test_a_sleep_can_be_cut_short(owned: tuple[clock.Clock, Run]) -> None:
    clock, run = owned

    async def story() -> None:
        before = clock.now()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(clock.sleep(3600), 0.01)
        assert clock.now() - before < timedelta(seconds=10)

    run(story())
