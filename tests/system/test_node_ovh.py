"""OVHcloud's own client for Node, which speaks HTTPS alone, against a steward that does as well."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openid import provider
from tests.system import callers, waiting
from tests.system import service as service_
from tests.system.service import REGION, Service

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(300)]


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Service, callers.Caller]]:
    tls = provider.certified(tmp_path, "127.0.0.1")
    for trusted in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(trusted, str(tls.authority))
    files = {"STEWARD_TLS_CERTIFICATE": str(tls.certificate), "STEWARD_TLS_KEY": str(tls.key)}
    with (
        service_.running("stwnd", STEWARD_RUNTIME="simulated", **files) as served,
        callers.node_ovh(served, "127.0.0.1", served.port, tls.authority) as made,
    ):
        yield served, made


def test_a_cluster_from_its_order_to_its_end(caller: tuple[Service, callers.Caller]) -> None:
    service, node = caller
    assert node.call("GET", "/cloud/project") == [service.project]
    kube = f"/cloud/project/{service.project}/kube"
    order = {"region": REGION, "name": "grün-ü", "nodepool": {"flavorName": "b2-7", "desiredNodes": 1}}
    made = node.call("POST", kube, order)
    assert made["name"] == "grün-ü"
    path = f"{kube}/{made['id']}"
    waiting.until(lambda: node.call("GET", path)["status"] == "READY", "the cluster")
    assert node.call("PUT", path, {"name": "rot"}) is None
    assert node.call("GET", path)["name"] == "rot"
    pool = node.call("POST", f"{path}/nodepool", {"name": "more", "flavorName": "b2-7", "desiredNodes": 2})
    assert pool["id"] in {each["id"] for each in node.call("GET", f"{path}/nodepool")}
    assert "clusters:" in node.call("POST", f"{path}/kubeconfig")["content"]
    assert node.call("DELETE", path) is None
    waiting.until(lambda: node.call("GET", kube) == [], "its end")


def test_refusals(caller: tuple[Service, callers.Caller]) -> None:
    service, node = caller
    with pytest.raises(callers.Refused, match="404"):
        node.call("GET", f"/cloud/project/{service.project}/kube/00000000-0000-0000-0000-000000000000")
    with pytest.raises(callers.Refused, match=r"400.*Region .NOWHERE. is not available"):
        node.call("POST", f"/cloud/project/{service.project}/kube", {"region": "NOWHERE"})
