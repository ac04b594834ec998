"""A standing control plane is changed for real: its processes, what it admits, who logs in, and nobody is refused."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ovh.exceptions
import pytest
import requests
import yaml

from steward.domain import networks
from tests.system import inside, ordered, outside, service, waiting
from tests.system.ordered import Cluster

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

API, NEXT = "kube-apiserver", "kube-apiserver.next"
OFF = {"admissionPlugins": {"enabled": ["NodeRestriction"], "disabled": ["AlwaysPullImages"]}}
ON = {"admissionPlugins": {"enabled": ["AlwaysPullImages", "NodeRestriction"], "disabled": []}}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Without nodes: none of what is looked at needs one."""
    allowed = json.dumps([f"{outside.ADDRESS}/32"])
    with service.running("stwc", STEWARD_WEBHOOK_NETWORKS=allowed) as running:
        yield ordered.order(running, nodes=None, name="changing").wait_ready()


def changed(cluster: Cluster) -> dict[str, tuple[int, int]]:
    cluster.wait_ready()
    programs = cluster.programs()
    assert NEXT not in programs
    return programs


def customize(cluster: Cluster, server: object) -> None:
    cluster.service.api.put(f"{cluster.path}/customization", apiServer=server)
    assert cluster.see()["status"] == "REDEPLOYING"


class Clients:
    """Each with a new connection for each request: the administrator, and one whose rights come from RBAC alone."""

    def __init__(self, cluster: Cluster) -> None:
        config = yaml.safe_load(cluster.kubeconfig().read_text())
        user, server = config["users"][0]["user"], config["clusters"][0]["cluster"]
        folder = cluster.service.folder
        texts = {
            "asking.crt": user["client-certificate-data"],
            "asking.key": user["client-key-data"],
            "asking-ca.crt": server["certificate-authority-data"],
        }
        for name, text in texts.items():
            (folder / name).write_bytes(base64.b64decode(text))
        self.url, self.authority = server["server"], str(folder / "asking-ca.crt")
        self.pair = (str(folder / "asking.crt"), str(folder / "asking.key"))
        self.token = cluster.kubectl("create", "token", "asking")
        self.answers, self.failures = 0, []  # type: ignore[var-annotated]
        self._ending = threading.Event()

    def _ask(self, **identity: object) -> None:
        while not self._ending.is_set():
            try:
                answer = requests.get(
                    f"{self.url}/api/v1/namespaces/default/configmaps", verify=self.authority, timeout=20, **identity
                )  # type: ignore[arg-type]
                if answer.status_code == 200:
                    self.answers += 1
                else:
                    self.failures.append(f"{answer.status_code} {answer.text[:200]}")
            except requests.RequestException as reason:
                self.failures.append(repr(reason))
            time.sleep(0.02)

    @contextmanager
    def asking(self) -> Iterator[None]:
        bearer = {"Authorization": f"Bearer {self.token}"}
        threads = [
            threading.Thread(target=self._ask, kwargs={"cert": self.pair}),
            threading.Thread(target=self._ask, kwargs={"headers": bearer}),
        ]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self._ending.set()
            for each in threads:
                each.join()


@pytest.fixture(scope="module")
def reader(cluster: Cluster) -> None:
    cluster.kubectl("create", "serviceaccount", "asking")
    cluster.kubectl("create", "rolebinding", "asking", "--clusterrole=view", "--serviceaccount=default:asking")


def test_a_disabled_plugin_is_really_off_and_only_the_api_server_is_another(cluster: Cluster) -> None:
    before = changed(cluster)
    assert inside.policy(cluster) == "Always"
    customize(cluster, OFF)
    after = changed(cluster)
    assert {name for name in before if before[name] != after[name]} == {API}
    assert inside.policy(cluster) == "IfNotPresent"
    assert cluster.see()["customization"]["apiServer"] == OFF
    customize(cluster, ON)
    assert changed(cluster)[API] != after[API]
    assert inside.policy(cluster) == "Always"


def test_a_restart_refuses_nobody(cluster: Cluster, reader: None) -> None:
    clients = Clients(cluster)
    before = changed(cluster)
    with clients.asking():
        for _ in range(2):
            cluster.service.api.post(f"{cluster.path}/restart")
            cluster.wait_ready()
            cluster.kubectl("get", "--raw", "/readyz")
    after = changed(cluster)
    assert after[API] != before[API]
    assert clients.failures == []
    assert clients.answers > 50


def test_pods_find_the_api_server_over_every_replacement(cluster: Cluster) -> None:
    known = set()
    for _ in range(2):
        cluster.service.api.post(f"{cluster.path}/restart", force=False)
        cluster.wait_ready()
        subsets = cluster.find("endpoints", "kubernetes")["subsets"]
        known |= {each["ip"] for subset in subsets for each in subset["addresses"]}
    assert known <= {str(cluster.network.gateway), str(cluster.network.api_address)}


def test_a_forced_restart_starts_another_process(cluster: Cluster) -> None:
    before = changed(cluster)
    cluster.service.api.post(f"{cluster.path}/restart", force=True)
    assert changed(cluster)[API] != before[API]


def test_a_steward_that_is_killed_in_the_midst_is_followed_by_one_that_goes_on(cluster: Cluster) -> None:
    for pause in (0.5, 4.0, 8.0):
        before = changed(cluster)
        cluster.service.api.post(f"{cluster.path}/restart")
        time.sleep(pause)
        cluster.service.kill()
        assert cluster.kubectl("get", "--raw", "/readyz") == "ok"
        cluster.service.start()
        assert changed(cluster)[API] != before[API]


def test_the_usage_of_etcd_is_etcds_own(cluster: Cluster) -> None:
    def equal() -> bool:
        said = cluster.service.api.get(f"{cluster.path}/metrics/etcdUsage")
        assert type(said["usage"]) is type(said["quota"]) is int
        assert said["quota"] == 400 * 2**20
        return bool(said["usage"] == inside.etcd_size(cluster))

    waiting.until(equal, "the same size from both")


def test_people_log_in_by_a_provider_of_the_customers(cluster: Cluster, tmp_path: Path) -> None:
    api, path = cluster.service.api, f"{cluster.path}/openIdConnect"
    with outside.standing(), inside.issuing(tmp_path) as issuer:
        authority = inside.authority_of(issuer)
        token = issuer.sign_in("anna", inside.KUBECTL)["id_token"]
        assert inside.who(cluster, token) == {}
        api.post(path, issuerUrl=issuer.issuer, clientId=inside.KUBECTL.id, caContent=authority, groupsClaim=["groups"],
                 groupsPrefix="id:", usernameClaim="email", usernamePrefix="id:", signingAlgorithms=["RS256"],
                 requiredClaim=["sub=anna"])  # fmt: skip
        cluster.wait_ready()
        found = waiting.until(lambda: inside.who(cluster, token), "a login")
        assert found["username"] == "id:anna@customer.example"
        assert "id:shop" in found["groups"]  # type: ignore[operator]
        api.put(path, groupsClaim=["groups", "roles"], signingAlgorithms=[], requiredClaim=["sub=somebody else"])
        cluster.wait_ready()
        waiting.until(lambda: inside.who(cluster, token) == {}, "no login without the claim")
        api.put(path, requiredClaim=[])
        cluster.wait_ready()
        found = waiting.until(lambda: inside.who(cluster, token), "a login with both claims for groups")
        assert {"id:shop", "id:lead"} <= set(found["groups"])  # type: ignore[call-overload]
    api.put(path, issuerUrl=f"https://{outside.ADDRESS}:1/nobody", groupsClaim=["groups"])
    cluster.wait_ready()
    assert cluster.kubectl("get", "--raw", "/readyz") == "ok"
    api.delete(path)
    cluster.wait_ready()
    with pytest.raises(ovh.exceptions.ResourceNotFoundError):
        api.get(path)
    assert networks.API_PORT == 6443
