"""What a writer of the registry that was killed leaves behind is found by the next one."""

import os
from pathlib import Path

import pytest

from steward.components import registries


def test_folders_of_killed_writers_go_and_those_of_living_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registries, "_BASE", tmp_path)
    nobody = int(Path("/proc/sys/kernel/pid_max").read_text())  # pids stay below it
    killed, living = (tmp_path / f"steward-registry-{pid}-x" for pid in (nobody, os.getpid()))
    for folder in (killed, living):
        folder.mkdir()
        (folder / "config.yaml").touch()
    with registries._corner() as corner:
        assert not killed.exists()
        assert living.exists()
        assert corner.stat().st_mode & 0o777 == 0o700
    assert sorted(tmp_path.iterdir()) == [living]
