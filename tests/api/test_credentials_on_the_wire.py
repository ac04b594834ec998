"""Credentials on the wire: asking for one, being given one, what it says of itself, its end."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api import serving
from tests.api.models import check_model

CREDENTIAL = {
    "credentialId": int, "applicationId": int, "status": str, "rules": list, "allowedIPs": None, "ovhSupport": bool,
    "creation": str, "expiration": None, "lastUse": str,
}  # fmt: skip


def test_auth_answers(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        time = serving.Answer(await service.http.get("/1.0/auth/time"))
        assert time.body == int(service.clock.now().timestamp())
        credential = (await service.call("GET", "/auth/currentCredential")).body
        credential["lastUse"] = credential["lastUse"] or credential["creation"]
        check_model(credential, CREDENTIAL)
        details = (await service.call("GET", "/auth/details")).body
        assert (details["account"], details["method"], details["user"]) == ("ab1-local", "account", None)
        assert details["roles"] == []

    serving.run(tmp_path, story)


async def validated(service: serving.Service, link: str, verb: str = "validate", **changes: Any) -> serving.Answer:
    """By the customer, who holds the link that its application was given."""
    given = parse_qs(urlsplit(link).query)
    path = f"/native/credentials/{given['id'][0]}/{verb}"
    return await service.call("POST", path, {"token": given["token"][0]}, prefix="", **changes)


def test_an_application_asks_and_the_customer_validates(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wanted = {"accessRules": [{"method": "GET", "path": "/cloud/*"}], "redirection": "https://x.example/"}
        application = {"X-Ovh-Application": service.keys.application}
        asked = serving.Answer(await service.http.post("/1.0/auth/credential", json=wanted, headers=application))
        assert set(asked.body) == {"consumerKey", "state", "validationUrl"}
        assert asked.body["state"] == "pendingValidation"
        keys = serving.Keys(service.keys.application, service.keys.secret, asked.body["consumerKey"])
        assert (await service.call("GET", "/cloud/project", keys=keys)).body["errorCode"] == "INVALID_CREDENTIAL"
        page = await service.http.get(asked.body["validationUrl"])
        assert page.status_code == 200
        assert "GET /cloud/*" in page.text
        assert "<script" not in page.text
        assert (await service.http.get(asked.body["validationUrl"][:-1] + "x")).status_code == 404
        given = parse_qs(urlsplit(asked.body["validationUrl"]).query)
        path, body = f"/native/credentials/{given['id'][0]}/validate", {"token": given["token"][0]}
        assert (await service.operator("POST", path, body)).status == 403
        assert (await service.call("POST", path, {"token": "guessed"}, prefix="")).status == 404
        done = await validated(service, asked.body["validationUrl"])
        assert (done.body["status"], done.body["account"]) == ("validated", "ab1-local")
        assert (await service.call("GET", "/cloud/project", keys=keys)).body == [service.project]
        nobody = serving.Answer(await service.http.post("/1.0/auth/credential", json=wanted))
        assert nobody.status == 401

    serving.run(tmp_path, story)


@pytest.mark.parametrize("field", ["accessRules", "allowedIPs"])
def test_wrong_credential_requests(tmp_path: Path, field: str) -> None:
    async def story(service: serving.Service) -> None:
        wanted = {"accessRules": [{"method": "GET", "path": "/*"}], field: [{"method": "GET"}]}
        answer = serving.Answer(
            await service.http.post(
                "/1.0/auth/credential", json=wanted, headers={"X-Ovh-Application": service.keys.application}
            )
        )
        assert answer.status == 400
        assert field in answer.body["message"]

    serving.run(tmp_path, story)


def test_a_credential_may_be_tied_to_an_address(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for allowed, status in ((["192.0.2.0/24"], 403), (["127.0.0.1"], 200)):
            wanted = {"accessRules": [{"method": "GET", "path": "/*"}], "allowedIPs": allowed}
            asked = await service.http.post(
                "/1.0/auth/credential", json=wanted, headers={"X-Ovh-Application": service.keys.application}
            )
            made = asked.json()
            assert (await validated(service, made["validationUrl"])).status == 200
            await service.clock.sleep(1)
            keys = serving.Keys(service.keys.application, service.keys.secret, made["consumerKey"])
            assert (await service.call("GET", "/cloud/project", keys=keys)).status == status

    serving.run(tmp_path, story)


def test_native_projects_and_credentials(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.operator("POST", "/native/projects", {"account": "shop", "description": "Shop"})
        project = made.body
        assert set(project) == {"id", "account", "description", "status", "createdAt"}
        assert re.fullmatch(r"[0-9a-f]{32}", project["id"])
        assert (await service.operator("GET", f"/native/projects/{project['id']}")).body == project
        assert project in (await service.operator("GET", "/native/projects")).body
        credentials = f"/native/projects/{project['id']}/credentials"
        issued = (await service.operator("POST", credentials, {"description": "ci"})).body
        assert issued["status"] == "validated"
        listed = (await service.operator("GET", credentials)).body
        assert [each["credentialId"] for each in listed] == [issued["credentialId"]]
        assert "consumerKey" not in listed[0]
        assert "applicationSecret" not in listed[0]
        keys = serving.Keys(issued["applicationKey"], issued["applicationSecret"], issued["consumerKey"])
        assert (await service.call("GET", "/cloud/project", keys=keys)).body == [project["id"]]
        refused = await service.operator("DELETE", f"{credentials}/{issued['credentialId']}")
        assert (refused.status, refused.body["details"]["activity"]) == (403, "3.1.2-1")
        gone = await service.call("DELETE", f"{credentials}/{issued['credentialId']}", keys=keys, prefix="")
        assert gone.text == "null"
        assert (await service.call("GET", "/cloud/project", keys=keys)).body["errorCode"] == "INVALID_CREDENTIAL"
        assert (await service.operator("DELETE", f"{credentials}/{2**40}")).status == 400
        assert (await service.operator("GET", "/native/projects/" + "0" * 32)).status == 404

    serving.run(tmp_path, story)


def test_the_provider_hands_over_once(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/native/projects/{service.project}/credentials"
        again = await service.operator("POST", path, {})
        assert (again.status, again.body["details"]["activity"]) == (403, "3.1.2-1")
        own = await service.call("POST", path, {"description": "ci"}, prefix="")
        assert own.body["status"] == "validated"
        assert len((await service.operator("GET", path)).body) == 2
        made = (await service.operator("POST", "/native/projects", {"account": "shop"})).body
        path, owner = f"/native/projects/{made['id']}/credentials", {"owner": {"email": "Ann@shop.example"}}
        first = (await service.operator("POST", path, owner)).body
        assert (first["owner"]["email"], first["owner"]["role"]) == ("ann@shop.example", "owner")
        assert first["owner"]["invitation"]
        assert (await service.operator("POST", path, owner)).status == 409
        assert (await service.operator("POST", path, {})).status == 403
        second = {"email": "eve@shop.example", "role": "owner", "account": "shop"}
        assert (await service.operator("POST", "/native/people", second)).status == 403

    serving.run(tmp_path, story)


def test_a_refused_request_is_dead(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wanted = {"accessRules": [{"method": "GET", "path": "/*"}]}
        asked = await service.http.post(
            "/1.0/auth/credential", json=wanted, headers={"X-Ovh-Application": service.keys.application}
        )
        link = asked.json()["validationUrl"]
        assert (await validated(service, link, "refuse")).body["status"] == "refused"
        assert (await validated(service, link)).status == 409
        keys = serving.Keys(service.keys.application, service.keys.secret, asked.json()["consumerKey"])
        assert (await service.call("GET", "/cloud/project", keys=keys)).body["errorCode"] == "INVALID_CREDENTIAL"

    serving.run(tmp_path, story)


def test_the_last_use_is_remembered(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        await service.call("GET", "/cloud/project")
        await service.clock.sleep(2)
        found = await service.call("GET", "/auth/currentCredential")
        assert found.body["lastUse"] is not None

    serving.run(tmp_path, story)
