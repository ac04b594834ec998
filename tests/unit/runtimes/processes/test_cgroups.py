"""The files that limit a node, on trees that look like cgroup v1 and v2."""

import errno
import os
from pathlib import Path

import pytest

from steward.runtimes.processes import cgroups

NODE = "stw/3/0"
LIMITS = cgroups.Limits(vcpus=2, memory_mb=7168, processes=8192)


@pytest.fixture
def v1(tmp_path: Path) -> cgroups.Cgroups:
    """As on a hybrid host: controllers apart, two of them mounted together, a named hierarchy, and `unified`."""
    for name in ("cpu,cpuacct", "cpuset", "memory", "pids", "systemd", "unified"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset" / "cpuset.mems").write_text("0\n")
    return cgroups.Cgroups(tmp_path)


@pytest.fixture
def v2(tmp_path: Path) -> cgroups.Cgroups:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids\n")
    return cgroups.Cgroups(tmp_path)


def test_v1_has_a_folder_in_every_hierarchy_but_once(v1: cgroups.Cgroups) -> None:
    folders = [str(each.relative_to(v1.root)) for each in v1.ensure(NODE)]
    assert folders == [f"{name}/{NODE}" for name in ("cpu,cpuacct", "cpuset", "memory", "pids", "systemd")]
    assert all((v1.root / each).is_dir() for each in folders)


def test_v1_limits(v1: cgroups.Cgroups) -> None:
    v1.ensure(NODE, LIMITS)
    cpu = v1.root / "cpu,cpuacct" / NODE
    assert (cpu / "cpu.cfs_period_us").read_text() == "100000"
    assert (cpu / "cpu.cfs_quota_us").read_text() == "200000"
    assert (v1.root / "memory" / NODE / "memory.limit_in_bytes").read_text() == str(7168 * 2**20)
    assert (v1.root / "pids" / NODE / "pids.max").read_text() == "8192"
    assert os.listdir(v1.root / "systemd" / NODE) == []


def test_v1_fills_cpuset_at_each_level(v1: cgroups.Cgroups, monkeypatch: pytest.MonkeyPatch) -> None:
    # The kernel makes these files with the folder; without them nothing could be filled here.
    real = Path.mkdir

    def with_files(self: Path, *args: object, **kwargs: object) -> None:
        real(self, exist_ok=True)
        if "cpuset" in self.parts:
            for name in ("cpuset.cpus", "cpuset.mems"):
                (self / name).touch()

    monkeypatch.setattr(Path, "mkdir", with_files)
    v1.ensure(NODE)
    for level in ("stw", "stw/3", "stw/3/0"):
        assert (v1.root / "cpuset" / level / "cpuset.cpus").read_text() == "0-1\n"
        assert (v1.root / "cpuset" / level / "cpuset.mems").read_text() == "0\n"


def test_v2_limits_and_controllers_of_all_levels_above(v2: cgroups.Cgroups) -> None:
    prepare(v2)
    (folder,) = v2.ensure(NODE, LIMITS)
    assert folder == v2.root / NODE
    assert (folder / "cpu.max").read_text() == "200000 100000"
    assert (folder / "memory.max").read_text() == str(7168 * 2**20)
    assert (folder / "pids.max").read_text() == "8192"
    for level in (v2.root, v2.root / "stw", v2.root / "stw/3"):
        assert (level / "cgroup.subtree_control").read_text() == "+cpu +cpuset +memory +pids +io"
    assert not (folder / "cgroup.subtree_control").exists()  # it may hold processes


class Kernel:
    """What a container's cgroup root does on v2: busy while it holds processes, and some controllers never come."""

    def __init__(self, groups: cgroups.Cgroups, processes: list[str], never: tuple[str, ...] = ()) -> None:
        self.groups, self.never = groups, never
        self.written: list[tuple[str, str]] = []
        (groups.root / "cgroup.procs").write_text("\n".join(processes) + "\n")

    def write(self, file: Path, text: str) -> None:
        where = str(file.relative_to(self.groups.root))
        root = self.groups.root / "cgroup.procs"
        if file.name == "cgroup.procs":
            root.write_text(root.read_text().replace(f"{text}\n", ""))
        elif where == "cgroup.subtree_control" and root.read_text().strip():
            raise OSError(errno.EBUSY, "Device or resource busy")
        elif any(f"+{each}" in text for each in self.never):
            raise OSError(errno.ENOENT, "No such file or directory")
        self.written.append((where, text))


def test_v2_in_a_container_processes_make_room(v2: cgroups.Cgroups, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(v2)
    kernel = Kernel(v2, ["1", "42"])
    monkeypatch.setattr(cgroups, "write", kernel.write)
    v2.ensure(NODE)
    assert kernel.written[:3] == [
        ("init/cgroup.procs", "1"),
        ("init/cgroup.procs", "42"),
        ("cgroup.subtree_control", "+cpu +cpuset +memory +pids +io"),
    ]
    assert (v2.root / NODE).is_dir()


def test_v2_controllers_that_nodes_can_do_without(v2: cgroups.Cgroups, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(v2)
    kernel = Kernel(v2, [], never=("io",))
    monkeypatch.setattr(cgroups, "write", kernel.write)
    v2.ensure(NODE)
    assert ("cgroup.subtree_control", "+memory") in kernel.written
    kernel.never = ("memory",)
    with pytest.raises(OSError, match="No such file"):
        v2.ensure("stw/5")


def test_v2_what_is_enabled_already_is_left_alone(v2: cgroups.Cgroups, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(v2)
    (v2.root / "cgroup.subtree_control").write_text("cpuset cpu io memory pids\n")
    kernel = Kernel(v2, ["1"])  # systemd's root: it is busy, and has all
    monkeypatch.setattr(cgroups, "write", kernel.write)
    v2.ensure(NODE)
    assert [where for where, _ in kernel.written] == ["stw/cgroup.subtree_control", "stw/3/cgroup.subtree_control"]


def test_boxes_see_their_own_group_as_the_root(v1: cgroups.Cgroups) -> None:
    seen = dict((name, source) for source, name in v1.as_root(NODE))
    assert seen["memory"] == str(v1.root / "memory" / NODE)
    assert set(seen) == {"cpu,cpuacct", "cpuset", "memory", "pids", "systemd"}


def test_boxes_see_their_own_group_as_the_root_of_v2(v2: cgroups.Cgroups) -> None:
    assert v2.as_root(NODE) == [(str(v2.root / NODE), "")]


def test_remove_takes_all_levels_below_and_is_repeatable(v1: cgroups.Cgroups) -> None:
    v1.ensure("stw/3/0/kubepods/pod1")
    v1.ensure("stw/4")
    v1.remove("stw/3")
    v1.remove("stw/3")
    assert not (v1.root / "memory" / "stw/3").exists()
    assert (v1.root / "memory" / "stw/4").is_dir()


def test_processes_of_a_group_and_all_below(v1: cgroups.Cgroups) -> None:
    v1.ensure("stw/3/0/system")
    (v1.root / "memory" / "stw/3/0/cgroup.procs").write_text("12\n")
    (v1.root / "memory" / "stw/3/0/system/cgroup.procs").write_text("13\n14\n")
    assert v1.processes("stw/3") == {12, 13, 14}


def prepare(groups: cgroups.Cgroups) -> None:
    """The kernel gives each new folder its list of controllers; here it is written beforehand."""
    for level in ("stw", "stw/3"):
        (groups.root / level).mkdir(parents=True, exist_ok=True)
        (groups.root / level / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
