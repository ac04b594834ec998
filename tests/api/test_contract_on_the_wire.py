"""The contract, delegations and decisions as they are asked for over HTTP, and the refusal that clients read."""

import copy
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from steward.catalogue import loading
from steward.kit import times
from steward.responsibility import matrix
from tests.api import serving
from tests.api.serving import Service


@pytest.fixture(autouse=True)
def as_released() -> Iterator[None]:
    yield
    matrix.publish({})


def publish() -> None:
    document = copy.deepcopy(loading.responsibility())
    document["version"] = "2"
    document["activities"][0]["activity"] = "Choose the project"
    matrix.publish({"second.yaml": document})


async def native(service: Service, method: str, path: str, body: object = None, **how: object) -> serving.Answer:
    """As the customer."""
    await service.clock.sleep(1)
    return await service.call(method, f"/native{path}", body, prefix="", **how)


def later(service: Service, **how: int) -> str:
    return times.rfc3339(service.clock.now() + timedelta(**how))


def test_the_contract_is_read_and_compared(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        publish()
        listed = await native(service, "GET", "/contracts")
        assert [each["version"] for each in listed.body] == ["1", "2"]
        whole = (await native(service, "GET", "/contracts/1")).body
        rows = {each["activity"]: each for each in whole["rows"]}
        assert len(rows) == 58
        assert rows["5.1-1"]["letters"] == {"customer": "RA", "provider": "I"}
        assert "cluster.delete" in rows["5.1-1"]["operations"]
        disputed = {name: row["disputed"] for name, row in rows.items() if row["disputed"]}
        assert disputed == {key: {"customer": "", "provider": "RA"} for key in ("3.1.2-3", "3.1.6-3")}
        (change,) = (await native(service, "GET", "/contracts/2/diff?since=1")).body["changes"]
        assert (change["activity"], change["what"], change["new"]["text"]) == ("1.1-1", ["text"], "Choose the project")
        assert (await native(service, "GET", "/contracts/3")).status == 404
        assert (await native(service, "GET", "/contracts/2/diff?since=0")).status == 404

    serving.run(tmp_path, story)


def test_a_client_that_knows_nothing_of_it_accepts_by_ordering(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        made = await service.order()
        held = (await native(service, "GET", f"/projects/{service.project}/contract")).body
        assert held["accepted"]["byOrdering"] is True
        assert held["accepted"]["acceptedBy"] == "ab1-local"
        assert held["accepted"]["defaults"] == held["defaults"]
        assert [(each["id"], each["version"]) for each in held["clusters"]] == [(made["id"], "1")]
        assert held["offered"] is None

    serving.run(tmp_path, story)


def test_a_new_version_is_offered_with_its_difference_and_accepted(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        made, path = await service.order(), f"/projects/{service.project}/contract"
        publish()
        offered = (await native(service, "GET", path)).body["offered"]
        assert [each["activity"] for each in offered["changes"]] == ["1.1-1"]
        body = {"version": "2", "digest": offered["digest"]}
        assert (await native(service, "POST", path, {**body, "digest": "f" * 64})).status == 409
        refused = await service.operator("POST", f"/native{path}", body)
        assert (refused.status, refused.body["details"]["activity"]) == (403, "1.1-1")
        assert (await native(service, "POST", path, body)).body["byOrdering"] is False
        assert (await service.order())["id"]
        of_cluster = f"/projects/{service.project}/kube/{made['id']}/contract"
        assert (await native(service, "POST", of_cluster, body)).body["clusterId"] == made["id"]
        held = (await native(service, "GET", path)).body
        assert [each["version"] for each in held["clusters"]] == ["2", "2"]
        assert held["offered"] is None

    serving.run(tmp_path, story)


def test_what_is_the_customers_is_refused_to_the_provider_until_it_is_lent(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        cluster = await service.ready()
        pools, path = f"/native/projects/{service.project}", f"/projects/{service.project}/delegations"
        asked = {"operation": "nodepool.create", "project": service.project, "cluster": cluster["id"]}
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        assert (await service.operator("GET", f"/native/decisions?{query}")).body["allowed"] is False
        body = {"activity": "3.1.3-3", "reason": "night shift", "expiresAt": later(service, days=1)}
        refused = await service.operator("POST", f"{pools}/delegations", body)
        assert refused.status == 403
        made = (await native(service, "POST", path, body)).body
        found = (await service.operator("GET", f"/native/decisions?{query}")).body
        assert (found["allowed"], found["delegation"]) == (True, made["id"])
        listed = (await service.operator("GET", f"{pools}/delegations")).body
        assert [each["id"] for each in listed] == [made["id"], f"standing:update-policy:{cluster['id']}"]
        assert (await native(service, "DELETE", f"{path}/{made['id']}")).status == 200
        assert (await service.operator("GET", f"/native/decisions?{query}")).body["allowed"] is False

    serving.run(tmp_path, story)


def test_a_refusal_is_kept_and_read_by_both_parties(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        cluster = await service.ready()
        path = f"/native/projects/{service.project}/kube/{cluster['id']}/contract"
        refused = await service.operator("POST", path, {"version": "1", "digest": matrix.load("1").digest})
        assert refused.status == 403
        body = refused.body
        assert (body["class"], body["errorCode"], body["httpCode"]) == (
            "Client::Forbidden",
            "FORBIDDEN",
            "403 Forbidden",
        )
        details = body["details"]
        assert all(isinstance(value, str) for value in details.values())
        assert (details["whoseTurn"], details["lettersCustomer"]) == ("customer", "RA")
        assert details["whoMay"]
        assert details["howToAsk"]
        decision = f"/decisions/{details['decision']}"
        own = await native(service, "GET", decision)
        theirs = await service.operator("GET", f"/native{decision}")
        assert own.body == theirs.body
        assert own.body["cluster"] == cluster["id"]
        listed = await native(service, "GET", f"/decisions?project={service.project}")
        assert details["decision"] in [each["id"] for each in listed.body]

    serving.run(tmp_path, story)


def test_what_was_done_says_why_it_was_allowed(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        cluster = await service.ready()
        happened = await service.operator("GET", f"/native/projects/{service.project}/kube/{cluster['id']}/events")
        ordered = next(each for each in happened.body if each["type"] == "cluster:ordered")
        own = await native(service, "GET", f"/decisions/{ordered['id']}")
        assert (await service.operator("GET", f"/native/decisions/{ordered['id']}")).body == own.body
        said = own.body
        assert (said["allowed"], said["operation"], said["activity"]) == (True, "cluster.create", ordered["activity"])
        assert (said["party"], said["matrixVersion"], said["cluster"]) == ("customer", "1", cluster["id"])
        assert said["reason"] == f"The customer has {said['letters']['customer']} in {said['activity']}"
        _, strange = await service.customer_of("zz9-local")
        foreign, unknown = [
            await native(service, "GET", f"/decisions/{each}", keys=strange) for each in (ordered["id"], 10**18)
        ]
        assert foreign.status == unknown.status == 404
        assert foreign.body["message"].replace(str(ordered["id"]), str(10**18)) == unknown.body["message"]

    serving.run(tmp_path, story)


def test_another_customer_learns_nothing(tmp_path: Path) -> None:
    async def story(service: Service) -> None:
        cluster = await service.ready()
        refused = await service.operator(
            "POST",
            f"/native/projects/{service.project}/delegations",
            {"activity": "3.1.3-3", "reason": "x", "expiresAt": later(service, days=1)},
        )
        _, strange = await service.customer_of("zz9-local")
        ours = f"/projects/{service.project}"
        acceptance = {"version": "1", "digest": matrix.load("1").digest}
        grant = {"activity": "3.1.3-3", "reason": "x", "expiresAt": later(service, days=1)}
        for method, path, body in (
            ("GET", f"{ours}/contract", None),
            ("POST", f"{ours}/contract", acceptance),
            ("POST", f"{ours}/kube/{cluster['id']}/contract", acceptance),
            ("GET", f"{ours}/delegations", None),
            ("POST", f"{ours}/delegations", grant),
            ("DELETE", f"{ours}/delegations/{cluster['id']}", None),
            ("GET", f"/decisions?project={service.project}", None),
            ("GET", f"/decisions?operation=cluster.delete&project={service.project}", None),
            ("GET", f"/decisions/{refused.body['details']['decision']}", None),
        ):
            answer = await native(service, method, path, body, keys=strange)
            assert answer.status == 404, f"{method} {path}: {answer.text}"

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/projects/{project}/delegations", {}),
        ("POST", "/projects/{project}/delegations", {"activity": "3.1.3-3", "reason": "x", "expiresAt": "soon"}),
        ("POST", "/projects/{project}/delegations", {"activity": "3.1.3-3", "reason": "x", "expiresAt": "2030-01-01"}),
        ("POST", "/projects/{project}/delegations", {"activity": 3, "reason": "x", "expiresAt": "soon"}),
        ("POST", "/projects/{project}/contract", {"version": "1"}),
        ("POST", "/projects/{project}/contract", {"version": 1, "digest": ""}),
        ("POST", "/projects/{project}/contract", {"version": "1", "digest": "", "more": 1}),
        ("GET", "/decisions", None),
        ("GET", "/decisions?operation=" + "x" * 200, None),
        ("GET", "/decisions?operation=cluster.teleport", None),
        ("GET", "/decisions?operation=cluster.delete&size=many", None),
        ("GET", "/contracts/2/diff", None),
    ],
)
def test_bad_questions_are_bad_input(tmp_path: Path, method: str, path: str, body: object) -> None:
    async def story(service: Service) -> None:
        answer = await native(service, method, path.format(project=service.project), body)
        assert answer.status == 400, answer.text

    serving.run(tmp_path, story)
