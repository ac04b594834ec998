"""OVHcloud's own Python client, unmodified, over a real socket."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import ovh  # type: ignore[import-untyped]  # it has none
import pytest
import requests
import uvicorn

from steward.api import app, config
from steward.domain import networks
from steward.operations import context
from steward.outside import clock
from tests import fakes
from tests.api import pages, storing

pytestmark = pytest.mark.loopback

TOKEN = "operator-token-of-the-tests"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server in a thread, on a port of the system's choosing."""
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    started = threading.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await made["app"](scope, receive, send)

    async def serve() -> None:
        kept = await storing.opened(folder)
        needs = context.Context(
            records=kept,
            clock=clock.SystemClock(),
            host=fakes.Host(),
            passwords=fakes.Passwords(),
            wake=lambda subject: None,
        )
        plan = networks.Plan(IPv4Network("100.64.0.0/12"))
        made["app"] = app.create(needs, config.ApiConfig(base_url=base, operator_token=TOKEN, network=plan))
        started.set()
        await server.serve([listening])
        await kept.close()

    made: dict[str, Any] = {}
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off", ws="none"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # a thread has no signals
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(30)
        yield base
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def native(base: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = requests.request(
        method, f"{base}/native{path}", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


@contextmanager
def client_of(base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ovh.Client, str]]:
    monkeypatch.setitem(ovh.client.ENDPOINTS, "steward", f"{base}/1.0")
    project = native(base, "POST", "/projects", {"account": "ab1-local"})["id"]
    keys = native(base, "POST", f"/projects/{project}/credentials", {})
    client = ovh.Client(
        endpoint="steward",
        application_key=keys["applicationKey"],
        application_secret=keys["applicationSecret"],
        consumer_key=keys["consumerKey"],
    )
    yield client, project
    client._session.close()


@pytest.mark.enable_socket
def test_the_whole_way_with_python_ovh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path) as base, client_of(base, monkeypatch) as (client, project):
        assert client.get("/cloud/project") == [project]
        assert client.get(f"/v1/cloud/project/{project}")["project_id"] == project
        kube = f"/cloud/project/{project}/kube"
        pool = {"flavorName": "d2-4", "name": "web", "desiredNodes": 2}
        made = client.post(kube, region="LOCAL1", name="demo", nodepool=pool)
        assert (made["status"], made["name"]) == ("INSTALLING", "demo")
        assert client.get(kube) == [made["id"]]
        assert client.get(f"{kube}/{made['id']}") == made
        assert client.get(f"{kube}/{made['id']}/node", history=True) == []
        assert [each["name"] for each in client.get(f"{kube}/{made['id']}/nodepool")] == ["web"]
        assert client.put(f"{kube}/{made['id']}", name="other") is None
        with pytest.raises(ovh.exceptions.ResourceConflictError) as conflict:
            client.post(f"{kube}/{made['id']}/kubeconfig")
        assert conflict.value.query_id.startswith("LOCAL.ext-1.")
        assert client.delete(f"{kube}/{made['id']}") is None
        assert client.get(f"{kube}/{made['id']}")["status"] == "DELETING"
        _check_errors(client, base, kube)


def _check_errors(client: ovh.Client, base: str, kube: str) -> None:
    with pytest.raises(ovh.exceptions.ResourceNotFoundError):
        client.get(f"{kube}/00000000-0000-4000-8000-000000000000")
    with pytest.raises(ovh.exceptions.BadParametersError, match="available are"):
        client.post(kube, region="LOCAL1", nodepool={"flavorName": "huge"})
    with pytest.raises(ovh.exceptions.ResourceNotFoundError):
        client.get("/cloud/project/" + "0" * 32)
    with pytest.raises(ovh.exceptions.APIError) as large:
        client.post(kube, region="LOCAL1", name="x" * 10_000_000)
    assert large.value.response.status_code == 413
    stranger = ovh.Client(endpoint="steward", application_key="a", application_secret="b", consumer_key="c")
    with pytest.raises(ovh.exceptions.InvalidKey):
        stranger.get("/cloud/project")
    stranger._application_key = client._application_key
    with pytest.raises(ovh.exceptions.InvalidCredential):
        stranger.get("/cloud/project")
    stranger._session.close()


def owner_of(base: str, client: ovh.Client) -> dict[str, str]:
    """What a person of the account signs in with."""
    invited = client.post("/native/people", email="ann@x.example", role="owner")
    body = {"token": invited["invitation"], "password": "seven small brown foxes"}
    requests.post(f"{base}/native/people/password", json=body, timeout=30).raise_for_status()
    return {"email": "ann@x.example", "password": body["password"]}


def grant(link: str, owner: dict[str, str]) -> None:
    """As the person does in a browser."""
    with requests.Session() as browser:
        page = browser.get(link, timeout=30)
        form = {**pages.fields(page.text), **owner, "decision": "grant"}
        answer = browser.post(link.split("?")[0], data=form, timeout=30, allow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "https://x.example/")


@pytest.mark.enable_socket
def test_a_consumer_key_asked_for_with_python_ovh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path) as base, client_of(base, monkeypatch) as (client, project):
        owner = owner_of(base, client)
        wanted = client.new_consumer_key_request()
        wanted.add_recursive_rules(ovh.API_READ_ONLY, "/cloud")
        asked = wanted.request("https://x.example/")
        assert asked["state"] == "pendingValidation"
        with pytest.raises(ovh.exceptions.InvalidCredential):
            client.get("/cloud/project")
        grant(asked["validationUrl"], owner)
        assert client.get("/cloud/project") == [project]
        time_of_service = client.get("/auth/time", _need_auth=False)
        assert abs(time_of_service - time.time()) < 5
        assert client.post("/auth/logout") is None
        with pytest.raises(ovh.exceptions.InvalidCredential):
            client.get("/cloud/project")
