"""What a machine lacks is named, with the command that mends it."""

import os
from pathlib import Path

import pytest

from steward.runtimes.processes import doctor


def test_a_missing_program_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda tool, path=None: None if tool == "nft" else f"/usr/sbin/{tool}")
    lacking = {each.check: each.mend for each in doctor.failures(doctor.examine(tmp_path))}
    assert lacking["program nft"] == "apt-get install -y nftables"


def test_without_root_nothing_can_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = next(each for each in doctor.examine(tmp_path) if each.check == "root")
    assert not found.good
    assert "sudo" in found.mend


def test_a_folder_to_come_is_judged_by_the_one_that_is(tmp_path: Path) -> None:
    checks = {each.check: each for each in doctor.examine(tmp_path / "not" / "yet")}
    assert checks["state folder"].good
    assert str(tmp_path) in checks["disk"].message


def test_a_full_disk_is_a_lack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = type("Usage", (), {"free": 2**30, "total": 2**40, "used": 2**40 - 2**30})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)
    found = next(each for each in doctor.examine(tmp_path) if each.check == "disk")
    assert not found.good
    assert "STEWARD_STATE" in found.mend
