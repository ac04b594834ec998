"""Keystone's sign-in, as the cluster autoscaler does it: user and password of an OAuth2 client, for one project."""

import copy
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api import serving
from tests.api.test_oauth2 import made, posted

TOKENS = "/v3/auth/tokens"


def body(service: serving.Service, client: dict[str, str]) -> dict[str, Any]:
    """What gophercloud sends for a user name, a password, a domain's name and a tenant's id."""
    user = {"name": client["clientId"], "password": client["clientSecret"], "domain": {"name": "Default"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": {"id": service.project}}}}


async def sent(service: serving.Service, content: Any, path: str = TOKENS) -> httpx2.Response:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return await service.http.post(path, content=raw, headers={"content-type": "application/json"})


async def signed_in(service: serving.Service, **fields: Any) -> str:
    answer = await sent(service, body(service, await made(service, **fields)))
    assert answer.status_code == 201, answer.text
    return f"OpenStack/{answer.headers['x-subject-token']}"


def check_refusal(answer: httpx2.Response, status: int, title: str) -> None:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert (error["code"], error["title"]) == (status, title)
    assert error["message"]
    assert "x-subject-token" not in answer.headers


def test_the_autoscaler_signs_in_and_resizes_a_pool(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        cluster = await service.ready(nodepool={"flavorName": "d2-4", "name": "web", "desiredNodes": 1})
        token = await signed_in(service)
        headers = {"authorization": f"Bearer {token}", "x-ovh-application": "none", "accept": "application/json"}
        path = f"/1.0{service.kube}/{cluster['id']}"
        for tail in ("nodepool", "flavors"):
            assert (await service.http.get(f"{path}/{tail}", headers=headers)).status_code == 200
        pools = (await service.http.get(f"{path}/nodepool", headers=headers)).json()
        more = await service.http.put(f"{path}/nodepool/{pools[0]['id']}", json={"desiredNodes": 2}, headers=headers)
        assert (more.status_code, more.json()["desiredNodes"]) == (200, 2)

    serving.run(tmp_path, story)


def test_what_a_token_is(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service)
        for path in (TOKENS, f"/1.0{TOKENS}"):
            answer = await sent(service, body(service, client), path)
            assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        domain = {"id": "default", "name": "Default"}
        token = answer.json()["token"]
        assert token == {
            "methods": ["password"],
            "user": {"id": client["clientId"], "name": client["clientId"], "domain": domain}
            | {"password_expires_at": None},
            "project": {"id": service.project, "name": service.project, "domain": domain},
            "is_domain": False,
            "roles": [{"id": "admin", "name": "admin"}],
            "catalog": [],
            "issued_at": token["issued_at"],
            "expires_at": token["expires_at"],
        }
        database = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert answer.headers["x-subject-token"].encode() not in database
        discovered = (await service.http.get("/v3")).json()["version"]
        assert discovered["links"] == [{"rel": "self", "href": f"{serving.BASE}/v3/"}]

    serving.run(tmp_path, story)


def test_it_lasts_longer_than_the_autoscaler_keeps_it_and_ends_with_its_client(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service)
        token = (await sent(service, body(service, client))).headers["x-subject-token"]
        await service.clock.sleep(23 * 3600 + 60)
        assert (await service.operator("GET", "/1.0/cloud/project", token=token)).status == 200
        await service.clock.sleep(3600)
        assert (await service.operator("GET", "/1.0/cloud/project", token=token)).status == 403
        token = f"OpenStack/{(await sent(service, body(service, client))).headers['x-subject-token']}"
        assert (await service.operator("POST", "/1.0/auth/logout", token=token)).text == "null"
        assert (await service.operator("GET", "/1.0/cloud/project", token=token)).status == 403
        token = (await sent(service, body(service, client))).headers["x-subject-token"]
        await service.call("DELETE", f"/me/api/oauth2/client/{client['clientId']}")
        assert (await service.operator("GET", "/1.0/cloud/project", token=token)).status == 403
        check_refusal(await sent(service, body(service, client)), 401, "Unauthorized")

    serving.run(tmp_path, story)


def test_a_token_is_good_in_its_project_alone(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        second = (await service.operator("POST", "/native/projects", {"account": "ab1-local"})).body["id"]
        token = await signed_in(service, role="owner")
        assert (await service.operator("GET", "/1.0/cloud/project", token=token)).body == [service.project]
        assert (await service.operator("GET", f"/1.0/cloud/project/{second}", token=token)).status == 404
        assert (await service.operator("GET", f"/1.0/cloud/project/{second}/kube", token=token)).status == 404
        wanted = {"name": "more", "description": "", "flow": "CLIENT_CREDENTIALS"}
        refused = await service.operator("POST", "/1.0/me/api/oauth2/client", wanted, token=token)
        assert refused.status == 403, "an owner's program is nobody's owner there"
        viewer = await signed_in(service, name="reads", role="viewer")
        refused = await service.operator("POST", f"/1.0{service.kube}", {"region": "LOCAL1"}, token=viewer)
        assert refused.status == 403

    serving.run(tmp_path, story)


def test_projects_out_of_reach_and_wrong_passwords_are_one_answer(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        theirs, _ = await service.customer_of("zz9-local")
        right = body(service, await made(service))
        refused = []
        for where, value in (
            ("id", theirs),
            ("id", "0" * 32),
            ("id", "no id"),
            ("id", ""),
            ("password", "wrong"),
            ("password", ""),
            ("password", "x" * 100_000),
            ("name", "0" * 16),
            ("name", ""),
            ("domain", {"name": "elsewhere"}),
        ):
            wrong = copy.deepcopy(right)
            place = (
                wrong["auth"]["scope"]["project"] if where == "id" else wrong["auth"]["identity"]["password"]["user"]
            )
            place[where] = value
            answer = await sent(service, wrong)
            check_refusal(answer, 401, "Unauthorized")
            refused.append(answer.text)
        assert len(set(refused)) == 1
        assert (await sent(service, right)).status_code == 201

    serving.run(tmp_path, story)


def test_the_providers_programs_sign_in_by_oauth2_alone(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wanted = {"name": "ours", "description": "", "flow": "CLIENT_CREDENTIALS", "role": "operator"}
        client = (await service.operator("POST", "/1.0/me/api/oauth2/client", wanted)).body
        assert (await posted(service, client)).status_code == 200
        check_refusal(await sent(service, body(service, client)), 401, "Unauthorized")

    serving.run(tmp_path, story)


def test_bodies_that_are_no_request(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        right = body(service, await made(service))
        broken: list[Any] = [
            b"",
            b"\xff",
            b"{",
            b"[" * 10_000,
            b'{"auth":{"identity":"\\ud800"}}',
            [],
            "x",
            {"auth": {}},
        ]
        for path in (("scope",), ("scope", "project"), ("identity",), ("identity", "methods")):
            broken.append(copy.deepcopy(right))
            place = broken[-1]["auth"]
            for each in path[:-1]:
                place = place[each]
            del place[path[-1]]
        for field, value in (("password", None), ("password", 1), ("name", ["x"])):
            broken.append(copy.deepcopy(right))
            broken[-1]["auth"]["identity"]["password"]["user"][field] = value
        without = copy.deepcopy(right)
        secret = without["auth"]["identity"]["password"]["user"].pop("password")
        for each in (*broken, without):
            answer = await sent(service, each)
            check_refusal(answer, 400, "Bad Request")
            assert secret not in answer.text

    serving.run(tmp_path, story)


@pytest.mark.parametrize("methods", [[], ["token"], ["application_credential"], ["password", "totp"]])
def test_methods_that_are_not_served(tmp_path: Path, methods: list[str]) -> None:
    async def story(service: serving.Service) -> None:
        wrong = body(service, await made(service))
        wrong["auth"]["identity"]["methods"] = methods
        check_refusal(await sent(service, wrong), 401, "Unauthorized")
        del wrong["auth"]["identity"]["password"]
        check_refusal(await sent(service, wrong), 401, "Unauthorized")

    serving.run(tmp_path, story)


def test_another_method_of_http(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.http.get(TOKENS)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert (await service.http.get("/v3/users")).status_code == 404

    serving.run(tmp_path, story)


def test_wrong_passwords_are_counted_by_their_address(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wrong = body(service, await made(service))
        wrong["auth"]["identity"]["password"]["user"]["password"] = "wrong"
        statuses = [(await sent(service, wrong)).status_code for _ in range(6)]
        assert statuses == [401] * 4 + [429] * 2
        answer = await sent(service, wrong)
        assert int(answer.headers["retry-after"]) > 0

    serving.run(tmp_path, story, stranger_rate=0.1, stranger_burst=4)
