"""What a machine lacks is named, with the command that mends it."""

import os
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from steward.catalogue import loading
from steward.domain import errors, networks
from steward.runtimes.processes import doctor, kernel, neighbours, places, room
from steward.runtimes.processes.findings import Finding, failures

PLAN = networks.Plan(IPv4Network("100.64.0.0/12"))
Examine = Callable[[Path], dict[str, Finding]]


@pytest.fixture
def examine(monkeypatch: pytest.MonkeyPatch) -> Examine:
    """On a machine that has all: what a test takes away is what is found missing."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(doctor.shutil, "which", lambda tool, path=None: f"/usr/sbin/{tool}")
    monkeypatch.setattr(doctor.kernel, "capabilities", lambda: Finding(check="capabilities", good=True, message=""))
    monkeypatch.setattr(kernel, "look", lambda: iter(()))
    monkeypatch.setattr(kernel, "tried", lambda *command, stdin="": "")
    monkeypatch.setattr(kernel, "output", lambda *command: "")

    def examined(state: Path) -> dict[str, Finding]:
        return {each.check: each for each in doctor.examine(places.Places(state, "stw"), PLAN)}

    return examined


def test_a_machine_that_has_all_lacks_nothing(examine: Examine, tmp_path: Path) -> None:
    found = examine(tmp_path)
    assert failures(found.values()) == []
    assert {"root", "program nft", "memory", "disk", "nftables with NAT", "other stewards", "forwarding"} <= set(found)


def test_a_missing_program_names_its_package(examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda tool, path=None: None if tool == "nft" else f"/usr/sbin/{tool}")
    found = examine(tmp_path)
    assert found["program nft"].mend == "apt-get install -y nftables"
    assert "nftables with NAT" not in found  # it would say the same once more


def test_without_root_nothing_can_run(examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = examine(tmp_path)["root"]
    assert not found.good
    assert "sudo" in found.mend


def test_a_folder_to_come_is_judged_by_the_one_that_is(examine: Examine, tmp_path: Path) -> None:
    checks = examine(tmp_path / "not" / "yet")
    assert checks["state folder"].good
    assert str(tmp_path) in checks["disk"].message


def full(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 2**30, "total": 2**40, "used": 2**40 - 2**30})
    monkeypatch.setattr(room.shutil, "disk_usage", lambda folder: usage)


def test_a_full_disk_keeps_the_first_cluster_from_coming(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    full(monkeypatch)
    found = examine(tmp_path)["disk"]
    assert not found.good
    assert not found.warning
    assert "STEWARD_STATE" in found.mend
    with pytest.raises(errors.Unavailable, match=r"1\.0 GiB are free"):
        doctor.check(places.Places(tmp_path, "stw"), PLAN)


def test_a_full_disk_keeps_no_cluster_that_stands_from_being_kept(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    full(monkeypatch)
    (tmp_path / "clusters" / "one").mkdir(parents=True)
    found = examine(tmp_path)["disk"]
    assert not found.good
    assert found.warning
    assert "new orders are refused" in found.message
    doctor.check(places.Places(tmp_path, "stw"), PLAN)


@pytest.mark.parametrize(
    ("memory", "cores", "lack"), [(3000, 4, "memory"), (24000, 0, "cores"), (3600, 1, ""), (7900, 2, "")]
)
def test_small_machines(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memory: int, cores: int, lack: str
) -> None:
    monkeypatch.setattr(room, "memory_mb", lambda: memory)
    monkeypatch.setattr(room, "cores", lambda: cores)
    lacking = failures(examine(tmp_path).values())
    assert [each.check for each in lacking] == ([lack] if lack else [])


def test_the_flavors_that_fit_are_named(examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(room, "memory_mb", lambda: 7900)
    monkeypatch.setattr(room, "cores", lambda: 2)
    assert examine(tmp_path)["memory"].message == "7900 MiB: room for nodes of d2-2, d2-4, c3-4"
    assert min(each.vcpus for each in loading.flavors()) == 1


def test_what_is_tried_says_what_it_said(examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def without_nat(*command: str, stdin: str = "") -> str:
        return "Error: Could not process rule: No such file or directory" if "nft" in command else ""

    monkeypatch.setattr(kernel, "tried", without_nat)
    found = examine(tmp_path)["nftables with NAT"]
    assert not found.good
    assert "Could not process rule" in found.message
    assert "modprobe" in found.mend


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ({"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"}, ""),
        ({"dst": "192.0.2.0/24", "dev": "eth0"}, ""),
        ({"dst": "100.64.0.0/12", "type": "unreachable"}, ""),
        ({"dst": "100.64.255.254", "type": "local", "dev": "lo"}, ""),
        ({"dst": "100.64.0.0/30", "dev": "stw-0"}, ""),
        ({"dst": "100.0.0.0/8", "gateway": "192.0.2.1", "dev": "eth0"}, ""),
        ({"dst": "100.64.0.0/10", "dev": "eth0"}, "100.64.0.0/10 (eth0)"),
        ({"dst": "100.72.0.0/24", "gateway": "192.0.2.1", "dev": "eth0"}, "100.72.0.0/24 (eth0)"),
        ({"dst": "100.65.0.0/23", "dev": "stwx-0"}, "100.65.0.0/23 (stwx-0)"),
        ({"dst": "100.100.100.100", "dev": "tailscale0"}, ""),
        ({"dst": "100.70.1.1", "dev": "tailscale0"}, "100.70.1.1 (tailscale0)"),
    ],
)
def test_routes_of_others_in_the_range(route: dict[str, str], told: str) -> None:
    assert neighbours.foreign(route, "stw", PLAN) == told


def test_a_firewall_that_drops_what_is_forwarded_is_named(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chain = '{"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}}'

    def said(*command: str) -> str:
        return f'{{"nftables": [{chain}]}}' if "chains" in command else ""

    monkeypatch.setattr(kernel, "output", said)
    found = examine(tmp_path)["forwarding"]
    assert not found.good
    assert found.warning
    assert 'nft insert rule ip filter FORWARD iifname "stw-*" accept' in found.mend
