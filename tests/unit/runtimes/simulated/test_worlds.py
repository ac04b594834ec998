"""What the simulated world promises beyond the ports: it says what it is, keeps its files, and is cheap."""

import json
import tracemalloc
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from steward.domain import nodepools
from steward.ports import guests
from steward.ports.control_planes import Part
from steward.runtimes.simulated import control_planes as control_planes_
from steward.runtimes.simulated import faults as faults_
from steward.runtimes.simulated import guests as guests_
from steward.runtimes.simulated import hosts as hosts_
from steward.runtimes.simulated import machines as machines_
from steward.runtimes.simulated import world as world_
from tests import virtual
from tests.ports import bundles, simulated_factory

ORDERS = simulated_factory.Orders()


class Parts:
    def __init__(self, world: world_.World) -> None:
        self.world = world
        self.control_planes = control_planes_.SimulatedControlPlanes(world)
        self.machines = machines_.SimulatedMachines(world)
        self.guests = guests_.SimulatedGuests(world)
        self.faults = faults_.Faults(world)

    async def start(self, number: int, machines: int = 0) -> guests.Access:
        wanted = ORDERS.control_plane(number)
        access = ORDERS.access(wanted)
        for part in Part:
            await self.control_planes.ensure(wanted, part)
        for each in range(machines):
            await self.machines.ensure(ORDERS.machine(wanted, each))
        await self.world.clock.sleep(6)
        for each in range(machines):
            await self.guests.register_node(access, bundles.identity(ORDERS.machine(wanted, each)))
        await self.control_planes.mark_served(wanted.cluster_id)
        return access


def test_it_says_loudly_that_nothing_real_runs() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        with capture_logs() as said:
            await hosts_.SimulatedHost(world_.World(clock=clock)).prepare()
        assert said[0]["log_level"] == "warning"
        assert "NOTHING REAL RUNS" in said[0]["meaning"]

    virtual.run(story)


def test_the_parts_take_their_time() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        parts = Parts(world_.World(clock=clock))
        wanted = ORDERS.control_plane()
        access, machine = ORDERS.access(wanted), ORDERS.machine(wanted)
        began = clock.now()
        for part in Part:
            await parts.control_planes.ensure(wanted, part)
        await clock.until(lambda: parts.faults.serves(wanted.cluster_id), every=0.01)
        assert (clock.now() - began).total_seconds() == pytest.approx(3.5, abs=0.1)
        await clock.until(lambda: parts.guests.has_default_account(access), every=0.01)
        assert (clock.now() - began).total_seconds() == pytest.approx(5.5, abs=0.1)
        began = clock.now()
        await parts.machines.ensure(machine)
        await parts.guests.register_node(access, bundles.identity(machine))

        async def ready() -> bool:
            return (await parts.guests.nodes(access))[0].ready

        await clock.until(ready, every=0.01)
        assert (clock.now() - began).total_seconds() == pytest.approx(1.5, abs=0.1)

    virtual.run(story)


def test_a_silent_node_is_not_ready_after_its_grace() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        parts = Parts(world_.World(clock=clock))
        access = await parts.start(0, machines=1)
        await clock.sleep(2)
        node = ORDERS.machine(ORDERS.control_plane(), 0).node_id
        parts.faults.refuse(access.cluster_id, node, "broken")
        parts.faults.kill_machine(access.cluster_id, node)
        await clock.sleep(35)
        assert (await parts.guests.nodes(access))[0].ready
        await clock.sleep(10)
        silent = (await parts.guests.nodes(access))[0]
        assert not silent.ready
        assert "stopped posting" in silent.reason

    virtual.run(story)


def test_fields_of_others_are_left_alone() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        parts = Parts(world_.World(clock=clock))
        access = await parts.start(0)
        identity = bundles.identity(ORDERS.machine(ORDERS.control_plane()), nodepools.Template(labels={"ours": "1"}))
        await parts.guests.register_node(access, identity)
        data = parts.world.places[access.cluster_id].data
        assert data is not None
        data.nodes[identity.name].labels["theirs"] = "1"
        bare = bundles.identity(ORDERS.machine(ORDERS.control_plane()))
        await parts.guests.register_node(access, bare)
        assert data.nodes[identity.name].labels == {"theirs": "1", **bare.labels}
        await parts.guests.apply(access, [{**bundles.note("one"), "data": {"a": "1"}}])
        await parts.guests.apply(access, [{**bundles.note("one"), "data": {"b": "2"}}])
        assert data.manifests["v1/ConfigMap/default/one"]["data"] == {"a": "1", "b": "2"}

    virtual.run(story)


def test_two_machines_with_one_number_do_not_both_run() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        parts = Parts(world_.World(clock=clock))
        wanted = ORDERS.control_plane()
        await parts.control_planes.ensure(wanted, Part.NETWORK)
        first = ORDERS.machine(wanted, 0)
        second = bundles.plain_machine(wanted, 1, {})
        await parts.machines.ensure(first)
        await parts.machines.ensure(
            type(second)(**{**{name: getattr(second, name) for name in second.__slots__}, "number": 0})
        )
        states = await parts.machines.observe(wanted.cluster_id)
        assert not states[second.node_id].running
        assert "in use" in states[second.node_id].reason

    virtual.run(story)


def test_the_world_is_found_again_and_its_files_hold_no_credential(tmp_path: Path) -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        access = await Parts(world_.World(clock=clock, folder=tmp_path)).start(0, machines=2)
        text = (tmp_path / f"{access.cluster_id}.json").read_text()
        assert json.loads(text)["served"] is True
        assert "an authority" not in text
        assert "a certificate" not in text
        successor = Parts(world_.World(clock=clock, folder=tmp_path))
        await clock.sleep(2)
        assert [each.ready for each in await successor.guests.nodes(access)] == [True, True]

    virtual.run(story)


def test_no_id_leads_out_of_the_folder(tmp_path: Path) -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        world = world_.World(clock=clock, folder=tmp_path / "world")
        world.make("../outside", 0)
        with pytest.raises(ValueError, match="no id"), world.changing("../outside"):
            pass

    virtual.run(story)


def test_a_thousand_clusters_of_three_nodes_cost_little() -> None:
    async def story(clock: virtual.VirtualClock) -> None:
        parts = Parts(world_.World(clock=clock))
        tracemalloc.start()
        try:
            for number in range(1000):
                await parts.start(number, machines=3)
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(parts.world.places) == 1000
        assert kept < 30 * 2**20

    virtual.run(story)
