"""The rules of `ports/probes.py`, for every runtime."""

import dataclasses

import pytest

from steward.ports import guests, probes
from steward.ports.control_planes import ControlPlane, Part
from tests.ports import bundles
from tests.ports.bundles import Runtime

USER = "ports"


def target(runtime: Runtime, wanted: ControlPlane) -> probes.Target:
    access = dataclasses.replace(runtime.orders.access(wanted), user=USER)
    return probes.Target(access=access, network=wanted.network)


def binding() -> dict[str, object]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "ports"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER}],
    }


def test_what_is_not_there_is_seen_and_never_raises(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        asked = target(runtime, wanted)
        seen = await runtime.probes.probe(asked)
        assert not seen.good
        assert seen.failure
        with pytest.raises(guests.NotAnswering):
            await runtime.probes.attempt(asked)

    runtime.run(story())


def test_an_api_server_without_its_etcd_fails_in_time(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        for part in (Part.NETWORK, Part.API_SERVER):
            await runtime.control_planes.ensure(wanted, part)
        await runtime.clock.sleep(5)
        began = runtime.clock.now()
        seen = await runtime.probes.probe(target(runtime, wanted))
        assert not seen.good
        assert (runtime.clock.now() - began).total_seconds() < probes.PATIENCE + 1

    runtime.run(story())


def test_a_whole_control_plane_is_good_and_its_end_is_seen(runtime: Runtime) -> None:
    wanted = runtime.orders.control_plane()

    async def story() -> None:
        access = await bundles.start(runtime, wanted)
        asked = target(runtime, wanted)

        async def good() -> bool:
            return (await runtime.probes.probe(asked)).good

        await bundles.eventually(runtime, good, what="a good probe")
        assert (await runtime.probes.probe(asked)).answered_ms > 0
        await runtime.guests.apply(access, [binding()])
        assert await runtime.probes.attempt(asked) == 200
        await runtime.guests.remove(access, [binding()])
        await runtime.guests.remove(access, [binding()])  # what is gone is no error
        await runtime.control_planes.remove(wanted.cluster_id)
        assert not await good()

    runtime.run(story())
