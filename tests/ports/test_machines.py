"""The rules of `ports/machines.py`, for every runtime."""

import dataclasses
from datetime import timedelta

from steward.domain import customizations, nodes
from steward.ports import hosts, machines
from steward.ports.control_planes import Part
from tests.ports import bundles
from tests.ports.bundles import Runtime

AT_ONCE = timedelta(seconds=5)


def test_a_machine_becomes_a_ready_node_of_its_version(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        began = runtime.clock.now()
        await runtime.machines.ensure(machine)
        assert runtime.clock.now() - began < AT_ONCE
        await bundles.join(runtime, access, machine)
        node = next(iter(await runtime.guests.nodes(access)))
        assert (node.name, node.version, node.unschedulable) == (machine.name, str(machine.version), False)
        state = (await runtime.machines.observe(wanted.cluster_id))[machine.node_id]
        assert state.running
        assert state.instance_id == machine.instance_id

    runtime.run(story())


def test_ensure_leaves_alone_what_stands_and_starts_nothing_else(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    first, second = runtime.orders.machine(wanted, 0), runtime.orders.machine(wanted, 1)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        for _ in range(3):
            await runtime.machines.ensure(first)
        await runtime.machines.ensure(second)
        states = await runtime.machines.observe(wanted.cluster_id)
        assert {each: state.restarts for each, state in states.items()} == {first.node_id: 0, second.node_id: 0}
        plane = await runtime.control_planes.observe(wanted.cluster_id)
        assert [part for part in Part if plane[part].running] == [Part.NETWORK]

    runtime.run(story())


def test_a_machine_that_died_starts_again_and_is_reported(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)
    heard: list[hosts.Change] = []

    async def story() -> None:
        runtime.host.subscribe(heard.append)
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        await runtime.machines.ensure(machine)
        await bundles.eventually(runtime, lambda: bundles.machine_runs(runtime, machine), what="the machine running")
        runtime.kill_machine(machine)
        await bundles.eventually(runtime, lambda: bool(heard), what="the report", within=5)
        assert (heard[0].cluster_id, heard[0].node_id) == (wanted.cluster_id, machine.node_id)

        async def again() -> bool:
            state = (await runtime.machines.observe(wanted.cluster_id))[machine.node_id]
            return state.running and state.restarts >= 1

        await bundles.eventually(runtime, again, what="the machine running again")

    runtime.run(story())


def test_remove_leaves_nothing_and_may_be_repeated(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        before = runtime.leftovers()
        await runtime.machines.ensure(machine)
        for _ in range(2):
            await runtime.machines.remove(wanted.cluster_id, machine.node_id)
            assert await runtime.machines.observe(wanted.cluster_id) == {}
            assert runtime.leftovers() == before

    runtime.run(story())


def test_remove_of_a_machine_that_died_leaves_nothing(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        await runtime.machines.ensure(machine)
        runtime.kill_machine(machine)
        await runtime.machines.remove(wanted.cluster_id, machine.node_id)
        await runtime.clock.sleep(2)  # longer than the first back-off
        assert await runtime.machines.observe(wanted.cluster_id) == {}

    runtime.run(story())


def test_remove_in_a_cluster_that_is_gone_is_no_error(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        await runtime.machines.remove(wanted.cluster_id, machine.node_id)
        assert await runtime.machines.observe(wanted.cluster_id) == {}
        assert runtime.leftovers() == []

    runtime.run(story())


def test_a_number_serves_the_next_machine_once_it_is_free(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    first = runtime.orders.machine(wanted)
    other_plane = runtime.orders.control_plane(1)
    second = runtime.orders.machine(other_plane)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        await runtime.control_planes.ensure(other_plane, Part.NETWORK)
        await runtime.machines.ensure(first)
        await runtime.machines.ensure(second)  # the same number, in another cluster
        await bundles.eventually(runtime, lambda: bundles.machine_runs(runtime, second), what="the other machine")
        await runtime.machines.remove(wanted.cluster_id, first.node_id)
        await runtime.machines.ensure(first)
        await bundles.eventually(runtime, lambda: bundles.machine_runs(runtime, first), what="the machine again")

    runtime.run(story())


def test_a_machine_is_made_anew_once_it_was_removed(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)
    anew = dataclasses.replace(machine, generation=1)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await bundles.join(runtime, access, machine)
        await runtime.machines.ensure(anew)  # it is not empty yet, and so is left alone
        state = (await runtime.machines.observe(wanted.cluster_id))[machine.node_id]
        assert (state.running, state.restarts, state.version, state.generation) == (True, 0, str(machine.version), 0)
        await runtime.machines.remove(wanted.cluster_id, machine.node_id)
        await runtime.machines.ensure(anew)
        state = (await runtime.machines.observe(wanted.cluster_id))[machine.node_id]
        assert (state.version, state.generation) == (str(machine.version), 1)

        async def reported() -> bool:
            (node,) = await runtime.guests.nodes(access)
            return node.ready and node.machine == nodes.machine_id(machine.node_id, 1)

        await bundles.eventually(runtime, reported, what="the report of the new machine")

    runtime.run(story())


def test_other_parameters_start_kube_proxy_again_and_nothing_else(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)
    asked = {"kubeProxy": {"iptables": {"syncPeriod": "PT41S"}}}
    proxy = customizations.changed(customizations.DEFAULT, asked).kube_proxy
    other = dataclasses.replace(machine, proxy=proxy)

    async def told(machine: machines.Machine) -> bool:
        await runtime.machines.ensure(machine)
        state = (await runtime.machines.observe(wanted.cluster_id))[machine.node_id]
        return state.running and state.parameters == machines.parameters(machine.proxy_mode, machine.proxy)

    async def story() -> None:
        await runtime.control_planes.ensure(wanted, Part.NETWORK)
        await bundles.eventually(runtime, lambda: told(machine), what="its first parameters")
        await bundles.eventually(runtime, lambda: told(other), what="its other parameters")
        await bundles.eventually(runtime, lambda: told(other), what="the same again")
        state = (await runtime.machines.observe(wanted.cluster_id))[machine.node_id]
        assert (state.restarts, state.parameters) == (0, "iptables syncPeriod=PT41S")
        await runtime.host.close()
        successor = await bundles.reopened(runtime)
        await successor.machines.ensure(other)
        state = (await successor.machines.observe(wanted.cluster_id))[machine.node_id]
        assert (state.running, state.parameters) == (True, "iptables syncPeriod=PT41S")

    runtime.run(story())


def test_nothing_ends_when_steward_ends(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await bundles.join(runtime, access, machine)
        await runtime.host.close()
        successor = await bundles.reopened(runtime)
        await successor.machines.ensure(machine)
        state = (await successor.machines.observe(wanted.cluster_id))[machine.node_id]
        assert (state.running, state.restarts, state.instance_id) == (True, 0, machine.instance_id)
        assert await bundles.is_ready(successor, access, machine.name)

    runtime.run(story())


def test_after_the_loss_of_the_host_ensure_brings_the_node_back(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await bundles.join(runtime, access, machine)
        await runtime.host.close()
        runtime.lose_host()
        successor = await bundles.reopened(runtime)
        state = (await successor.machines.observe(wanted.cluster_id)).get(machine.node_id)
        assert state is None or not state.running
        await bundles.start(successor, wanted)
        await bundles.join(successor, access, machine)
        assert await bundles.machine_runs(successor, machine)

    runtime.run(story())
