"""What processes cost at rest: memory as PSS (pages shared by n count 1/n for each), CPU as millicores.

Called by the measures. CPU is the difference of two looks at /proc/PID/stat; a tick is 10 ms, so that over a
minute a figure is good to about 0.2 millicores per process.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Watched:
    """`children` counts those that it waited for as its own: the short commands of a service."""

    name: str
    pid: int
    children: bool = False


def control_plane(cluster: Path) -> Mapping[str, int]:
    """Of those that were started already."""
    records = {part: cluster / "run" / f"{part}.json" for part in CONTROL_PLANE}
    return {part: recorded(record) for part, record in records.items() if record.exists()}


def nodes(state: Path, instance: str) -> Mapping[str, int]:
    """Every process of every node of a service, its own programs by name and all others as `pods and shims`."""
    from steward.runtimes.processes import cgroups, places

    found: dict[str, int] = {}
    for folder in sorted((state / "clusters").glob("*/nodes/*")):
        facts = places.recall(folder)
        slot, number = int(str(facts["slot"])), int(str(facts["number"]))
        own = {recorded(each): each.stem for each in (folder / "run").glob("*.json")}
        everything = cgroups.Cgroups().processes(places.Places(state, instance).cgroup(slot, number))
        for pid in everything | set(own):
            name = own.get(pid) or f"pods and shims {pid}"
            found[f"{slot}-{number}/{name}"] = pid
    return found


def watch(watched: Iterable[Watched], seconds: float) -> dict[str, Figures]:
    """Figures by name, over so many seconds; a process that ended in between is left out."""
    present = list(watched)
    began = time.monotonic()
    before = {each.name: _ticks(each) for each in present}
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    after = {each.name: _ticks(each) for each in present}
    found: dict[str, Figures] = {}
    for each in present:
        first, last = before[each.name], after[each.name]
        memory = _memory(each.pid)
        if first is not None and last is not None and memory is not None:
            spent = (last - first) / TICKS / elapsed * 1000
            found[each.name] = {**memory, "millicores": round(spent, 2)}
    return found


def spent(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds since each began: unlike times, they hardly depend on what else the machine does."""
    found = {name: _ticks(Watched(name, pid)) for name, pid in pids.items()}
    return {name: ticks / TICKS for name, ticks in found.items() if ticks is not None}


def total(figures: Iterable[Figures]) -> Figures:
    summed: Figures = {"pss_mib": 0.0, "rss_mib": 0.0, "anonymous_mib": 0.0, "millicores": 0.0}
    for each in figures:
        for name in summed:
            summed[name] = round(summed[name] + each[name], 2)
    return summed


def strangers(programs: Path) -> list[int]:
    """Processes that run the same files and are not ours: they share pages, and take cores."""
    found = []
    servers = {each.stat().st_ino for each in programs.parent.glob("*/kube-apiserver")}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "exe").stat().st_ino in servers:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def recorded(record: Path) -> int:
    pid: int = json.loads(record.read_text())["pid"]
    return pid


def _ticks(watched: Watched) -> int | None:
    try:
        fields = Path(f"/proc/{watched.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # user and system time of its own, and of the children that it waited for
    return sum(int(each) for each in fields[11 : 15 if watched.children else 13])


def _memory(pid: int) -> Figures | None:
    wanted = {"Pss:": "pss_mib", "Rss:": "rss_mib", "Pss_Anon:": "anonymous_mib"}
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    words = [line.split() for line in lines]
    return {wanted[each[0]]: round(int(each[1]) / 1024, 2) for each in words if each and each[0] in wanted}
