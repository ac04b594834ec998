"""Logs of programs are bounded, while the programs go on writing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from steward.runtimes.processes import logs, places


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 1000)
    monkeypatch.setattr(logs, "_own", lambda: iter(()))


@pytest.fixture
def spot(tmp_path: Path) -> places.Places:
    return places.Places(tmp_path, "stw")


def test_whoever_writes_goes_on_at_the_beginning(spot: places.Places) -> None:
    path = spot.cluster("c").log("etcd")  # type: ignore[arg-type]
    path.parent.mkdir(parents=True)
    writer = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for _ in range(5):
        os.write(writer, b"x" * 600)
        logs.bound(spot)
        os.write(writer, b"after")
    os.close(writer)
    assert path.stat().st_size < 1500
    former = path.with_name("etcd.log.1")
    assert former.read_bytes().endswith(b"x" * 600)
    assert sorted(each.name for each in path.parent.iterdir()) == ["etcd.log", "etcd.log.1"]


def test_logs_of_nodes_and_of_the_registry_too(spot: places.Places) -> None:
    node = spot.cluster("c").node("n").log("kubelet")  # type: ignore[arg-type]
    registry = spot.registry / "registry.log"
    for path in (node, registry):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"y" * 2000)
    (spot.registry / "registry.yaml").write_bytes(b"z" * 2000)
    logs.bound(spot)
    assert [path.stat().st_size for path in (node, registry)] == [0, 0]
    assert (spot.registry / "registry.yaml").stat().st_size == 2000


def test_a_disk_without_room_for_the_copy_is_freed_all_the_same(
    spot: places.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = spot.registry / "registry.log"
    registry.parent.mkdir(parents=True)
    registry.write_bytes(b"y" * 2000)

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logs.shutil, "copyfile", full)
    logs.bound(spot)
    assert [each.name for each in registry.parent.iterdir()] == ["registry.log"]
    assert registry.stat().st_size == 0


def test_the_services_own_log_where_it_is_a_file_that_is_appended_to(tmp_path: Path) -> None:
    code = (
        "from steward.runtimes.processes import logs, places; import pathlib; logs.MOST_BYTES = 10; "
        f"logs.bound(places.Places(pathlib.Path({str(tmp_path)!r}), 'stw'))"
    )
    for mode, left in (("ab", 0), ("r+b", 100)):
        path = tmp_path / "serve.log"
        path.write_bytes(b"s" * 100)
        with path.open(mode) as file:
            subprocess.run([sys.executable, "-c", code], stderr=file, check=True)
        assert path.stat().st_size == left
