"""A disk that is full, or that the kernel made read-only: reads go on, writes say why they are refused."""

import errno
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from steward.domain import clusters, errors
from tests.storage import samples
from tests.storage.conftest import Store
from tests.system import disks

pytestmark = pytest.mark.root


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with disks.mounted(tmp_path, "disk", 16 * 2**20) as made:
        yield made.path


@pytest.fixture
def small_store(disk: Path, open_store: Callable[[str], Store]) -> Store:
    store = open_store(f"sqlite:///{disk / 'steward.db'}")
    store.run(put(store, "before"))
    return store


async def put(store: Store, name: str, size: int = 100_000) -> None:
    async with store.records.begin() as work:
        await work.secrets.put("disk", name, b"x" * size)
        await work.events.add(samples.event("disk", message=name))


async def found(store: Store) -> list[str]:
    async with store.records.read() as work:
        events = await work.events.of_cluster(clusters.ClusterId("disk"), limit=1000)
        for each in events:
            assert await work.secrets.get("disk", each.message) is not None
        return [each.message for each in events]


def test_full(small_store: Store, disk: Path) -> None:
    written = ["before"]
    refusals = []
    for number in range(200):
        try:
            small_store.run(put(small_store, str(number)))
            written.append(str(number))
        except errors.Unavailable as refused:
            refusals.append(refused)
        assert small_store.run(found(small_store)) == written
        if len(refusals) == 3:
            break
    assert len(refusals) == 3
    for each in refusals:
        assert "full" in each.message
        assert "provider's turn" in each.message
    # A reader that has to open a connection of its own finds its way, too.
    small_store.run(two_readers(small_store, len(written)))


async def two_readers(store: Store, wanted: int) -> None:
    async with store.records.read() as one, store.records.read() as two, store.records.read() as three:
        for work in (one, two, three):
            assert len(await work.events.of_cluster(clusters.ClusterId("disk"), limit=1000)) == wanted


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 4096)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return ballast


def test_full_and_free_again(small_store: Store, disk: Path) -> None:
    ballast = fill(disk)
    with pytest.raises(errors.Unavailable, match="full"):
        small_store.run(put(small_store, "refused", 2_000_000))
    assert small_store.run(found(small_store)) == ["before"]
    ballast.unlink()
    small_store.run(put(small_store, "after"))
    assert small_store.run(found(small_store)) == ["before", "after"]


def test_read_only(small_store: Store, disk: Path) -> None:
    # As the kernel does after an error of the disk; a plain remount refuses while files are open for writing.
    subprocess.run(["mount", "-o", "remount,abort", disk], check=True)
    for number in range(3):
        with pytest.raises(errors.Unavailable, match="provider's turn"):
            small_store.run(put(small_store, f"refused{number}"))
        assert small_store.run(found(small_store)) == ["before"]
    small_store.run(two_readers(small_store, 1))


def test_a_full_disk_keeps_nobody_from_opening(disk: Path, tmp_path: Path) -> None:
    @contextmanager
    def opened() -> Iterator[Store]:
        store = Store(f"sqlite:///{disk / 'steward.db'}", tmp_path / "seal.key")
        yield store
        store.close()

    with opened() as store:
        store.run(put(store, "before"))
    fill(disk)
    # Twice: what the first one gave up of its room is there for the second one, too.
    for _ in range(2):
        with opened() as store:
            assert store.run(found(store)) == ["before"]
