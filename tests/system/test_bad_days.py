"""What cannot work is refused, with the reason and the way out, and costs no cluster anything."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ovh.exceptions
import pytest

from tests.system import disks, ordered, waiting
from tests.system import service as service_
from tests.system.disks import Disk
from tests.system.ordered import Cluster
from tests.system.service import REGION, Service

pytestmark = pytest.mark.system

NOBODY = ("unshare", "--user")  # root's files, and no right over anything


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """Of the whole state: 8 GiB, for with less than 5 a steward does not begin."""
    with disks.mounted(tmp_path_factory.mktemp("disks"), "state", 8 << 30) as made:
        yield made


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """Of the database alone."""
    with disks.mounted(tmp_path_factory.mktemp("disks"), "records", 64 << 20) as made:
        yield made


@pytest.fixture(scope="module")
def spoilt(disk: Disk, records: Disk) -> Iterator[Service]:
    database = f"sqlite:///{records.path}/steward.db"
    with service_.running("stwbd", STEWARD_STATE=str(disk.path / "state"), STEWARD_DATABASE=database) as running:
        yield running


@pytest.fixture(scope="module")
def patient(spoilt: Service) -> Iterator[Cluster]:
    with ordered.ready(spoilt, nodes=None, name="patient") as made:
        made.kubeconfig()
        yield made


def refused(call: Any, *arguments: Any, **body: Any) -> dict[str, Any]:
    """The answer's body, a refusal of the provider's in both forms of OVHcloud; empty where nothing was refused."""
    try:
        call(*arguments, **body)
        return {}
    except ovh.exceptions.APIError as refusal:
        response = refusal.response
    answer: dict[str, Any] = response.json()
    assert response.status_code == 503, answer
    assert answer["class"] == "Server::ServiceUnavailable"
    assert answer["httpCode"] == "503 Service Unavailable"
    assert answer["errorCode"]
    assert "provider's turn" in answer["message"]
    assert answer["details"]["whoseTurn"] == "provider"
    return answer


def untouched(cluster: Cluster, programs: dict[str, tuple[int, int]], name: str) -> None:
    assert cluster.programs() == programs
    cluster.kubectl("create", "configmap", name, "--from-literal=written=yes")
    assert cluster.find("configmap", name)["data"] == {"written": "yes"}


def test_full_disk(spoilt: Service, patient: Cluster, disk: Disk, records: Disk) -> None:
    before, name = patient.programs(), patient.see()["name"]
    disk.fill()
    records.fill()
    try:
        # The journal has a little room of its own, so the first small writes may still be kept.
        answer = waiting.until(lambda: refused(_renamed, patient), "the refusal of a write")
        assert "full" in answer["message"]
        order = {"region": REGION, "name": "more", "nodepool": {"name": "w", "flavorName": "d2-4", "desiredNodes": 1}}
        assert "full" in refused(spoilt.api.post, spoilt.base, **order)["message"]
        assert spoilt.api.get(spoilt.base) == [patient.id]
        assert patient.see()["status"] == "READY"
        untouched(patient, before, "while-full")
        # Room for etcd, whose data is here, but for nothing new; none at all for the records.
        disk.empty()
        disk.fill(leaving=1 << 30)
        spoilt.kill()
        spoilt.start()
        assert patient.see()["status"] == "READY"
        assert "full" in refused(spoilt.api.post, spoilt.base, **order)["message"]
        untouched(patient, before, "while-full-and-started-again")
    finally:
        disk.empty()
        records.empty()
    spoilt.api.put(patient.path, name=name)
    assert patient.see()["name"] == name
    assert [each.name for each in (spoilt.state / "clusters").iterdir()] == [patient.id]


def _renamed(cluster: Cluster) -> None:
    old = cluster.see()["name"]
    cluster.service.api.put(cluster.path, name="a" if old == "b" else "b")


def test_disk_that_becomes_read_only(spoilt: Service, patient: Cluster, records: Disk) -> None:
    before, name = patient.programs(), patient.see()["name"]
    records.fail()
    assert refused(spoilt.api.put, patient.path, name="never")
    assert refused(spoilt.api.delete, patient.path)
    assert (patient.see()["name"], patient.see()["status"]) == (name, "READY")
    assert spoilt.api.get(spoilt.base) == [patient.id]
    untouched(patient, before, "while-read-only")
    assert spoilt.stop() == 0
    records.mend()
    spoilt.start()
    assert patient.see()["name"] == name
    spoilt.api.put(patient.path, name="mended")
    patient.wait_ready()
    assert patient.programs() == before


def test_full_host_refuses_an_order() -> None:
    with service_.running("stwfh", STEWARD_OVERCOMMIT_MEMORY="0.05") as small:
        pool = {"name": "workers", "flavorName": "b2-7", "desiredNodes": 2}
        answer = refused(small.api.post, small.base, region=REGION, name="big", nodepool=pool)
        assert "no room" in answer["message"]
        assert "memory" in answer["message"]
        assert small.api.get(small.base) == []
        assert not (small.state / "clusters").exists()


def test_occupied_port(service: Service, tmp_path: Path) -> None:
    said = complaint(service, STEWARD_STATE=str(tmp_path / "state"))
    assert f"127.0.0.1:{service.port}" in said
    assert "STEWARD_LISTEN" in said
    assert not (tmp_path / "state").exists()


def test_second_service_on_the_same_state(service: Service) -> None:
    said = complaint(service, STEWARD_LISTEN=f"127.0.0.1:{service_.free_port()}")
    assert "Another steward" in said
    assert service.api.get(service.base) is not None


def test_without_root(service: Service, tmp_path: Path) -> None:
    elsewhere = {"STEWARD_STATE": str(tmp_path / "state"), "STEWARD_LISTEN": f"127.0.0.1:{service_.free_port()}"}
    said = complaint(service, *NOBODY, **elsewhere)
    assert "root" in said
    assert "sudo" in said
    findings = {each["check"]: each for each in _doctor(service, 1, *NOBODY, **elsewhere)}
    assert not findings["root"]["good"]
    assert "sudo" in findings["root"]["mend"]


def test_doctor_finds_nothing_that_keeps_a_running_service_from_running(service: Service) -> None:
    findings = _doctor(service, 0)
    assert {"root", "program nft", "cgroups", "disk"} <= {each["check"] for each in findings if each["good"]}


def complaint(service: Service, *before: str, **settings: str) -> str:
    """Of a `steward serve` that must not begin: a sentence for people, no stack."""
    ended = _run(service, *before, str(service_.STEWARD), "serve", **settings)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def _doctor(service: Service, code: int, *before: str, **settings: str) -> list[dict[str, Any]]:
    ended = _run(service, *before, str(service_.STEWARD), "doctor", "--json", **settings)
    assert ended.returncode == code, ended.stdout
    found: list[dict[str, Any]] = json.loads(ended.stdout)
    return found


def _run(service: Service, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**service.environment, **settings}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120, cwd=service_.ROOT
    )
