"""A result appears whole or not at all, once, whoever is killed on the way."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from steward.components import shelves

LABEL = shelves.Label(name="thing", version="1.0", key="ab" * 32, recipe="cd" * 32)

MAKER = """
import asyncio, sys
from pathlib import Path
from steward.components import shelves
root, mode = Path(sys.argv[1]), sys.argv[2]
label = shelves.Label(name="thing", version="1.0", key="ab" * 32, recipe="cd" * 32)
async def fill(folder):
    (folder / "program").write_text("made")
    with (root.parent / "makers").open("a") as log:
        log.write("x")
    print("filling", flush=True)
    if mode == "hang":
        sys.stdin.read()
    return {"way": "test"}
asyncio.run(shelves.Shelf(root=root, poll=0.01).make(label, fill))
print("done", flush=True)
"""


async def _fill(folder: Path) -> Mapping[str, str]:
    (folder / "program").write_text("made")
    (folder / "below").mkdir()
    (folder / "below" / "other").write_text("too")
    return {"way": "test"}


def _make(shelf: shelves.Shelf) -> Path:
    return asyncio.run(shelf.make(LABEL, _fill))


def _maker(root: Path, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAKER, root, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_result_is_named_and_described(tmp_path: Path) -> None:
    folder = _make(shelves.Shelf(root=tmp_path))
    assert folder == tmp_path / "thing-1.0-abababababab"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["obtained"] == {"way": "test"}
    assert set(manifest["files"]) == {"program", "below/other"}
    assert manifest["files"]["program"]["sha256"] == shelves.sha256(folder / "program")


def test_second_making_uses_the_first_result(tmp_path: Path) -> None:
    shelf = shelves.Shelf(root=tmp_path)
    _make(shelf)

    async def never(_folder: Path) -> Mapping[str, str]:
        raise AssertionError("made twice")

    assert asyncio.run(shelf.make(LABEL, never)) == shelf.folder(LABEL)


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    async def failing(folder: Path) -> Mapping[str, str]:
        (folder / "program").write_text("half")
        raise ValueError("the disk said no")

    shelf = shelves.Shelf(root=tmp_path)
    with pytest.raises(ValueError, match="said no"):
        asyncio.run(shelf.make(LABEL, failing))
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert not shelf.holds(LABEL)


def test_cancelling_leaves_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    shelf = shelves.Shelf(root=tmp_path, poll=0.01)

    async def scenario() -> None:
        begun = asyncio.Event()

        async def endless(_folder: Path) -> Mapping[str, str]:
            begun.set()
            await asyncio.Event().wait()
            return {}

        task = asyncio.create_task(shelf.make(LABEL, endless))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await shelf.make(LABEL, _fill)

    asyncio.run(scenario())
    assert shelf.holds(LABEL)
    assert not list(tmp_path.glob(".making-*"))


def test_two_processes_make_it_once(tmp_path: Path) -> None:
    makers = [_maker(tmp_path / "shelf", "quick") for _ in range(2)]
    outputs = [maker.communicate()[0] for maker in makers]
    assert all(output.endswith("done\n") for output in outputs)
    assert (tmp_path / "makers").read_text() == "x"


def test_killed_maker_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    root = tmp_path / "shelf"
    shelf = shelves.Shelf(root=root, poll=0.01)
    maker = _maker(root, "hang")
    assert maker.stdout is not None
    assert maker.stdout.readline() == "filling\n"
    maker.kill()
    maker.communicate()
    assert len(list(root.glob(".making-*"))) == 1
    assert not shelf.holds(LABEL)
    _make(shelf)
    assert shelf.holds(LABEL)
    assert not list(root.glob(".making-*"))


def test_who_waits_is_told(tmp_path: Path) -> None:
    shelf = shelves.Shelf(root=tmp_path, poll=0.001)

    async def scenario() -> int:
        told = 0
        enough = asyncio.Event()

        async def slow(folder: Path) -> Mapping[str, str]:
            await enough.wait()
            return await _fill(folder)

        def waiting() -> None:
            nonlocal told
            told += 1
            enough.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(shelf.make(LABEL, slow))
            await asyncio.sleep(0)
            group.create_task(shelf.make(LABEL, slow, waiting=waiting))
        return told

    assert asyncio.run(scenario()) >= 1


@pytest.mark.parametrize("damage", ["shorter", "gone", "manifest gone", "manifest broken"])
def test_damaged_result_is_made_again(tmp_path: Path, damage: str) -> None:
    shelf = shelves.Shelf(root=tmp_path)
    folder = _make(shelf)
    match damage:
        case "shorter":
            (folder / "program").write_text("m")
        case "gone":
            (folder / "below" / "other").unlink()
        case "manifest gone":
            (folder / "manifest.json").unlink()
        case "manifest broken":
            (folder / "manifest.json").write_text('{"files": 1}')
    assert not shelf.holds(LABEL)
    _make(shelf)
    assert shelf.holds(LABEL)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", folder.name]


def test_changed_byte_is_found_by_the_thorough_look_alone(tmp_path: Path) -> None:
    folder = _make(shelves.Shelf(root=tmp_path))
    (folder / "program").write_text("MADE")
    assert shelves.damage(folder) == []
    assert shelves.damage(folder, thorough=True) == ["program"]


def test_alike_finds_what_another_compiler_made(tmp_path: Path) -> None:
    shelf = shelves.Shelf(root=tmp_path)
    assert shelf.alike(name="thing", version="1.0", recipe=LABEL.recipe) is None
    _make(shelf)
    assert shelf.alike(name="thing", version="1.0", recipe=LABEL.recipe) == LABEL.key
    assert shelf.alike(name="thing", version="1.0", recipe="other") is None
