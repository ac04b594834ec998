"""Whatever comes in: OVHcloud's error form goes out, and nothing is half-made."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from steward.domain import errors
from steward.operations import clusters
from steward.ports import hosts
from tests.api import serving

UNKNOWN = "01234567-89ab-4cde-8f01-23456789abcd"


def check_form(answer: serving.Answer) -> None:
    """Both error shapes in one object, as go-ovh and python-ovh decode them."""
    assert set(answer.body) == {"class", "message", "errorCode", "httpCode", "details"}
    assert answer.body["httpCode"].startswith(f"{answer.status} ")
    assert all(isinstance(value, str) for value in answer.body["details"].values())
    assert answer.body["details"]["whoseTurn"] in ("customer", "provider")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-ovh-queryid"].startswith("LOCAL.ext-1.")


def good_pool(**fields: Any) -> dict[str, Any]:
    return {"flavorName": "d2-4", **fields}


@pytest.mark.parametrize(
    ("order", "status", "said"),
    [
        ({}, 400, "[region] Missing parameter: region is mandatory"),
        ({"region": "GRA11"}, 400, "[InvalidDataError] 400: Region 'GRA11' is not available"),
        ({"region": 5}, 400, "[region] Given data (5) is not valid for type string"),
        ({"region": "LOCAL1", "version": "9.9"}, 400, "Body parameter version isn't formated correctly"),
        ({"region": "LOCAL1", "updatePolicy": "NEVER"}, 400, "Body parameter updatePolicy isn't formated correctly"),
        ({"region": "LOCAL1", "plan": True}, 400, "[plan] Given data (true) is not valid for type string"),
        ({"region": "LOCAL1", "loadBalancersSubnetId": ""}, 400,
         "[loadBalancersSubnetId] Given data () is not valid for type uuid"),
        ({"region": "LOCAL1", "privateNetworkId": "pn-1_2"}, 400, "Private network pn-1_2 is not a correct uuid"),
        ({"region": "LOCAL1", "customization": []}, 400,
         "[customization] Given data ([]) is not valid for type object"),
        ({"region": "LOCAL1", "nodepools": {}}, 400, "[nodepools] Given data ({}) is not valid for type array"),
        ({"region": "LOCAL1", "nodepools": [{}]}, 400, "[nodepools[0].flavorName] Missing parameter"),
        ({"region": "LOCAL1", "nodepool": good_pool(flavorName="h100-1990")}, 400,
         "Flavor 'h100-1990' is not available in region 'LOCAL1'; available are d2-2, d2-4"),
        ({"region": "LOCAL1", "nodepool": good_pool(name="my_desired_pool")}, 400,
         "[InvalidDataError] 400: Node pool name my_desired_pool is invalid, only lowercase characters, digits and "
         "'-' are accepted (regex: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') (request ID: "),
        ({"region": "LOCAL1", "nodepool": good_pool(desiredNodes=5, maxNodes=3)}, 400, "desiredNodes (5)"),
        ({"region": "LOCAL1", "nodepool": good_pool(desiredNodes="3")}, 400,
         "[nodepool.desiredNodes] Given data (3) is not valid for type long"),
        ({"region": "LOCAL1", "nodepool": good_pool(desiredNodes=2.5)}, 400, "is not valid for type long"),
        ({"region": "LOCAL1", "nodepool": good_pool(desiredNodes=True)}, 400, "is not valid for type long"),
        ({"region": "LOCAL1", "nodepool": good_pool(desiredNodes=10**30)}, 400, "is not valid for type long"),
        ({"region": "LOCAL1", "nodepool": good_pool(autoscale="yes")}, 400, "is not valid for type boolean"),
        ({"region": "LOCAL1", "nodepool": good_pool(autoscaling={"scaleDownUtilizationThreshold": "x"})}, 400,
         "is not valid for type double"),
        ({"region": "LOCAL1", "nodepool": good_pool(template={"metadata": {}})}, 400, "Missing parameter"),
        ({"region": "LOCAL1", "nodepool": good_pool(availabilityZones=["a"])}, 400, "no availability zones"),
        ({"region": "LOCAL1", "name": "\ud800"}, 400, "is invalid"),
    ],
)  # fmt: skip
def test_wrong_orders(tmp_path: Path, order: dict[str, Any], status: int, said: str) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.call("POST", service.kube, order)
        check_form(answer)
        assert answer.status == status
        assert answer.body["class"] == "Client::BadRequest"
        assert said in answer.body["message"]
        assert (await service.call("GET", service.kube)).body == []
        assert service.woken == []

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "raw", [b"{", b"not json", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"region": NaN', b"[" * 90_000, b"1" * 6000]
)
def test_bodies_that_are_no_objects(tmp_path: Path, raw: bytes) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.call("POST", service.kube, raw=raw)
        check_form(answer)
        assert answer.status == 400
        assert "body" in answer.body["message"]
        assert (await service.call("GET", service.kube)).body == []

    serving.run(tmp_path, story)


def test_ten_megabytes_are_not_read(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        read = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal read
            for _ in range(100):
                read += 100_000
                yield b"x" * 100_000

        chunked = serving.Answer(await service.http.post(f"/1.0{service.kube}", content=chunks()))
        check_form(chunked)
        assert (chunked.status, chunked.body["errorCode"]) == (413, "PAYLOAD_TOO_LARGE")
        assert read < 1_500_000
        announced = serving.Answer(await service.http.post(f"/1.0{service.kube}", content=b"x" * 10_000_000))
        check_form(announced)
        assert announced.status == 413
        lying = await service.http.post("/1.0/auth/credential", content=b"x", headers={"content-length": "-1"})
        assert lying.status_code == 413

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "said"),
    [
        ("GET", "/cloud/nonsense", 404, "INVALID_URL", "Got an invalid (or empty) URL"),
        ("GET", "/", 404, "INVALID_URL", "Got an invalid (or empty) URL"),
        ("PATCH", "/cloud/project", 405, "METHOD_NOT_ALLOWED", "not allowed"),
        ("GET", f"/cloud/project/{'0' * 32}", 404, "NOT_FOUND", "This service does not exist"),
        ("GET", "{project}/kube/" + UNKNOWN, 404, "NOT_FOUND", "[NotFoundError] 404: Cluster " + UNKNOWN),
        ("GET", "{project}/kube/%00", 404, "NOT_FOUND", "does not exist in this project"),
        ("GET", "{project}/kube/%ff", 404, "NOT_FOUND", "does not exist in this project"),
        ("GET", "{project}/region/MARS", 404, "NOT_FOUND", "does not exist"),
        ("GET", "{project}/capabilities/kube/flavors?region=MARS", 400, "BAD_REQUEST", "is not available"),
    ],
)
def test_paths_that_lead_nowhere(tmp_path: Path, method: str, path: str, status: int, code: str, said: str) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.call(method, path.replace("{project}", f"/cloud/project/{service.project}"))
        check_form(answer)
        assert (answer.status, answer.body["errorCode"]) == (status, code)
        assert said in answer.body["message"]

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "path", ["/cloud/project", "/1.0", "/1.0x/cloud/project", "/v2/cloud/project", "/", "/docs.html"]
)
def test_nothing_answers_without_its_prefix(tmp_path: Path, path: str) -> None:
    async def story(service: serving.Service) -> None:
        answer = serving.Answer(await service.http.get(path))
        check_form(answer)
        assert (answer.status, answer.body["message"]) == (404, "Got an invalid (or empty) URL")

    serving.run(tmp_path, story)


def test_another_customers_project_is_not_there(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        other, theirs = await service.customer_of("zz9-local")
        rules = [{"method": each, "path": "/*"} for each in ("GET", "POST", "PUT", "DELETE")]
        path = f"/native/projects/{other}/credentials"
        issued = await service.call("POST", path, {"rules": rules}, keys=theirs, prefix="")
        keys = serving.Keys(*(issued.body[each] for each in ("applicationKey", "applicationSecret", "consumerKey")))
        said = set()
        for project in (service.project, "0" * 32, "nonsense"):
            for tail in ("", "/kube", f"/kube/{made['id']}", f"/kube/{made['id']}/nodepool", f"/kube/{UNKNOWN}"):
                answer = await service.call("GET", f"/cloud/project/{project}{tail}", keys=keys)
                said.add((answer.status, answer.body["message"]))
        assert said == {(404, "This service does not exist")}
        foreign = await service.call("GET", f"/cloud/project/{other}/kube/{made['id']}", keys=keys)
        unknown = await service.call("GET", f"/cloud/project/{other}/kube/{UNKNOWN}", keys=keys)
        assert foreign.status == unknown.status == 404
        strip = foreign.body["message"].split(" (request")[0].replace(made["id"], UNKNOWN)
        assert strip == unknown.body["message"].split(" (request")[0]
        assert (await service.call("GET", "/cloud/project", keys=keys)).body == [other]

    serving.run(tmp_path, story)


def test_unexpected_failures_show_nothing_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> list[str]:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(clusters, "ids", broken)
    monkeypatch.setattr(clusters, "create", broken)

    async def story(service: serving.Service) -> None:
        for answer in (
            await service.call("GET", service.kube),
            await service.call("POST", service.kube, {"region": "LOCAL1"}),
        ):
            check_form(answer)
            assert (answer.status, answer.body["class"]) == (500, "Server::InternalServerError")
            assert "secret" not in answer.text

    serving.run(tmp_path, story)


def test_a_full_host_says_so(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        service.host.room = hosts.Capacity(
            memory_mb=500, vcpus=8, disk_gb=100, largest_vcpus=4, largest_memory_mb=16384
        )
        answer = await service.call("POST", service.kube, {"region": "LOCAL1"})
        check_form(answer)
        assert (answer.status, answer.body["errorCode"]) == (503, "INSUFFICIENT_CAPACITY")
        assert answer.body["details"]["whoseTurn"] == "provider"
        assert answer.body["message"].startswith("[InsufficientCapacityError] 503: ")
        assert (await service.call("GET", service.kube)).body == []

    serving.run(tmp_path, story)


def test_a_storage_that_takes_no_writes_goes_on_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise errors.Unavailable("The disk is full; it is the provider's turn")

    async def story(service: serving.Service) -> None:
        made = await service.order()
        await service.clock.sleep(400)  # the last use would be written again
        monkeypatch.setattr(service.records, "begin", full)
        assert (await service.call("GET", service.kube)).body == [made["id"]]
        answer = await service.call("POST", service.kube, {"region": "LOCAL1"})
        check_form(answer)
        assert (answer.status, answer.body["errorCode"]) == (503, "SERVICE_UNAVAILABLE")
        assert (await service.call("GET", service.kube)).body == [made["id"]]

    serving.run(tmp_path, story)


def test_unknown_fields_are_named_on_ovhs_side_and_refused_on_ours(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        body = {"region": "LOCAL1", "colour": 1, "nodepools": [good_pool(shape={"a": 1})], "n\u00e4me ,": 1}
        answer = await service.call("POST", service.kube, body)
        assert answer.status == 200
        assert answer.headers["x-steward-ignored-fields"] == "colour, n%C3%A4me%20%2C, nodepools[0].shape"
        refused = await service.operator("POST", "/native/projects", {"account": "a", "colour": 1})
        check_form(refused)
        assert (refused.status, refused.body["message"]) == (400, "[colour] Unknown parameter")

    serving.run(tmp_path, story)


def test_the_operators_side_wants_the_operators_token(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for token, status in (("", 401), ("wrong", 403), (serving.TOKEN + "x", 403)):
            answer = await service.operator("GET", "/native/projects", token=token)
            check_form(answer)
            assert answer.status == status
        signed = await service.call("POST", "/native/projects", {"account": "ab1-local"}, prefix="")
        check_form(signed)
        assert signed.status == 403
        assert signed.body["details"]["activity"] == "3.2.2-4"

    serving.run(tmp_path, story)


def test_errors_can_be_printed_whatever_was_sent(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.call("POST", service.kube, raw=json.dumps({"region": "\ud800\x00"}).encode())
        check_form(answer)
        assert answer.status == 400

    serving.run(tmp_path, story)
