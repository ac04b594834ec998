"""`allowedIPs` on a served steward, with its own server in front: who says where a request comes from."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

import ovh  # type: ignore[import-untyped]  # it has none
import pytest
from httpx2 import URL

from tests.system import service as service_

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[service_.Service]:
    running = service_.Service(
        folder, "h7", IPv4Network("100.96.0.0/12"), service_.free_port(), {"STEWARD_RUNTIME": "simulated", **settings}
    )
    running.start()
    try:
        running.make_customer()
        yield running
        assert running.stop() == 0
    finally:
        if running.process is not None:
            running.kill()


def tied(service: service_.Service, block: str) -> ovh.Client:
    """python-ovh with a consumer key for some addresses alone."""
    known = service.api
    asked = known.call(
        "POST",
        "/auth/credential",
        {"accessRules": [{"method": "GET", "path": "/*"}], "allowedIPs": [block]},
        need_auth=False,
    )
    link = URL(asked["validationUrl"]).params
    known.post(f"/native/credentials/{link['id']}/validate", token=link["token"])
    return ovh.Client(
        endpoint=f"steward-{service.instance}",
        application_key=known._application_key,
        application_secret=known._application_secret,
        consumer_key=asked["consumerKey"],
    )


@pytest.mark.parametrize("trusted", [False, True])
def test_only_trusted_proxies_say_where_a_request_comes_from(tmp_path: Path, trusted: bool) -> None:
    settings = {"STEWARD_TRUSTED_PROXIES": '["127.0.0.0/8"]'} if trusted else {}
    with served(tmp_path, **settings) as service:
        client = tied(service, "198.51.100.0/24")
        client._session.headers["X-Forwarded-For"] = "198.51.100.7"
        if trusted:
            assert client.get("/cloud/project") == [service.project]
            client._session.headers["X-Forwarded-For"] = "198.51.100.7, 192.0.2.1"
        with pytest.raises(ovh.exceptions.Forbidden):
            client.get("/cloud/project")
        client._session.close()
