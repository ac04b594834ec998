"""The limits of a node: cgroup v1 (one hierarchy per controller) and v2 (one for all).

Folders are made parents first, because cpuset of v1 must be filled at each level; they are removed
leaves first. A folder that still holds a process cannot be removed, which is an error and not waited for.
"""

import contextlib
import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
REQUIRED = ("cpu", "cpuset", "memory", "pids")
LEAF = "init"  # by custom, where the processes of a container's root go
_ATTEMPTS = 10  # processes may fork while they are moved
PERIOD = 100_000  # microseconds, of the CPU bandwidth controller
MOST_PROCESSES = 8192  # of one node: 110 pods with room


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    vcpus: int
    memory_mb: int
    processes: int = MOST_PROCESSES


@dataclass(frozen=True, slots=True)
class Cgroups:
    """`root` is where the cgroup file systems are mounted."""

    root: Path = ROOT

    @property
    def unified(self) -> bool:
        return (self.root / "cgroup.controllers").exists()

    def folders(self, name: str) -> tuple[Path, ...]:
        """One per hierarchy; a process of the group is put into each."""
        if self.unified:
            return (self.root / name,)
        return tuple(each / name for each in self._hierarchies())

    def _hierarchies(self) -> list[Path]:
        """Of v1: every one, named ones too, since the kubelet asks for all. Links are other names of the same."""
        mounted = (each for each in self.root.iterdir() if (each / "cgroup.procs").exists())
        return sorted(each for each in mounted if not each.is_symlink() and each.name != "unified")

    def as_root(self, name: str) -> list[tuple[str, str]]:
        """Each of its folders, and where below /sys/fs/cgroup a box sees it: empty for the one of v2."""
        return [
            (str(each), "" if self.unified else each.relative_to(self.root).parts[0]) for each in self.folders(name)
        ]

    def ensure(self, name: str, limits: Limits | None = None) -> tuple[Path, ...]:
        for folder in self.folders(name):
            self._make(folder)
            if limits is not None:
                for file, value in self._values(folder, limits).items():
                    (folder / file).write_text(value)
        return self.folders(name)

    def remove(self, name: str) -> None:
        """The group and all below it; what is gone already is no error."""
        for folder in self.folders(name):
            if not folder.is_dir():
                continue
            below = sorted((each for each in folder.rglob("*") if each.is_dir()), key=lambda p: -len(p.parts))
            for each in [*below, folder]:
                _remove_folder(each)

    def processes(self, name: str) -> set[int]:
        """Of the group and all below it."""
        found: set[int] = set()
        for folder in self.folders(name):
            for file in [folder / "cgroup.procs", *folder.rglob("cgroup.procs")]:
                with contextlib.suppress(OSError):
                    found.update(int(line) for line in file.read_text().split())
        return found

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        hierarchy = self.root if self.unified else self.root / folder.relative_to(self.root).parts[0]
        made = hierarchy
        for part in folder.relative_to(hierarchy).parts:
            above, made = made, made / part
            if self.unified:
                self._open(above)
            made.mkdir(exist_ok=True)
            if not self.unified and (made / "cpuset.cpus").exists():
                for file in ("cpuset.cpus", "cpuset.mems"):
                    (made / file).write_text((above / file).read_text())

    def _open(self, folder: Path) -> None:
        """Groups below it can have limits from now on."""
        try:
            _enable_controllers(folder)
        except OSError as reason:
            if reason.errno != errno.EBUSY or folder != self.root:
                raise
            _make_room(folder)
            _enable_controllers(folder)

    def _values(self, folder: Path, limits: Limits) -> Mapping[str, str]:
        quota = limits.vcpus * PERIOD
        memory = str(limits.memory_mb * 2**20)
        if self.unified:
            return {
                "cpu.max": f"{quota} {PERIOD}",
                "memory.max": memory,
                "pids.max": str(limits.processes),
            }
        by_controller: dict[str, Mapping[str, str]] = {
            "cpu": {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": str(quota)},
            "memory": {"memory.limit_in_bytes": memory},
            "pids": {"pids.max": str(limits.processes)},
        }
        values: dict[str, str] = {}
        for controller in folder.relative_to(self.root).parts[0].split(","):
            values.update(by_controller.get(controller, {}))
        return values


def _enable_controllers(folder: Path) -> None:
    """For the groups below; what is enabled already is left alone, and what nodes can do without may fail."""
    available = set((folder / "cgroup.controllers").read_text().split())
    control = folder / "cgroup.subtree_control"
    enabled = set(control.read_text().split()) if control.exists() else set()
    wanted = [each for each in (*REQUIRED, "io") if each in available and each not in enabled]
    if not wanted:
        return
    try:
        write(control, " ".join(f"+{each}" for each in wanted))
    except OSError:
        for each in wanted:  # one that cannot be enabled must not keep the others from it
            try:
                write(control, f"+{each}")
            except OSError:
                if each in REQUIRED:
                    raise


def _make_room(root: Path) -> None:
    """Its processes go into a leaf: a group of v2 that is not the kernel's own root has processes or children.

    This is so in a container, whose root is a group of the host: all in it are the container's own.
    """
    leaf = root / LEAF
    leaf.mkdir(exist_ok=True)
    for _ in range(_ATTEMPTS):
        left = (root / "cgroup.procs").read_text().split()
        if not left:
            return
        for pid in left:
            with contextlib.suppress(OSError):  # ended meanwhile
                write(leaf / "cgroup.procs", pid)


def write(file: Path, text: str) -> None:
    """One word to the kernel."""
    file.write_text(text)


def _remove_folder(folder: Path) -> None:
    # The kernel frees a dead process's group a moment after its end is reported.
    for attempt in range(100):
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            if attempt == 99:
                raise
            time.sleep(0.01)
