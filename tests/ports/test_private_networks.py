"""The rules of `ports/private_networks.py`, for every runtime."""

import dataclasses
from ipaddress import IPv4Address, IPv4Network

from steward.domain import private_networks as domain
from steward.ports import machines
from steward.ports.control_planes import Part
from steward.ports.private_networks import Router, Segment
from tests.ports import bundles
from tests.ports.bundles import Runtime

SUBNET = IPv4Network("192.168.40.0/24")
GATEWAY = IPv4Address("192.168.40.1")


def segment(*routers: Router, number: int = 0) -> Segment:
    return Segment(number=number, routers=routers)


def router(number: int = 0) -> Router:
    return Router(number=number, address=GATEWAY, subnet=SUBNET, link=domain.gateway_link(bundles.PLAN, number))


def on_it(machine: machines.Machine, last: int, *, via: IPv4Address | None = None, number: int = 0) -> machines.Machine:
    address = SUBNET.network_address + last
    leg = domain.Leg(segment=number, address=address, prefix=SUBNET.prefixlen, default_via=via)
    return dataclasses.replace(machine, leg=leg)


def test_a_segment_stands_until_it_is_removed_and_leaves_nothing(runtime: Runtime) -> None:
    async def story() -> None:
        before = runtime.leftovers()
        networks = runtime.private_networks
        assert not (await networks.observe(0)).stands
        assert await networks.ensure(segment(router()))
        assert not await networks.ensure(segment(router()))
        state = await networks.observe(0)
        assert (state.stands, state.routers) == (True, frozenset({0}))
        for _ in range(2):
            await networks.remove(segment(router()))
            assert not (await networks.observe(0)).stands
            assert runtime.leftovers() == before

    runtime.run(story())


def test_a_router_comes_and_goes_by_itself(runtime: Runtime) -> None:
    async def story() -> None:
        networks = runtime.private_networks
        await networks.ensure(segment())
        assert (await networks.observe(0)).routers == frozenset()
        await networks.ensure(segment(router()))
        for _ in range(2):
            await networks.remove_router(0, 0)
            state = await networks.observe(0)
            assert (state.stands, state.routers) == (True, frozenset())
        await networks.remove(segment())

    runtime.run(story())


def test_a_machine_has_its_address_and_its_route(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = on_it(runtime.orders.machine(wanted), 20)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        await runtime.machines.ensure(machine)
        await bundles.eventually(runtime, lambda: bundles.machine_runs(runtime, machine), what="the machine running")
        assert (await runtime.private_networks.observe(0)).stands
        leg = (await runtime.private_networks.legs(wanted.network, [machine.number]))[machine.number]
        assert (leg.address, leg.default_via) == ("192.168.40.20", "")
        # Another way out while it runs, and back, without a restart.
        for via in (GATEWAY, None):
            await runtime.machines.ensure(on_it(machine, 20, via=via))
            leg = (await runtime.private_networks.legs(wanted.network, [machine.number]))[machine.number]
            assert (leg.address, leg.default_via) == ("192.168.40.20", str(via or ""))
        state = (await runtime.machines.observe(wanted.cluster_id))[machine.node_id]
        assert (state.running, state.restarts) == (True, 0)
        # It leaves the network, and goes on.
        await runtime.machines.ensure(dataclasses.replace(machine, leg=None))
        leg = (await runtime.private_networks.legs(wanted.network, [machine.number]))[machine.number]
        assert leg.address == ""

    runtime.run(story())


def test_a_segment_that_was_lost_is_joined_again(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = on_it(runtime.orders.machine(wanted), 20)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        await runtime.machines.ensure(machine)
        await runtime.private_networks.remove(segment())
        await runtime.private_networks.ensure(segment())
        await runtime.machines.ensure(machine)
        leg = (await runtime.private_networks.legs(wanted.network, [machine.number]))[machine.number]
        assert leg.address == "192.168.40.20"

    runtime.run(story())


def test_after_the_loss_of_the_host_it_is_made_again(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = on_it(runtime.orders.machine(wanted), 20, via=GATEWAY)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        await runtime.private_networks.ensure(segment(router()))
        await runtime.machines.ensure(machine)
        await runtime.host.close()
        runtime.lose_host()
        successor = await bundles.reopened(runtime)
        assert not (await successor.private_networks.observe(0)).stands
        await successor.control_planes.ensure(wanted, Part.NETWORK)
        await successor.private_networks.ensure(segment(router()))
        await successor.machines.ensure(machine)
        leg = (await successor.private_networks.legs(wanted.network, [machine.number]))[machine.number]
        assert (leg.address, leg.default_via) == ("192.168.40.20", str(GATEWAY))

    runtime.run(story())


def test_a_node_is_known_by_its_private_address(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = on_it(runtime.orders.machine(wanted), 20)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await bundles.join(runtime, access, machine)
        (node,) = await runtime.guests.nodes(access)
        assert node.address == "192.168.40.20"

    runtime.run(story())
