"""The rules of `ports/control_planes.py`, for every runtime."""

from datetime import timedelta

import pytest

from steward.domain import errors
from steward.ports import guests, hosts
from steward.ports.control_planes import Part
from tests.ports import bundles
from tests.ports.bundles import Runtime

AT_ONCE = timedelta(seconds=3)  # an API server needs longer before it serves


def test_every_verb_returns_at_once(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        began = runtime.clock.now()
        for part in (Part.NETWORK, Part.ETCD, Part.API_SERVER):
            await runtime.control_planes.ensure(wanted, part)
        assert runtime.clock.now() - began < AT_ONCE
        with pytest.raises(guests.NotAnswering):
            await runtime.guests.version(runtime.orders.access(wanted))
        began = runtime.clock.now()
        await runtime.control_planes.observe(wanted.cluster_id)
        await runtime.control_planes.remove(wanted.cluster_id)
        assert runtime.clock.now() - began < AT_ONCE

    runtime.run(story())


def test_the_parts_together_serve_the_version_that_was_wanted(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        assert await runtime.guests.version(access) == wanted.version
        states = await runtime.control_planes.observe(wanted.cluster_id)
        assert all(states[part].running and states[part].restarts == 0 for part in Part), states

    runtime.run(story())


def test_ensure_leaves_alone_what_stands(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        before = await runtime.control_planes.observe(wanted.cluster_id)
        for part in (*Part, *Part):
            await runtime.control_planes.ensure(wanted, part)
            assert await bundles.answers(runtime, access), f"ensure of {part} disturbed what stood"
        assert await runtime.control_planes.observe(wanted.cluster_id) == before

    runtime.run(story())


def test_ensure_of_a_part_starts_nothing_else(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        for part in (Part.NETWORK, Part.ETCD):
            await runtime.control_planes.ensure(wanted, part)
        states = await runtime.control_planes.observe(wanted.cluster_id)
        assert [part for part in Part if states[part].running] == [Part.NETWORK, Part.ETCD]

    runtime.run(story())


def test_observe_says_that_what_was_never_started_does_not_run(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        states = await runtime.control_planes.observe(wanted.cluster_id)
        assert not any(state.running for state in states.values())
        assert runtime.leftovers() == []

    runtime.run(story())


@pytest.mark.parametrize("part", [Part.ETCD, Part.API_SERVER, Part.CONTROLLER_MANAGER, Part.SCHEDULER])
def test_a_part_that_died_starts_again_and_is_reported(runtime: Runtime, part: Part) -> None:
    wanted = runtime.orders.control_plane()
    heard: list[hosts.Change] = []

    async def story() -> None:
        runtime.host.subscribe(heard.append)
        access = await bundles.start(runtime, wanted)
        runtime.kill_part(wanted, part)
        await bundles.eventually(runtime, lambda: bool(heard), what="the report", within=5)
        assert (heard[0].cluster_id, heard[0].node_id, heard[0].component) == (wanted.cluster_id, "", part)
        assert heard[0].message
        await bundles.eventually(runtime, lambda: bundles.runs(runtime, wanted, part), what=f"{part} running again")
        assert (await runtime.control_planes.observe(wanted.cluster_id))[part].restarts == 1
        await bundles.eventually(runtime, lambda: bundles.answers(runtime, access), what="the API's answer")

    runtime.run(story())


def test_a_part_that_dies_often_waits_longer_each_time(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    pauses: list[timedelta] = []

    async def story() -> None:
        for part in (Part.NETWORK, Part.ETCD):
            await runtime.control_planes.ensure(wanted, part)
        for restarts in range(1, 5):
            runtime.kill_part(wanted, Part.ETCD)
            died = runtime.clock.now()

            async def started_again(restarts: int = restarts) -> bool:
                state = (await runtime.control_planes.observe(wanted.cluster_id))[Part.ETCD]
                return state.running and state.restarts >= restarts

            await bundles.eventually(runtime, started_again, what="another start")
            pauses.append(runtime.clock.now() - died)
        assert pauses[3] > 2 * pauses[0], pauses

    runtime.run(story())


def test_remove_leaves_nothing_and_may_be_repeated(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        await bundles.start(runtime, wanted)
        assert runtime.leftovers() != []
        for _ in range(2):
            await runtime.control_planes.remove(wanted.cluster_id)
            assert runtime.leftovers() == []
        states = await runtime.control_planes.observe(wanted.cluster_id)
        assert not any(state.running for state in states.values())

    runtime.run(story())


def test_what_remains_of_a_cluster_is_found_on_the_machine(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        await bundles.start(runtime, wanted)
        found = await runtime.control_planes.remains(wanted.cluster_id, wanted.network.slot)
        assert found.service
        assert found.data
        await runtime.control_planes.remove(wanted.cluster_id)
        found = await runtime.control_planes.remains(wanted.cluster_id, wanted.network.slot)
        assert (list(found.service), list(found.data)) == ([], [])

    runtime.run(story())


def test_remove_of_what_is_half_made_leaves_nothing(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        for part in (Part.NETWORK, Part.ETCD, Part.API_SERVER):
            await runtime.control_planes.ensure(wanted, part)
        runtime.kill_part(wanted, Part.ETCD)
        await runtime.control_planes.remove(wanted.cluster_id)
        assert runtime.leftovers() == []

    runtime.run(story())


def test_a_part_that_died_is_not_started_after_its_removal(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        for part in (Part.NETWORK, Part.ETCD):
            await runtime.control_planes.ensure(wanted, part)
        runtime.kill_part(wanted, Part.ETCD)
        await runtime.control_planes.remove(wanted.cluster_id)
        await runtime.clock.sleep(2)  # longer than the first back-off
        assert not await bundles.runs(runtime, wanted, Part.ETCD)
        assert runtime.leftovers() == []

    runtime.run(story())


def test_the_same_cluster_can_be_made_again_after_its_removal(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.apply(access, [bundles.note("kept")])
        await runtime.control_planes.remove(wanted.cluster_id)
        await runtime.guests.forget(wanted.cluster_id)
        await bundles.start(runtime, wanted)
        assert await runtime.guests.nodes(access) == []

    runtime.run(story())


def test_two_clusters_with_the_same_ranges_do_not_see_each_other(runtime: Runtime) -> None:
    one, other = runtime.orders.control_plane(0), runtime.orders.control_plane(1)

    async def story() -> None:
        access = await bundles.start(runtime, one)
        await bundles.start(runtime, other)
        await runtime.control_planes.remove(other.cluster_id)
        assert await bundles.answers(runtime, access)

    runtime.run(story())


def test_nothing_ends_when_steward_ends(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.host.close()
        successor = await bundles.reopened(runtime)
        assert await bundles.answers(successor, access)
        for part in Part:
            await successor.control_planes.ensure(wanted, part)
        states = await successor.control_planes.observe(wanted.cluster_id)
        assert all(states[part].running and states[part].restarts == 0 for part in Part), states
        await successor.control_planes.remove(wanted.cluster_id)
        assert successor.leftovers() == []

    runtime.run(story())


def test_after_the_loss_of_the_host_ensure_brings_the_same_data_back(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.register_node(access, bundles.identity(machine))
        await runtime.host.close()
        runtime.lose_host()
        successor = await bundles.reopened(runtime)
        states = await successor.control_planes.observe(wanted.cluster_id)
        assert not any(state.running for state in states.values()), states
        await bundles.start(successor, wanted)
        assert [each.name for each in await successor.guests.nodes(access)] == [machine.name]

    runtime.run(story())


def test_a_half_born_etcd_is_made_anew(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        for part in (Part.NETWORK, Part.ETCD):
            await runtime.control_planes.ensure(wanted, part)
        await runtime.host.close()
        runtime.lose_host()
        await bundles.start(await bundles.reopened(runtime), wanted)

    runtime.run(story())


def test_data_that_served_and_is_gone_is_not_made_anew(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        await bundles.start(runtime, wanted)
        await runtime.host.close()
        runtime.lose_host()
        runtime.lose_data(wanted)
        successor = await bundles.reopened(runtime)
        await successor.control_planes.ensure(wanted, Part.NETWORK)
        for _ in range(2):
            with pytest.raises(errors.Unavailable, match="restore"):
                await successor.control_planes.ensure(wanted, Part.ETCD)
        assert not await bundles.runs(successor, wanted, Part.ETCD)

    runtime.run(story())


def test_marking_what_is_gone_leaves_nothing(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        await runtime.control_planes.mark_served(wanted.cluster_id)
        assert runtime.leftovers() == []

    runtime.run(story())
