"""The rules of `ports/guests.py`, for every runtime."""

from typing import Any

import pytest

from steward.domain import networks, nodepools
from steward.ports import guests
from steward.ports.control_planes import Part
from tests.ports import bundles
from tests.ports.bundles import Runtime

NAMED: dict[str, tuple[Any, ...]] = {
    "apply": ([bundles.note("one")],),
    "remove_node": ("x",),
    "drain": ("x",),
    "sing": ("mark",),
    "greeting": ([],),
    "unbind": (["User:x"],),
}
NAMED_TOO = {"unbind": {"operation": "access:x"}}
ASKING = (
    "version",
    "ready",
    "stores",
    "has_default_account",
    "nodes",
    "signed_certificates",
    "survey",
    "admins",
    *NAMED,
)


@pytest.mark.parametrize("call", ASKING)
def test_an_api_that_is_not_there_is_an_expected_state(runtime: Runtime, call: str) -> None:
    access = runtime.orders.access(runtime.orders.control_plane())
    more = NAMED

    async def story() -> None:
        extra: dict[str, Any] = NAMED_TOO.get(call, {})
        if call == "drain":
            extra = {"since": runtime.clock.now(), "force": False}
        with pytest.raises(guests.NotAnswering, match="https://"):
            await getattr(runtime.guests, call)(access, *more.get(call, ()), **extra)

    runtime.run(story())


def test_an_api_server_without_its_etcd_does_not_answer(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        for part in (Part.NETWORK, Part.API_SERVER):
            await runtime.control_planes.ensure(wanted, part)
        await runtime.clock.sleep(5)  # longer than it would take to serve
        assert not await bundles.answers(runtime, runtime.orders.access(wanted))

    runtime.run(story())


def test_the_default_account_comes_with_the_controller_manager(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        for part in (Part.NETWORK, Part.ETCD, Part.API_SERVER):
            await runtime.control_planes.ensure(wanted, part)
        access = runtime.orders.access(wanted)
        await bundles.eventually(runtime, lambda: bundles.answers(runtime, access), what="the API's answer")
        assert not await runtime.guests.has_default_account(access)
        await runtime.control_planes.ensure(wanted, Part.CONTROLLER_MANAGER)
        await bundles.eventually(runtime, lambda: runtime.guests.has_default_account(access), what="the account")

    runtime.run(story())


def test_apply_may_be_repeated(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        for _ in range(2):
            await runtime.guests.apply(access, [bundles.note("one"), bundles.note("two")])

    runtime.run(story())


def test_a_node_is_known_before_its_machine_and_not_ready(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)
    template = nodepools.Template(
        labels={"team": "blue"}, taints=(nodepools.Taint(key="a", value="b", effect="NoSchedule"),), unschedulable=True
    )

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        for _ in range(2):
            await runtime.guests.register_node(access, bundles.identity(machine, template))
        found = await runtime.guests.nodes(access)
        assert [(each.name, each.ready, each.unschedulable) for each in found] == [(machine.name, False, True)]
        assert found[0].reason

    runtime.run(story())


def test_draining_cordons_and_ends_with_nothing_left(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await bundles.join(runtime, access, machine)
        since = runtime.clock.now()

        async def empty() -> bool:
            draining = await runtime.guests.drain(access, machine.name, since=since, force=False)
            return not draining.left

        await bundles.eventually(runtime, empty, what="the node being empty")
        assert (await runtime.guests.nodes(access))[0].unschedulable

    runtime.run(story())


@pytest.mark.parametrize("theirs", [False, True])
def test_a_drained_node_takes_pods_again_unless_others_forbid_it(runtime: Runtime, theirs: bool) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        template = nodepools.Template(unschedulable=theirs)
        await runtime.guests.register_node(access, bundles.identity(machine, template))
        for _ in range(2):
            await runtime.guests.drain(access, machine.name, since=runtime.clock.now(), force=False)
            assert (await runtime.guests.nodes(access))[0].unschedulable
        for _ in range(2):
            await runtime.guests.take_back(access, machine.name)
            assert (await runtime.guests.nodes(access))[0].unschedulable == theirs
        await runtime.guests.take_back(access, "nobody")

    runtime.run(story())


def test_draining_a_node_that_is_gone_finds_nothing(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        draining = await runtime.guests.drain(access, "nobody", since=runtime.clock.now(), force=True)
        assert list(draining.left) == []

    runtime.run(story())


def test_removing_a_node_may_be_repeated(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await runtime.guests.register_node(access, bundles.identity(machine))
        for _ in range(2):
            await runtime.guests.remove_node(access, machine.name)
            assert await runtime.guests.nodes(access) == []

    runtime.run(story())


def test_a_forgotten_cluster_can_be_asked_again(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        for _ in range(2):
            await runtime.guests.forget(wanted.cluster_id)
        assert await bundles.answers(runtime, access)

    runtime.run(story())


def test_a_cluster_says_what_it_is(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()
    machine = runtime.orders.machine(wanted)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        await bundles.join(runtime, access, machine)
        await bundles.eventually(runtime, lambda: _has_service(runtime, access), what="the service of the API itself")
        survey = await runtime.guests.survey(access)
        assert survey.version == wanted.version
        assert survey.service == str(networks.service_address(wanted.services, 1))
        (node,) = survey.nodes
        assert (node.name, node.ready) == (machine.name, True)
        assert node.labels["nodepool"] == "pool"
        assert node.pods == bundles.identity(machine).pods
        states = await runtime.machines.observe(wanted.cluster_id)
        assert states[machine.node_id].proxy_mode == machine.proxy_mode.value

    runtime.run(story())


async def _has_service(runtime: Runtime, access: guests.Access) -> bool:
    try:
        await runtime.guests.survey(access)
    except guests.NotAnswering:
        return False
    return True


def test_who_is_bound_to_cluster_admin_can_be_read(runtime: Runtime) -> None:
    async def story() -> None:
        access = await bundles.start(runtime, runtime.orders.control_plane())
        await bundles.eventually(runtime, lambda: _has_admins(runtime, access), what="the roles that come with it")
        assert (await runtime.guests.admins(access))["cluster-admin"] == ["Group:system:masters"]

    runtime.run(story())


def binding(name: str, namespace: str, *users: str) -> dict[str, Any]:
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": name, **place},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": each} for each in users],
    }


def test_whom_every_binding_named_none_names_afterwards(runtime: Runtime) -> None:
    async def story() -> None:
        access = await bundles.start(runtime, runtime.orders.control_plane())
        given = [
            binding("all", "", "eve"),
            binding("shared", "default", "eve", "bob"),
            binding("bobs", "default", "bob"),
        ]
        await runtime.guests.apply(access, given)
        found = await runtime.guests.unbind(access, ["User:eve"], operation="access:x")
        assert len(found) == 2
        assert await runtime.guests.unbind(access, ["User:eve"], operation="access:x") == []
        assert len(await runtime.guests.unbind(access, ["User:bob"], operation="access:x")) == 2, "others keep theirs"

    runtime.run(story())


async def _has_admins(runtime: Runtime, access: guests.Access) -> bool:
    return bool(await runtime.guests.admins(access))


def test_a_server_meets_callers_as_it_must(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        greeting = await runtime.guests.greeting(access, [str(wanted.network.api_address)])
        assert greeting.protocol in ("TLSv1.2", "TLSv1.3")
        assert (greeting.old_protocol, greeting.distrust, list(greeting.missing)) == (False, "", [])
        assert greeting.anonymous in (401, 403)
        assert greeting.expires_at > runtime.clock.now()

    runtime.run(story())


def test_showing_credentials_to_what_is_not_there_is_an_expected_state(runtime: Runtime) -> None:
    access = runtime.orders.access(runtime.orders.control_plane())

    async def story() -> None:
        with pytest.raises(guests.NotAnswering):
            await runtime.guests.answer_to(access, access)

    runtime.run(story())


def test_strangers_are_refused_and_ones_own_let_in(runtime: Runtime) -> None:
    wanted, other = runtime.orders.control_plane(0), runtime.orders.control_plane(1)

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        stranger = runtime.orders.access(other)
        assert await runtime.guests.answer_to(access, access) == 200
        assert await runtime.guests.answer_to(access, stranger) in (401, 403)

    runtime.run(story())
