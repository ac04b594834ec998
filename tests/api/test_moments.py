"""What is allowed while something is under way: what clients do side by side is not refused."""

import dataclasses
from pathlib import Path

import pytest

from steward.domain import clusters, conditions
from tests.api import serving
from tests.api.test_bad_input import check_form

LOGIN = {"issuerUrl": "https://id.example.org/realm", "clientId": "kube"}
POOL = {"flavorName": "d2-4", "name": "more", "desiredNodes": 1}


@pytest.mark.parametrize(("plan", "busy"), [("free", "REDEPLOYING"), ("standard", "INSTALLING")])
def test_pools_and_restrictions_change_while_a_login_is_set_up(tmp_path: Path, plan: str, busy: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(plan=plan)
        path = f"{service.kube}/{made['id']}"
        assert (await service.call("POST", f"{path}/openIdConnect", LOGIN)).status == 200
        assert await service.status(made) == busy
        assert (await service.call("POST", f"{path}/nodepool", POOL)).status == 200
        assert (await service.call("PUT", f"{path}/ipRestrictions", {"ips": ["192.0.2.0/24"]})).status == 200
        assert await service.status(made) == busy, "the change that was first goes on under its own word"
        second = await service.call("POST", f"{path}/restart", {"force": False})
        check_form(second)
        assert second.status == 409
        assert f"is {busy} (" in second.body["message"]

    serving.run(tmp_path, story)


def test_a_log_that_is_taken_up_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        async with service.records.begin() as work:
            found = await work.clusters.get(clusters.ClusterId(made["id"]))
            assert found is not None
            taken = conditions.Condition(
                kind=conditions.Kind.LOGS_FORWARDED,
                holds=False,
                reason=conditions.Reason.SUBSCRIBING,
                since=service.clock.now(),
            )
            await work.clusters.save(dataclasses.replace(found, conditions=conditions.merge(found.conditions, taken)))
        assert await service.status(made) == "REDEPLOYING"
        path = f"{service.kube}/{made['id']}"
        assert (await service.call("PUT", f"{path}/ipRestrictions", {"ips": ["192.0.2.0/24"]})).status == 200
        await service.settle(made["id"])
        assert (await service.call("POST", f"{path}/openIdConnect", LOGIN)).status == 200

    serving.run(tmp_path, story)


@pytest.mark.parametrize(("plan", "most"), [("free", 100), ("standard", 500)])
def test_a_pool_is_as_large_as_the_plan_allows(tmp_path: Path, plan: str, most: int) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(plan=plan)
        path = f"{service.kube}/{made['id']}/nodepool"
        pool = await service.call("POST", path, {**POOL, "maxNodes": most})
        assert (pool.status, pool.body["maxNodes"]) == (200, most)
        usual = await service.call("POST", path, {**POOL, "name": "usual"})
        assert usual.body["maxNodes"] == 100
        for answer in (
            await service.call("PUT", f"{path}/{pool.body['id']}", {"maxNodes": most + 1}),
            await service.call("POST", path, {**POOL, "name": "larger", "maxNodes": most + 1}),
        ):
            check_form(answer)
            assert answer.status == 400
            assert f"<= {most} must hold" in answer.body["message"]

    serving.run(tmp_path, story)
