"""What is asked of the kernel, on trees that look like its own."""

import os
from pathlib import Path

import pytest

from steward.runtimes.processes import kernel
from steward.runtimes.processes.findings import failures

STATUS = "Name:\tpython3\nCapEff:\t{:016x}\nSeccomp:\t0\n"


def lacking(root: Path) -> list[str]:
    return [each.check for each in failures(kernel.controllers(root))]


def test_a_module_that_is_not_loaded_yet_is_no_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(kernel, "_knows", lambda name: name != "overlay")
    monkeypatch.setattr(kernel.shutil, "which", lambda tool: f"/sbin/{tool}")
    monkeypatch.setattr(kernel, "tried", lambda *command, stdin="": asked.append(command) or "")
    found = {each.check: each for each in kernel.look()}["file system overlay"]
    assert found.good
    assert "loaded when it is needed" in found.message
    assert asked == [("modprobe", "--dry-run", "--quiet", "overlay")]


def test_what_a_container_cannot_see_is_mounted_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_knows", lambda name: name != "overlay")
    monkeypatch.setattr(kernel.shutil, "which", lambda tool: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = {"unshare": ""}
    monkeypatch.setattr(kernel, "tried", lambda *command, stdin="": said.get(command[0], "no"))
    assert {each.check: each for each in kernel.look()}["file system overlay"].good
    said["unshare"] = "mount: unknown filesystem type 'overlay'"
    found = {each.check: each for each in kernel.look()}["file system overlay"]
    assert not found.good
    assert "modprobe overlay" in found.mend


def test_what_is_there_is_loaded_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(kernel, "_knows", lambda name: False)
    monkeypatch.setattr(kernel.Path, "exists", lambda path: False)
    monkeypatch.setattr(kernel, "tried", lambda *command, stdin="": asked.append(command) or "")
    kernel.load()
    assert asked == [("modprobe", "-q", "overlay"), ("modprobe", "-q", "-a", *kernel.IPVS)]


def test_a_root_without_its_capabilities(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text(STATUS.format(0x1FFFFFFFFFF))
    assert kernel.capabilities(status).good
    status.write_text(STATUS.format(0x1FFFFFFFFFF & ~(1 << 12)))
    found = kernel.capabilities(status)
    assert not found.good
    assert found.message == "this root lacks CAP_NET_ADMIN"
    assert "privileged" in found.mend


def test_no_cgroups(tmp_path: Path) -> None:
    assert lacking(tmp_path) == ["cgroups"]


def test_cgroups_of_v1_are_looked_at_one_by_one(tmp_path: Path) -> None:
    for name in ("cpu", "cpuset", "memory", "pids"):
        (tmp_path / name).mkdir()
    assert lacking(tmp_path) == []
    (tmp_path / "memory").rmdir()
    assert "cgroup controller memory" in lacking(tmp_path)


def test_cgroups_of_v2_are_looked_at_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert lacking(tmp_path) == []
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io pids\n")
    (found,) = failures(kernel.controllers(tmp_path))
    assert found.mend == "boot the kernel with cgroup_enable=memory"


def test_a_trial_says_the_first_thing_that_was_said() -> None:
    assert kernel.tried("true") == ""
    assert "ended with 1" in kernel.tried("false")
    assert "no-such-program" in kernel.tried("no-such-program")
