"""OAuth2 client credentials: clients made at `/me`, tokens for their secrets, and what becomes of both."""

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from steward.api import authentication
from steward.operations import oauth2
from tests.api import persons, serving

CLIENTS = "/me/api/oauth2/client"
TOKEN = "/auth/oauth2/token"
WANTED = {"name": "ci", "description": "Deploys the shop", "flow": "CLIENT_CREDENTIALS"}
GRANT = {"grant_type": "client_credentials", "scope": "all"}


async def made(service: serving.Service, **fields: Any) -> dict[str, str]:
    answer = await service.call("POST", CLIENTS, {**WANTED, **fields})
    assert answer.status == 200, answer.text
    assert set(answer.body) == {"clientId", "clientSecret"}
    body: dict[str, str] = answer.body
    return body


async def posted(service: serving.Service, client: dict[str, str], path: str = TOKEN, **fields: str) -> httpx2.Response:
    known = {"client_id": client["clientId"], "client_secret": client["clientSecret"]}
    return await service.http.post(path, data={**GRANT, **known, **fields})


async def bearer(service: serving.Service, client: dict[str, str]) -> str:
    answer = await posted(service, client)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def basic(client_id: str, secret: str) -> dict[str, str]:
    coded = base64.b64encode(f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()).decode()
    return {"authorization": f"Basic {coded}"}


def test_a_client_gets_a_token_and_uses_it_on_both_apis(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service)
        for path in (TOKEN, f"/1.0{TOKEN}", f"/v1{TOKEN}"):
            answer = await posted(service, client, path)
            body = answer.json()
            assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "all")
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["pragma"] == "no-cache"
        token = body["access_token"]
        for path in ("/1.0/cloud/project", "/v1/cloud/project"):
            assert (await service.operator("GET", path, token=token)).body == [service.project]
        ordered = await service.operator("POST", f"/v1{service.kube}", {"region": "LOCAL1"}, token=token)
        assert ordered.status == 200, ordered.text
        me = await service.operator("GET", "/native/me", token=token)
        assert me.body["name"] == f"ab1-local/oauth2-{client['clientId']}"
        assert (me.body["kind"], me.body["role"], me.body["personId"]) == ("credential", "admin", None)

    serving.run(tmp_path, story)


def test_what_a_client_is(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service, role="viewer")
        id = client["clientId"]
        shown = (await service.call("GET", f"{CLIENTS}/{id}")).body
        assert shown == {
            "clientId": id,
            "name": "ci",
            "description": "Deploys the shop",
            "flow": "CLIENT_CREDENTIALS",
            "callbackUrls": [],
            "identity": f"urn:v1:local:identity:credential:ab1-local/oauth2-{id}",
            "createdAt": shown["createdAt"],
            "role": "viewer",
        }
        assert (await service.call("GET", CLIENTS)).body == [id]
        assert (await service.call("PUT", f"{CLIENTS}/{id}", {"name": "cd"})).text == "null"
        assert (await service.call("GET", f"{CLIENTS}/{id}")).body["name"] == "cd"
        token = await bearer(service, client)
        details = (await service.operator("GET", "/1.0/auth/details", token=token)).body
        assert details == {
            "account": "ab1-local",
            "allowedRoutes": None,
            "description": None,
            "identities": ["urn:v1:local:identity:account:ab1-local", shown["identity"]],
            "method": "oauth2",
            "roles": ["viewer"],
            "user": None,
        }
        refused = await service.operator("POST", f"/1.0{service.kube}", {"region": "LOCAL1"}, token=token)
        assert (refused.status, refused.body["details"]["activity"]) == (403, "1.1-1")
        assert refused.body["details"]["unauthorizedActionsByIAM"] == "publicCloudProject:apiovh:kube/create"
        assert refused.body["details"]["unauthorizedActionsByAuthentication"] == ""
        database = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        for secret in (client["clientSecret"], token):
            assert secret.encode() not in database
            assert hashlib.sha256(secret.encode()).hexdigest().encode() in database

    serving.run(tmp_path, story)


@pytest.mark.parametrize("way", ["removed", "expired", "signed out", "behind the cache", "account closed"])
def test_every_end_of_a_token(tmp_path: Path, way: str) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service)
        token, other = await bearer(service, client), await bearer(service, client)
        assert (await service.operator("GET", "/1.0/cloud/project", token=token)).status == 200
        if way == "removed":
            assert (await service.call("DELETE", f"{CLIENTS}/{client['clientId']}")).text == "null"
            assert (await service.call("GET", CLIENTS)).body == []
        elif way == "expired":
            await service.clock.sleep(3600)
        elif way == "signed out":
            assert (await service.operator("POST", "/1.0/auth/logout", token=token)).text == "null"
            assert (await service.operator("GET", "/1.0/cloud/project", token=other)).status == 200
        elif way == "behind the cache":
            async with service.records.begin() as work:
                await work.oauth2_clients.remove(client["clientId"])
            await service.clock.sleep(authentication.CACHED_SECONDS + 0.01)
        else:
            assert (await service.operator("POST", "/native/accounts/ab1-local/close")).status == 200
            await service.clock.sleep(1)
        refused = await service.operator("GET", "/1.0/cloud/project", token=token)
        assert (refused.status, refused.body["errorCode"]) == (403, "INVALID_CREDENTIAL")
        if way not in ("expired", "signed out"):
            answer = await posted(service, client)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    serving.run(tmp_path, story)


def test_both_ways_of_showing_the_secret(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service)
        id, secret = client["clientId"], client["clientSecret"]
        for more in ({}, {"client_id": id}):
            answer = await service.http.post(TOKEN, data={**GRANT, **more}, headers=basic(id, secret))
            assert answer.status_code == 200
        both = await service.http.post(TOKEN, data={**GRANT, "client_secret": secret}, headers=basic(id, secret))
        assert both.json()["error"] == "invalid_request"
        other = await service.http.post(TOKEN, data={**GRANT, "client_id": "else"}, headers=basic(id, secret))
        assert other.json()["error"] == "invalid_request"
        for wrong in (basic(id, "wrong"), basic("0" * 16, secret), {"authorization": "Basic !"}):
            answer = await service.http.post(TOKEN, data=GRANT, headers=wrong)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
            assert answer.headers["www-authenticate"].startswith("Basic ")

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"scope": "all root"}, 400, "invalid_scope"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_secret": "x" * 100_000}, 401, "invalid_client"),
        ({"client_id": "0" * 16}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "\0\ud7ff"}, 401, "invalid_client"),
    ],
)
def test_errors_as_the_standard_has_them(tmp_path: Path, fields: dict[str, str], status: int, error: str) -> None:
    async def story(service: serving.Service) -> None:
        answer = await posted(service, await made(service), **fields)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert set(answer.json()) == {"error", "error_description"}
        assert answer.headers["cache-control"] == "no-store"

    serving.run(tmp_path, story)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"grant_type=client_credentials&grant_type=x", b"a&" * 50])
def test_bodies_that_are_no_form(tmp_path: Path, body: bytes) -> None:
    async def story(service: serving.Service) -> None:
        for kind in ("application/x-www-form-urlencoded", "application/json", ""):
            answer = await service.http.post(TOKEN, content=body, headers={"content-type": kind})
            assert answer.status_code in (400, 401)
            assert answer.json()["error"] in ("invalid_request", "invalid_client")

    serving.run(tmp_path, story)


def test_a_scope_may_be_left_out(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        assert (await posted(service, await made(service), scope="")).status_code == 200

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    "change",
    [
        {"flow": "AUTHORIZATION_CODE"},
        {"flow": "IMPLICIT"},
        {"name": " "},
        {"name": "x" * 101},
        {"description": "a\nb"},
        {"role": "operator"},
        {"role": "king"},
        {"callbackUrls": ["https://x.example/"]},
        {"name": None},
    ],
)
def test_clients_that_are_not_made(tmp_path: Path, change: dict[str, Any]) -> None:
    async def story(service: serving.Service) -> None:
        answer = await service.call("POST", CLIENTS, {**WANTED, **change})
        assert answer.status == 400
        assert next(iter(change)) in answer.body["message"]
        assert (await service.call("GET", CLIENTS)).body == []

    serving.run(tmp_path, story)


def test_only_owners_manage_clients_and_only_their_own(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service, role="owner")
        path = f"/1.0{CLIENTS}/{client['clientId']}"
        admin = await persons.present(service, "admin")
        for method, where, body in (("POST", f"/1.0{CLIENTS}", WANTED), ("DELETE", path, None), ("PUT", path, {})):
            refused = await admin.call(method, where, body)
            assert (refused.status, refused.body["details"]["activity"]) == (403, "3.1.2-1")
        assert (await admin.call("GET", path)).status == 200
        _, others = await service.customer_of("zz9-local")
        for method in ("GET", "DELETE", "PUT"):
            body = {} if method == "PUT" else None
            stranger = await service.call(method, f"{CLIENTS}/{client['clientId']}", body, keys=others)
            assert stranger.status == 404
        assert (await service.operator("DELETE", path)).status == 404

    serving.run(tmp_path, story)


def test_the_providers_own_clients(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wanted = {**WANTED, "role": "auditor"}
        answer = await service.operator("POST", f"/1.0{CLIENTS}", wanted)
        assert answer.status == 200, answer.text
        client = answer.body
        token = await bearer(service, client)
        assert (await service.operator("GET", "/native/projects", token=token)).status == 200
        refused = await service.operator("POST", "/native/projects", {"account": "x"}, token=token)
        assert (refused.status, refused.body["errorCode"]) == (403, "FORBIDDEN")
        details = (await service.operator("GET", "/1.0/auth/details", token=token)).body
        assert (details["account"], details["method"], details["roles"]) == ("provider", "oauth2", ["auditor"])
        assert (await service.call("GET", CLIENTS)).body == []

    serving.run(tmp_path, story)


def test_a_suspended_customers_programs_read(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service)
        assert (
            await service.operator("POST", "/native/accounts/ab1-local/suspend", {"reason": "unpaid"})
        ).status == 200
        token = await bearer(service, client)
        assert (await service.operator("GET", f"/1.0{service.kube}", token=token)).status == 200
        refused = await service.operator("POST", f"/1.0{service.kube}", {"region": "LOCAL1"}, token=token)
        assert refused.body["errorCode"] == "ACCOUNT_SUSPENDED"
        another = await service.call("POST", CLIENTS, {**WANTED, "name": "another"})
        assert another.body["errorCode"] == "ACCOUNT_SUSPENDED"
        assert (await service.call("DELETE", f"{CLIENTS}/{client['clientId']}")).status == 200

    serving.run(tmp_path, story)


def test_clients_and_tokens_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth2, "MOST_CLIENTS", 2)
    monkeypatch.setattr(oauth2, "MOST_TOKENS", 2)

    async def story(service: serving.Service) -> None:
        client = await made(service)
        await made(service, name="second")
        assert (await service.call("POST", CLIENTS, {**WANTED, "name": "third"})).status == 409
        tokens = [await bearer(service, client) for _ in range(3)]
        statuses = [(await service.operator("GET", "/native/me", token=each)).status for each in tokens]
        assert statuses == [403, 200, 200]

    serving.run(tmp_path, story)


def test_it_stands_in_the_ledger_and_the_provider_is_told(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        client = await made(service)
        await service.call("DELETE", f"{CLIENTS}/{client['clientId']}")
        ledger = await service.call("GET", f"/native/projects/{service.project}/ledger/entries", prefix="")
        about = [each for each in ledger.body if client["clientId"] in str(each)]
        assert ["client:created" in str(each) for each in about] == [True, False]
        assert "client:removed" in str(about[1])
        assert all("3.1.2-1" in str(each) for each in about)
        told = str((await service.operator("GET", "/native/notices")).body)
        assert "A customer made an OAuth2 client" in told

    serving.run(tmp_path, story)
