"""The audit log of a real cluster: the provider's acts are found in it, the customer's are not, and gaps are told."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steward.kit import times
from steward.responsibility import audit_rules
from tests.system import ordered, rogues, waiting
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = [pytest.mark.system, pytest.mark.root, pytest.mark.timeout(900)]

FOUND_WITHIN = 10.0  # seconds from the write to the finding
SILENCE = 200.0


@pytest.fixture(scope="module")
def audited(service: Service) -> Iterator[Cluster]:
    """A cluster of its own, for breaches stay shown; with a day of life behind it."""
    with ordered.ready(service, nodes=1, name="audited") as cluster:
        cluster.kubectl("create", "namespace", "shop")
        yield cluster


def audit(cluster: Cluster, part: str) -> Any:
    return cluster.service.native("GET", f"/native/projects/{cluster.service.project}/kube/{cluster.id}/audit/{part}")


_began = [""]  # of the test that runs; what others did before is theirs, even where it is found only now


@pytest.fixture(autouse=True)
def _from_now_on(audited: Cluster) -> None:
    _began[0] = times.precise(datetime.now(UTC))


def breaches(cluster: Cluster) -> Sequence[dict[str, Any]]:
    """Those of this test."""
    return [each for each in audit(cluster, "findings") if each["sort"] == "breach" and each["at"] >= _began[0]]


def known(cluster: Cluster) -> dict[str, Any]:
    """Once there is a window of which everything is known."""
    waiting.until(lambda: audit(cluster, "windows")["until"], "the first canary", within=120)
    found: dict[str, Any] = audit(cluster, "windows")
    return found


def events(cluster: Cluster) -> list[dict[str, Any]]:
    lines = cluster.places.audit_log.read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def found(cluster: Cluster, **wanted: str) -> float:
    """Seconds until a breach like this is found."""
    began = time.monotonic()

    def there() -> bool:
        return any(wanted.items() <= each.items() for each in breaches(cluster))

    waiting.until(there, f"a breach like {wanted}", within=FOUND_WITHIN + 5)
    return time.monotonic() - began


def test_a_day_of_ordering_resizing_and_emptying_has_no_breach(audited: Cluster) -> None:
    (pool,) = audited.pools()
    path = f"{audited.path}/nodepool/{pool['id']}"
    audited.run(*(ordered.pod(f"guest-{number}") for number in range(2)))
    audited.service.api.put(path, desiredNodes=2)
    audited.wait_ready()
    first = sorted(audited.nodes(), key=lambda each: str(each["createdAt"]))[0]
    audited.service.api.put(path, desiredNodes=1, nodesToRemove=[first["id"]])
    audited.wait_ready()
    assert [each for each in known(audited)["gaps"] if each["at"] >= _began[0]] == []
    evicted = [each for each in events(audited) if (each.get("objectRef") or {}).get("subresource") == "eviction"]
    assert evicted, "nothing was evicted, so nothing was tried"
    assert {each["userAgent"] for each in evicted} == {f"steward (operation node:{first['id']})"}
    assert breaches(audited) == []


def test_every_certificate_that_the_log_shows_is_in_the_ledger(audited: Cluster) -> None:
    own = [each for each in events(audited) if each["user"]["username"] != "mallory"]  # of another test, and a forgery
    used = {audit_rules.parsed(json.dumps(each).encode()).fingerprint for each in own} - {""}
    assert used

    def ledger() -> set[str]:
        return {each["fingerprint"] for each in audit(audited, "issuances")}

    # What the cluster signed for its customer is written down once it is seen.
    waiting.until(lambda: used <= ledger(), "every certificate in the ledger", within=FOUND_WITHIN)


def test_steward_is_no_master_once_the_cluster_is_installed(audited: Cluster) -> None:
    (installed,) = [each["at"] for each in audited.events() if each["type"] == "cluster:installed"]
    masters = [each for each in events(audited) if "system:masters" in each["user"].get("groups", ())]
    later = [each for each in masters if each["requestReceivedTimestamp"] > installed]
    # Those who do not keep to the contract, in other tests, hold kubectl.
    users = {each["user"]["username"] for each in later if not each["userAgent"].startswith("kubectl")}
    assert users <= {"kubernetes-admin"}
    assert "steward:2.1-1:bootstrap" in {each["user"]["username"] for each in masters}


def test_the_log_is_private_and_holds_no_content(audited: Cluster) -> None:
    audited.kubectl("create", "secret", "generic", "hidden", "--from-literal=password=hunter2-in-the-clear")
    audited.kubectl("create", "configmap", "plain", "--from-literal=text=hunter2-in-the-clear")
    audited.kubectl("get", "secret", "hidden", "-o", "yaml")
    encoded = base64.b64encode(b"hunter2-in-the-clear")
    path = audited.places.audit_log
    waiting.until(lambda: b'"name":"hidden"' in path.read_bytes(), "the Secret's name in the log", within=10)
    assert b"hunter2" not in path.read_bytes()
    assert encoded not in path.read_bytes()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_the_customer_does_is_no_breach_and_proves_its_own_row(audited: Cluster) -> None:
    audited.kubectl(
        "create", "deployment", "web", f"--image={ordered.agnhost()}", "-n", "shop", "--", "/agnhost", "pause"
    )
    audited.kubectl("wait", "--for=condition=Available", "deployment/web", "-n", "shop", "--timeout=200s")
    audited.kubectl("rollout", "restart", "deployment/web", "-n", "shop")
    audited.kubectl("get", "all", "-n", "shop", "-o", "yaml")
    audited.kubectl("exec", "-n", "shop", "deployment/web", "--", "/bin/cat", "/etc/hostname")
    audited.kubectl("delete", "deployment", "web", "-n", "shop")

    def counted() -> bool:
        tallies = {each["activity"]: each for each in as_customer(audited, "windows")["tallies"]}
        return {"2.2-1", "2.3-1", "2.3-2", "2.3-3", "3.1.1-2", "3.2.1-5"} <= set(tallies)

    waiting.until(counted, "the customer's acts in the counts", within=20)
    assert breaches(audited) == []


def as_customer(cluster: Cluster, part: str) -> Any:
    """Signed: python-ovh knows the paths below `/1.0`, so its base is another one for a moment."""
    link = cluster.service.api
    before, link._endpoint = link._endpoint, cluster.service.url
    try:
        return link.get(f"/native/projects/{cluster.service.project}/kube/{cluster.id}/audit/{part}")
    finally:
        link._endpoint = before


def test_the_provider_is_not_shown_how_much_the_customer_does(audited: Cluster) -> None:
    assert {each["byCustomer"] for each in audit(audited, "windows")["tallies"]} == {None}


def test_a_certificate_that_the_cluster_itself_signed_is_the_customers(audited: Cluster, tmp_path: Path) -> None:
    key, request = tmp_path / "alice.key", tmp_path / "alice.csr"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)], check=True)
    subprocess.run(["openssl", "req", "-new", "-key", str(key), "-subj", "/CN=alice", "-out", str(request)], check=True)
    asked = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "alice"},
        "spec": {
            "request": base64.b64encode(request.read_bytes()).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        },
    }
    audited.kubectl("apply", "-f", "-", stdin=asked)
    audited.kubectl("certificate", "approve", "alice")

    def signed() -> str:
        return audited.kubectl("get", "csr", "alice", "-o", "jsonpath={.status.certificate}")

    certificate = tmp_path / "alice.crt"
    certificate.write_bytes(base64.b64decode(waiting.until(signed, "the signed certificate")))
    audited.kubectl("create", "clusterrolebinding", "alice", "--clusterrole=edit", "--user=alice")
    alice = rogues.with_pair(audited, tmp_path, certificate.read_text(), key.read_text())
    alice.kubectl("create", "configmap", "hers")
    waiting.until(
        lambda: [each for each in as_customer(audited, "issuances") if each["user"] == "alice"],
        "alice in the ledger",
        within=FOUND_WITHIN,
    )
    assert breaches(audited) == []


def test_a_write_of_the_provider_in_a_namespace_of_the_customer_is_found_in_seconds(
    audited: Cluster, tmp_path: Path
) -> None:
    audited.kubectl("create", "secret", "generic", "coveted")
    rogue = rogues.issued(audited, tmp_path)
    rogue.kubectl("create", "configmap", "planted", "-n", "shop")
    assert found(audited, activity="2.3-3", user=rogues.KEEPER.user, name="planted") < FOUND_WITHIN
    rogue.kubectl("get", "secret", "coveted")
    assert found(audited, activity="2.3-3", verb="get", name="coveted") < FOUND_WITHIN
    assert {each["activity"] for each in breaches(audited)} == {"2.3-3"}, "one act is one row's"
    assert "audit:breach" in {each["type"] for each in audited.events()}


def test_a_certificate_that_is_in_no_ledger_is_found_in_seconds(audited: Cluster, tmp_path: Path) -> None:
    rogues.forged(audited, tmp_path).kubectl("get", "pods")
    assert found(audited, activity="3.1.2-2", user="mallory", rule="not in the ledger") < FOUND_WITHIN


def test_the_certificate_of_a_program_in_other_hands_is_found(audited: Cluster) -> None:
    keys = audited.places.credentials
    command = audited.command("--kubeconfig", str(keys / "controller-manager.kubeconfig"))
    subprocess.run([*command, "create", "serviceaccount", "planted"], check=True, capture_output=True)
    assert found(audited, activity="3.1.2-2", rule="other program") < FOUND_WITHIN


def test_without_the_canary_nothing_is_known_and_afterwards_only_what_came_after(audited: Cluster) -> None:
    before = known(audited)
    server = audited.programs()["kube-apiserver"][0]
    os.kill(server, signal.SIGSTOP)
    try:
        waiting.until(lambda: audit(audited, "windows")["until"] is None, "the end of what is known", within=SILENCE)
    finally:
        os.kill(server, signal.SIGCONT)
    after = known(audited)
    assert after["since"] > before["since"]
    assert any("canary" in each["text"] for each in after["gaps"])
