"""`ipRestrictions` on the wire: what is appended, replaced, taken away, and refused."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from steward.domain import clusters, conditions
from tests.api import serving
from tests.api.test_bad_input import check_form

OFFICE, HOME, SIX = "203.0.113.0/24", "198.51.100.7", "2001:db8::/32"


async def made(service: serving.Service) -> str:
    return f"{service.kube}/{(await service.ready())['id']}/ipRestrictions"


async def settle(service: serving.Service, path: str) -> None:
    """As the reconciler would, once the kernel has it."""
    cluster_id = clusters.ClusterId(path.split("/")[-2])
    async with service.records.begin() as work:
        cluster = await work.clusters.get(cluster_id)
        assert cluster is not None
        await work.clusters.save(dataclasses.replace(cluster, conditions=serving.good()))
    await service.clock.sleep(1)


async def status(service: serving.Service, path: str) -> str:
    word: str = (await service.call("GET", path.rpartition("/")[0])).body["status"]
    return word


def test_append_replace_take_away(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await made(service)
        assert (await service.call("GET", path)).body == []
        first = await service.call("POST", path, {"ips": [OFFICE]})
        assert (first.status, first.body) == (200, [OFFICE])
        assert await status(service, path) == "REDEPLOYING"
        assert f"cluster:{path.split('/')[-2]}" in service.woken
        await settle(service, path)
        assert (await service.call("POST", path, {"ips": [HOME, SIX, f"{HOME}/32"]})).body == [OFFICE, HOME, SIX]
        await settle(service, path)
        gone = await service.call("DELETE", f"{path}/203.0.113.0%2F24")
        assert (gone.status, gone.text) == (200, "null")
        await settle(service, path)
        assert (await service.call("GET", path)).body == [HOME, SIX]
        assert (await service.call("DELETE", f"{path}/{HOME}")).status == 200
        await settle(service, path)
        assert (await service.call("DELETE", f"{path}/2001:db8::%2F32", prefix="/v1")).status == 200
        await settle(service, path)
        assert (await service.call("PUT", path, {"ips": [HOME]})).body == [HOME]
        await settle(service, path)
        assert (await service.call("PUT", path, {"ips": []})).body == []
        assert await status(service, path) == "REDEPLOYING"

    serving.run(tmp_path, story)


def test_what_changes_nothing_is_no_work(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = await made(service)
        for method, body in (("PUT", {"ips": []}), ("POST", {"ips": []}), ("PUT", {"ips": None})):
            assert (await service.call(method, path, body)).body == []
            assert await status(service, path) == "READY"

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "[ips] Missing parameter: ips is mandatory"),
        ({"ips": "203.0.113.0/24"}, "[ips] Given data (203.0.113.0/24) is not valid for type array"),
        ({"ips": [5]}, "[ips[0]] Given data (5) is not valid for type string"),
        ({"ips": ["203.0.113.7/24"]}, "[ips] Given data (203.0.113.7/24) is not valid for type ipBlock"),
        ({"ips": [OFFICE, "everybody"]}, "[ips] Given data (everybody) is not valid for type ipBlock"),
        ({"ips": [f"10.{each >> 8}.{each & 255}.0/24" for each in range(201)]}, "more than the 200"),
        ([], "The body must be a JSON object"),
    ],
)
def test_wrong_lists(tmp_path: Path, body: Any, said: str) -> None:
    async def story(service: serving.Service) -> None:
        path = await made(service)
        for method in ("POST", "PUT"):
            answer = await service.call(method, path, body)
            check_form(answer)
            assert answer.status == 400
            assert said in answer.body["message"]
        assert (await service.call("GET", path)).body == []
        assert await status(service, path) == "READY"

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("ip", "expected"), [(HOME, 404), ("203.0.113.0%2F25", 404), ("office", 400), ("1.2.3.4%2F%2F8", 400)]
)
def test_taking_away_what_is_not_there(tmp_path: Path, ip: str, expected: int) -> None:
    async def story(service: serving.Service) -> None:
        path = await made(service)
        await service.call("PUT", path, {"ips": [OFFICE]})
        await settle(service, path)
        answer = await service.call("DELETE", f"{path}/{ip}")
        check_form(answer)
        assert answer.status == expected
        assert (await service.call("GET", path)).body == [OFFICE]

    serving.run(tmp_path, story)


def test_it_waits_until_the_cluster_is_ready(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.order())['id']}/ipRestrictions"
        answer = await service.call("PUT", path, {"ips": [OFFICE]})
        check_form(answer)
        assert answer.status == 409
        assert answer.body["details"]["status"] == "INSTALLING"
        assert "INSTALLING (The cluster is being installed)" in answer.body["message"]
        assert (await service.call("GET", path)).body == []

    serving.run(tmp_path, story)


@pytest.mark.parametrize("whose", ["customer", "provider"])
def test_not_while_something_is_wrong(tmp_path: Path, whose: str) -> None:
    async def story(service: serving.Service) -> None:
        path = await made(service)
        blocked = conditions.Condition(
            kind=conditions.Kind.BLOCKED,
            holds=True,
            reason=conditions.Reason.STEP_FAILED,
            whose_turn=whose,
            since=service.clock.now(),
        )
        async with service.records.begin() as work:
            cluster = await work.clusters.get(clusters.ClusterId(path.split("/")[-2]))
            assert cluster is not None
            await work.clusters.save(dataclasses.replace(cluster, conditions=(*cluster.conditions, blocked)))
        assert (await service.call("PUT", path, {"ips": [OFFICE]})).status == 409

    serving.run(tmp_path, story)


def test_the_provider_may_look_and_may_not_change(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/1.0{await made(service)}"
        assert (await service.operator("GET", path)).body == []
        for method, where, body in (
            ("POST", path, {"ips": [OFFICE]}),
            ("PUT", path, {"ips": [OFFICE]}),
            ("DELETE", f"{path}/{HOME}", None),
        ):
            refused = await service.operator(method, where, body)
            assert refused.status == 403, refused.text
            assert refused.body["details"]["activity"] == "3.1.5-1"

    serving.run(tmp_path, story)
