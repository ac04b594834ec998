"""etcd's database has blocks of its own before the disk is full."""

import os
from pathlib import Path

from steward.runtimes.processes import headroom


def database(data: Path, length: int) -> Path:
    path = data / "member/snap/db"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(length)
    return path


def blocks(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_holes_and_what_lies_ahead_are_set_aside(tmp_path: Path) -> None:
    path = database(tmp_path, 3 << 20)
    assert blocks(path) == 0
    assert headroom.keep(tmp_path)
    assert path.stat().st_size == 3 << 20
    assert blocks(path) >= (3 << 20) + headroom.AHEAD


def test_growth_uses_it_up_and_is_followed(tmp_path: Path) -> None:
    path = database(tmp_path, 1 << 20)
    headroom.keep(tmp_path)
    first = blocks(path)
    os.truncate(path, headroom.AHEAD)
    assert blocks(path) == first
    assert headroom.keep(tmp_path)
    assert blocks(path) >= 2 * headroom.AHEAD


def test_enough_is_left_alone(tmp_path: Path) -> None:
    path = database(tmp_path, 1 << 20)
    headroom.keep(tmp_path)
    before = path.stat()
    assert headroom.keep(tmp_path)
    assert path.stat().st_blocks == before.st_blocks


def test_an_etcd_that_has_no_database_yet(tmp_path: Path) -> None:
    assert headroom.keep(tmp_path)


def test_one_that_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "member/snap"
    path.mkdir(parents=True)
    (path / "db").mkdir()
    assert not headroom.keep(tmp_path)
