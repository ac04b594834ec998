"""The rules of `ports/control_planes.py` about who is let in to the API, for every runtime."""

from dataclasses import replace

import pytest

from steward.domain import restrictions
from steward.ports.control_planes import Admission, ControlPlane, Part
from tests.ports import bundles
from tests.ports.bundles import Runtime

BLOCKS = ("203.0.113.0/24", "203.0.112.0/24", "198.51.100.7", "2001:db8::/32", "192.0.2.0/25", "192.0.2.128/25")


def only(wanted: ControlPlane, *blocks: str) -> ControlPlane:
    return replace(wanted, sources=restrictions.admitted(blocks))


async def network(runtime: Runtime) -> ControlPlane:
    wanted = runtime.orders.control_plane()
    await runtime.control_planes.ensure(wanted, Part.NETWORK)
    return wanted


def test_a_new_network_lets_everybody_in(runtime: Runtime) -> None:
    async def story() -> None:
        assert await runtime.control_planes.admission(runtime.orders.control_plane()) is None
        wanted = await network(runtime)
        assert await runtime.control_planes.admission(wanted) == Admission(sources=None)
        assert await runtime.control_planes.knock(wanted)

    runtime.run(story())


@pytest.mark.parametrize("blocks", [BLOCKS, ("2001:db8::1",), ("0.0.0.0/0", "::/0"), ("203.0.113.7",)])
def test_what_was_restricted_is_read_back_as_it_was_wanted(runtime: Runtime, blocks: tuple[str, ...]) -> None:
    async def story() -> None:
        wanted = only(await network(runtime), *blocks)
        for _ in range(2):
            await runtime.control_planes.restrict(wanted)
            assert await runtime.control_planes.admission(wanted) == Admission(sources=wanted.sources)

    runtime.run(story())


def test_a_stranger_is_turned_away_and_counted_until_it_is_listed(runtime: Runtime) -> None:
    async def story() -> None:
        wanted = await network(runtime)
        stranger = str(wanted.network.host_address)
        restricted = only(wanted, "203.0.113.0/24")
        await runtime.control_planes.restrict(restricted)
        assert not await runtime.control_planes.knock(restricted)
        seen = await runtime.control_planes.admission(restricted)
        assert seen is not None
        assert seen.refused > 0
        listed = only(wanted, "203.0.113.0/24", stranger)
        await runtime.control_planes.restrict(listed)
        assert await runtime.control_planes.knock(listed)
        await runtime.control_planes.restrict(restricted)
        assert not await runtime.control_planes.knock(restricted)
        await runtime.control_planes.restrict(wanted)
        assert await runtime.control_planes.knock(wanted)
        assert await runtime.control_planes.admission(wanted) == Admission(sources=None)

    runtime.run(story())


def test_whom_it_lets_in_is_no_matter_of_other_parts(runtime: Runtime) -> None:
    async def story() -> None:
        wanted = only(await network(runtime), *BLOCKS)
        await runtime.control_planes.restrict(wanted)
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        successor = await bundles.reopened(runtime)
        await successor.control_planes.ensure(wanted, Part.NETWORK)
        assert await successor.control_planes.admission(wanted) == Admission(sources=wanted.sources)

    runtime.run(story())


def test_steward_and_its_probes_are_let_in_always(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        restricted = only(wanted, "203.0.113.0/24")
        await runtime.control_planes.restrict(restricted)
        assert not await runtime.control_planes.knock(restricted)
        assert await bundles.answers(runtime, access)
        await runtime.guests.forget(wanted.cluster_id)
        assert await bundles.answers(runtime, access), "a new connection is let in as well"
        greeting = await runtime.guests.greeting(access, [])
        assert greeting.anonymous in (401, 403)
        await bundles.join(runtime, access, runtime.orders.machine(wanted))

    runtime.run(story())


def test_the_loss_of_the_host_takes_the_restrictions_along(runtime: Runtime) -> None:
    async def story() -> None:
        wanted = only(await network(runtime), *BLOCKS)
        await runtime.control_planes.restrict(wanted)
        await runtime.host.close()
        runtime.lose_host()
        successor = await bundles.reopened(runtime)
        assert await successor.control_planes.admission(wanted) is None
        await successor.control_planes.ensure(wanted, Part.NETWORK)
        assert await successor.control_planes.admission(wanted) == Admission(sources=None)
        await successor.control_planes.restrict(wanted)
        assert await successor.control_planes.admission(wanted) == Admission(sources=wanted.sources)

    runtime.run(story())
