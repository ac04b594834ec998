"""Rules of `ports/control_planes.py` for what is not as wanted, for every runtime: it is replaced."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from steward.ports import control_planes, guests, probes
from steward.ports.clock import Clock
from steward.ports.control_planes import Part, PartState
from tests.ports import bundles
from tests.ports.bundles import Runtime

API_SERVER = Part.API_SERVER
ALONE = (Part.ETCD, Part.CONTROLLER_MANAGER, Part.SCHEDULER)


async def seen(runtime: Runtime, wanted: control_planes.ControlPlane, part: Part) -> PartState:
    return (await runtime.control_planes.observe(wanted.cluster_id))[part]


async def met(runtime: Runtime, wanted: control_planes.ControlPlane, part: Part = API_SERVER) -> None:
    """Step by step, as a reconciler does it."""

    async def is_met() -> bool:
        await runtime.control_planes.ensure(wanted, part)
        state = await seen(runtime, wanted, part)
        return state.running and state.mark == wanted.mark(part)

    await bundles.eventually(runtime, is_met, what=f"the replacement of {part}")


async def stays(runtime: Runtime, wanted: control_planes.ControlPlane, part: Part) -> None:
    """As wanted before. It may have ended for want of what was replaced, and is started again by itself."""

    async def is_as_before() -> bool:
        state = await seen(runtime, wanted, part)
        assert state.mark in (None, wanted.mark(part))
        return state.mark is not None

    await bundles.eventually(runtime, is_as_before, what=f"{part} as before")


class Client:
    """Asks again and again; `failures` is what it was told instead of an answer."""

    def __init__(self, ask: Callable[[], Awaitable[str]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self.answers = 0
        self.ending = False
        self.failures: list[str] = []

    async def work(self) -> None:
        while not self.ending:
            failure = await self._ask()
            if failure:
                self.failures.append(failure)
            else:
                self.answers += 1
            await self._clock.sleep(0.02)  # the cores are for those who are to answer


def clients(runtime: Runtime, wanted: control_planes.ControlPlane, access: guests.Access) -> list[Client]:
    async def kept_alive() -> str:
        try:
            await runtime.guests.version(access)
        except guests.NotAnswering as reason:
            return str(reason)
        return ""

    async def each_time_anew() -> str:
        return (await runtime.probes.probe(probes.Target(access=access, network=wanted.network))).failure

    return [Client(kept_alive, runtime.clock), Client(each_time_anew, runtime.clock)]


async def refused_during(runtime: Runtime, asking: list[Client], change: Awaitable[None]) -> list[str]:
    tasks = [asyncio.ensure_future(each.work()) for each in asking]
    try:
        await change
        # The one before serves on for a while; what it refuses then counts as well.
        await runtime.clock.sleep(6)
    finally:
        for each in asking:
            each.ending = True
        await asyncio.gather(*tasks)
        for each in asking:
            each.ending = False
    assert all(each.answers > 10 for each in asking)
    return [failure for each in asking for failure in each.failures]


def test_an_api_server_is_replaced_without_a_refused_request(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        asking = clients(runtime, wanted, access)
        for generation in (1, 2, 3):
            changed = replace(wanted, generation=generation, admission_plugins=("NodeRestriction",))
            assert await refused_during(runtime, asking, met(runtime, changed)) == []
            state = await seen(runtime, wanted, API_SERVER)
            assert (state.mark, state.replacing, state.restarts) == (changed.mark(API_SERVER), "", 0)

    runtime.run(story())


def test_what_is_met_is_left_alone(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        await bundles.start(runtime, wanted)
        changed = replace(wanted, generation=1)
        await met(runtime, changed)
        before = await runtime.control_planes.observe(wanted.cluster_id)
        for part in (*Part, *Part):
            await runtime.control_planes.ensure(changed, part)
        assert await runtime.control_planes.observe(wanted.cluster_id) == before

    runtime.run(story())


def test_at_once_is_at_once(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await met(runtime, replace(wanted, generation=1, at_once=True))
        await bundles.eventually(runtime, lambda: bundles.answers(runtime, access), what="the API's answer")

    runtime.run(story())


@pytest.mark.parametrize("part", ALONE)
def test_a_part_that_is_alone_starts_anew(runtime: Runtime, part: Part) -> None:
    wanted = runtime.orders.control_plane()
    files = {**wanted.files, "service-account.key": wanted.files.get("service-account.key", "") + "\n"}
    files |= {name: wanted.files.get(name, "") + "\n" for name in ("etcd-ca.crt", "ca.crt")}

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        changed = replace(wanted, files=files)
        assert changed.mark(part) != wanted.mark(part)
        await met(runtime, changed, part)
        await bundles.eventually(runtime, lambda: bundles.answers(runtime, access), what="the API's answer")
        for other in ALONE:
            if other is not part:
                await stays(runtime, wanted, other)

    runtime.run(story())


def test_a_wish_that_is_taken_back_ends_the_successor(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.control_planes.ensure(replace(wanted, generation=1), API_SERVER)
        assert (await seen(runtime, wanted, API_SERVER)).mark == wanted.mark(API_SERVER)
        await runtime.control_planes.ensure(wanted, API_SERVER)
        await runtime.control_planes.ensure(wanted, API_SERVER)
        assert (await seen(runtime, wanted, API_SERVER)).replacing == ""
        assert await bundles.answers(runtime, access)
        await met(runtime, replace(wanted, generation=2))

    runtime.run(story())


def test_the_successor_of_one_that_died_takes_its_place(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    changed = replace(wanted, generation=1)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.control_planes.ensure(changed, API_SERVER)
        runtime.kill_part(wanted, API_SERVER)
        await met(runtime, changed)
        await bundles.eventually(runtime, lambda: bundles.answers(runtime, access), what="the API's answer")

    runtime.run(story())


@pytest.mark.parametrize("steps", [1, 2, 40])
def test_another_steward_carries_a_replacement_on(runtime: Runtime, steps: int) -> None:
    wanted = runtime.orders.control_plane()
    changed = replace(wanted, generation=1)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        for _ in range(steps):
            await runtime.control_planes.ensure(changed, API_SERVER)
            await runtime.clock.sleep(0.1)
        await runtime.host.close()
        successor = await bundles.reopened(runtime)
        asking = clients(successor, wanted, access)
        assert await refused_during(successor, asking, met(successor, changed)) == []

    runtime.run(story())


def test_removal_ends_the_successor_as_well(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        await bundles.start(runtime, wanted)
        await runtime.control_planes.ensure(replace(wanted, generation=1), API_SERVER)
        await runtime.control_planes.remove(wanted.cluster_id)
        assert runtime.leftovers() == []

    runtime.run(story())
