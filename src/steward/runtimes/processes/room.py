"""How large the machine is, and what of it is left: memory, cores, disk, and the folder of the state."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from steward.catalogue import loading
from steward.runtimes.processes.findings import Finding, verdict

RESERVED_MEMORY_MB = 1536  # of the host, for itself and for steward
LEAST_DISK_GB = 5


def memory_mb() -> int:
    with open("/proc/meminfo") as file:
        return int(file.readline().split()[1]) // 1024


def cores() -> int:
    return os.cpu_count() or 1


def nearest(folder: Path) -> Path:
    """Itself, or of what is to be, the nearest folder that is."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def short_of_disk(state: Path) -> str:
    """Why nothing more can be promised on this disk now; empty where it has room."""
    folder = nearest(state)
    free = shutil.disk_usage(folder).free / 2**30
    if free >= LEAST_DISK_GB:
        return ""
    return f"the disk is too full: {free:.1f} GiB are free at {folder}, and {LEAST_DISK_GB} are needed"


def holds_clusters(state: Path) -> bool:
    try:
        return any((state / "clusters").iterdir())
    except OSError:
        return False


def look(state: Path) -> Iterator[Finding]:
    yield from _size()
    folder, short, standing = nearest(state), short_of_disk(state), holds_clusters(state)
    yield verdict(
        "disk",
        short + ("; the clusters here go on, new orders are refused" if short and standing else ""),
        well=f"{shutil.disk_usage(folder).free // 2**30} GiB free at {folder}",
        mend="make room there, or set STEWARD_STATE to a folder on another disk",
        warning=standing,
    )
    writable = os.access(folder, os.W_OK)
    yield verdict(
        "state folder",
        "" if writable else f"{folder} cannot be written",
        well=f"{state} can be written",
        mend="set STEWARD_STATE to a folder that can, or mount it read-write",
    )


def _size() -> Iterator[Finding]:
    """Whether one node of any flavor fits beside the machine's own needs."""
    known, has = loading.flavors(), memory_mb()
    least = min(each.ram for each in known) * 1024 + RESERVED_MEMORY_MB
    fitting = [each for each in known if each.ram * 1024 + RESERVED_MEMORY_MB <= has and each.vcpus <= cores()]
    names = ", ".join(each.name for each in fitting) or "no flavor"
    yield verdict(
        "memory",
        "" if has >= least else f"{has} MiB; the smallest node and the machine itself take {least} MiB",
        well=f"{has} MiB: room for nodes of {names}",
        mend=f"a machine with at least {-(-least // 1024)} GiB of memory",
    )
    fewest = min(each.vcpus for each in known)
    yield verdict(
        "cores",
        "" if cores() >= fewest else f"{cores()}; the smallest flavor has {fewest}",
        well=str(cores()),
        mend=f"a machine with at least {fewest} cores",
    )
