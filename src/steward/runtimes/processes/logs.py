"""Keeps what programs write on their outputs from filling the disk.

Called by `host` now and then. Programs append to one file for as long as they live, and their descriptors outlive the
service; so a log that has grown is copied aside and emptied in place. What is written between the two is lost.
"""

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from steward.runtimes.processes import places

MOST_BYTES = 8 * 2**20  # of one log; its predecessor stands beside it
INTERVAL = 60.0  # seconds between two looks


def bound(spot: places.Places) -> None:
    """Every log of this service's programs, and the service's own where that is a file."""
    for path in (*_of_programs(spot), *_own()):
        with contextlib.suppress(OSError):  # removed with its cluster meanwhile
            if path.stat().st_size > MOST_BYTES:
                put_aside(path)


def put_aside(path: Path) -> None:
    former = path.with_name(f"{path.name}.1")
    try:
        shutil.copyfile(path, former)
        former.chmod(0o640)
    except OSError:
        former.unlink(missing_ok=True)  # a full disk is no reason to go on filling it
    os.truncate(path, 0)


def _of_programs(spot: places.Places) -> Iterator[Path]:
    for folder, pattern in (
        (spot.registry, "*.log"),
        (spot.state / "clusters", "*/log/*.log"),
        (spot.state / "clusters", "*/nodes/*/log/*.log"),
    ):
        with contextlib.suppress(OSError):  # a folder that was removed while it was looked through
            yield from folder.glob(pattern)


def _own() -> Iterator[Path]:
    """Only where it is appended to: a writer with a place of its own would leave a hole."""
    with contextlib.suppress(OSError):
        appended = fcntl.fcntl(2, fcntl.F_GETFL) & os.O_APPEND
        if appended and stat.S_ISREG(os.fstat(2).st_mode):
            yield Path(os.readlink("/proc/self/fd/2"))
