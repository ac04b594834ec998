"""Small disks that tests may spoil: ext4 in a file, mounted through a loop device."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system import waiting

FILLER = "filler"


@dataclass(frozen=True)
class Disk:
    image: Path
    path: Path

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop,errors=remount-ro", self.image, self.path], check=True)
        # As at any host with systemd. A private mount would live on in the programs of whichever cluster there is.
        subprocess.run(["mount", "--make-shared", self.path], check=True)

    def unmount(self) -> None:
        kept = Path("/sys/fs/ext4", Path(self._source()).name)
        # Whoever held a file of it may be a moment from its end.
        waiting.until(self._unmounted, f"the unmounting of {self.path}")
        waiting.until(lambda: not kept.exists(), f"the end of the file system that was at {self.path}")

    def _source(self) -> str:
        (source,) = [line.split()[0] for line in _mounts() if line.split()[1] == str(self.path)]
        return source

    def _unmounted(self) -> bool:
        return subprocess.run(["umount", self.path], capture_output=True, check=False).returncode == 0

    def fill(self, *, leaving: int = 0) -> None:
        """To the last block, or but for some bytes."""
        with (self.path / FILLER).open("wb") as file, contextlib.suppress(OSError):
            left = os.statvfs(self.path)
            free = left.f_bavail * left.f_frsize
            os.posix_fallocate(file.fileno(), 0, free - leaving if leaving else free * 9 // 10)
        if leaving:
            return
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError), (self.path / f"{FILLER}-{size}").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(size))

    def empty(self) -> None:
        for file in self.path.glob(f"{FILLER}*"):
            file.unlink()

    def fail(self) -> None:
        """As the kernel does when it finds an error: from now on the disk is read-only."""
        device = os.stat(self.path).st_dev
        source = self._source()
        assert os.stat(source).st_rdev == device
        Path("/sys/fs/ext4", Path(source).name, "trigger_fs_error").write_text("a test")
        with pytest.raises(OSError, match="Read-only file system"):
            (self.path / "new").touch()

    def mend(self) -> None:
        self.unmount()
        checked = subprocess.run(["e2fsck", "-y", self.image], capture_output=True, check=False)
        assert checked.returncode in (0, 1), checked.stdout
        self.mount()


@contextlib.contextmanager
def mounted(folder: Path, name: str, size: int) -> Iterator[Disk]:
    """Of a size in bytes; the file takes up what is written to it alone."""
    disk = Disk(folder / f"{name}.ext4", folder / name)
    disk.path.mkdir()
    with disk.image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", disk.image], check=True, capture_output=True)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()


def _mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text().splitlines()
