"""The rules of `ports/hosts.py`, for every runtime."""

from dataclasses import replace

from steward.domain import flavors
from steward.ports import hosts
from steward.ports.control_planes import Part
from tests.ports import bundles
from tests.ports.bundles import Runtime


def test_preparing_may_be_repeated(runtime: Runtime) -> None:
    async def story() -> None:
        for _ in range(2):
            await runtime.host.prepare()

    runtime.run(story())


def test_the_room_is_more_than_nothing(runtime: Runtime) -> None:
    room = runtime.host.capacity()
    assert min(room.memory_mb, room.vcpus, room.disk_gb, room.largest_vcpus, room.largest_memory_mb) > 0


def test_no_flavor_is_larger_than_the_host(runtime: Runtime) -> None:
    room = runtime.host.capacity()
    fitting = flavors.Flavor(
        name="fits", category="b", vcpus=room.largest_vcpus, ram_gb=room.largest_memory_mb // 1024, disk_gb=50
    )
    assert runtime.host.fits(fitting)
    assert not runtime.host.fits(replace(fitting, vcpus=room.largest_vcpus + 1))
    assert not runtime.host.fits(replace(fitting, ram_gb=room.largest_memory_mb // 1024 + 1))


def test_every_listener_hears_and_none_after_the_end(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    first: list[hosts.Change] = []
    second: list[hosts.Change] = []

    async def story() -> None:
        runtime.host.subscribe(first.append)
        runtime.host.subscribe(second.append)
        for part in (Part.NETWORK, Part.ETCD):
            await runtime.control_planes.ensure(wanted, part)
        runtime.kill_part(wanted, Part.ETCD)
        await bundles.eventually(runtime, lambda: bool(first and second), what="both reports", within=5)
        await bundles.eventually(runtime, lambda: bundles.runs(runtime, wanted, Part.ETCD), what="etcd running")
        heard = len(first)
        await runtime.host.close()
        runtime.kill_part(wanted, Part.ETCD)
        await runtime.clock.sleep(1)
        assert len(first) == heard

    runtime.run(story())


def test_what_was_asked_for_is_no_change(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)
    heard: list[hosts.Change] = []

    async def story() -> None:
        runtime.host.subscribe(heard.append)
        await bundles.start(runtime, wanted)
        await runtime.machines.ensure(machine)
        await runtime.machines.remove(wanted.cluster_id, machine.node_id)
        await runtime.control_planes.remove(wanted.cluster_id)
        await runtime.clock.sleep(1)
        assert heard == []

    runtime.run(story())
