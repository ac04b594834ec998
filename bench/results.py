"""What a run is kept as, and how it is told: machine and versions beside every figure, medians, ratios, targets.

A target that was missed is shown as missed; nothing fails for it, for times are no tests.
"""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "bench" / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    name: str
    value: float
    limit: float
    unit: str
    detail: str = ""
    at_least: bool = False

    @property
    def reached(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "reached": self.reached}


def machine(folder: Path) -> dict[str, Any]:
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=False)
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_mib": int(_first_line("/proc/meminfo").split()[1]) // 1024,
        "kernel": platform.release(),
        "filesystem": kind.stdout.strip(),
        "load_average_at_start": os.getloadavg(),
    }


def commit() -> tuple[str, bool]:
    """Its short name, and whether files differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return git("rev-parse", "--short", "HEAD") or "unknown", bool(changed)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def judged(measured: Mapping[str, Any]) -> list[Target]:
    """Of the measures that were taken, in the order of the table."""
    found: list[Target] = []
    if "api" in measured:
        found += _order_targets(measured["api"])
    if "nodes" in measured:
        found.append(_seconds("node added, until Ready", measured["nodes"]["node_add"], 6.0))
    if "many" in measured:
        found += _many_targets(measured["many"])
    if "idle" in measured:
        found += _idle_targets(measured["idle"])
    if "detection" in measured:
        found.append(_worst("write of the provider, until it is found", measured["detection"], 10.0))
    if "decide" in measured:
        found += _decide_targets(measured["decide"])
    if "ledger" in measured:
        found += _ledger_targets(measured["ledger"])
    if "requests" in measured:
        found += _request_targets(measured["requests"])
    return found


def _order_targets(samples: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Target]:
    ours = median(samples["steward"])
    for peer, limit in (("naive", 0.6), ("kwokctl", 1.0)):
        for key, what in (("seconds", "same fact"), ("said", "as its user sees it")):
            theirs = median(samples[peer], key)
            yield Target(
                name=f"order to API, ours / {peer} ({what})",
                value=round(ours / theirs, 3),
                limit=limit,
                unit="",
                detail=f"{ours:.2f} s / {theirs:.2f} s",
            )


def _decide_targets(found: Mapping[str, Mapping[str, float]]) -> Iterator[Target]:
    for name, each in found.items():
        detail = f"the slowest round {each['slowest_round_us']:g} us"
        yield Target(name=f"decide(), {name}", value=each["median_us"], limit=50.0, unit="us", detail=detail)


def _ledger_targets(found: Mapping[str, Any]) -> Iterator[Target]:
    appends, sizes = found["appends"], found["verification"]
    yield Target(
        name="one append to the ledger, of an order",
        value=appends["one_append_of_an_order"],
        limit=0.1,
        unit="",
        detail=f"{appends['append_p50_ms']:g} ms of {appends['order_p50_ms']:g} ms; by CPU time "
        f"{appends['one_append_of_an_order_cpu']:g}, all {appends['appends_per_order']:g} together "
        f"{appends['all_appends_of_an_order_cpu']:g}",
    )
    costs = [each["cpu_microseconds_per_entry"] for each in sizes]
    yield Target(
        name=f"verifying an entry of {sizes[-1]['entries']} / of {sizes[0]['entries']}",
        value=round(costs[-1] / costs[0], 2),
        limit=1.5,
        unit="",
        detail="µs of CPU: " + ", ".join(f"{cost:g}" for cost in costs),
    )


def _request_targets(found: Mapping[str, Any]) -> Iterator[Target]:
    for name, compared in found["compared"].items():
        what, _, connections = name.partition("/")
        rate = compared["rate_of_hello"]
        told = f"{what} of clusters, of hello ({connections} connections)"
        yield Target(name=told, value=rate, limit=0.4, unit="", at_least=True)
        if connections == "200":
            yield Target(name=f"p99: {told}", value=compared["p99_of_hello"], limit=3.0, unit="")
    long = found["list_of_1000"]
    alone, beside = (long[each]["fresh_ms"] for each in long)
    yield Target(name="a list of 1,000 clusters, beside 5,000 of others", value=beside, limit=300.0, unit="ms")
    yield Target(name="the same, of one without others", value=round(beside / alone, 2), limit=1.2, unit="")


def _seconds(name: str, samples: Sequence[Mapping[str, Any]], limit: float) -> Target:
    raw = ", ".join(f"{each['seconds']:.2f}" for each in samples)
    return Target(name=name, value=round(median(samples), 3), limit=limit, unit="s", detail=f"of {raw}")


def _worst(name: str, samples: Sequence[Mapping[str, Any]], limit: float) -> Target:
    every = [each["seconds"] for each in samples]
    detail = f"the worst of {len(every)}; the median is {median(samples):.2f} s"
    return Target(name=name, value=round(max(every), 3), limit=limit, unit="s", detail=detail)


def _many_targets(runs: Sequence[Mapping[str, Any]]) -> Iterator[Target]:
    worst = min(runs, key=lambda run: run["answering"])
    last = statistics.median(max(run["ready_seconds"], default=0.0) for run in runs)
    yield Target(
        name=f"{worst['ordered']} orders at once, all READY and answering",
        value=worst["answering"],
        limit=worst["ordered"],
        unit="",
        detail=f"the last after {last:.1f} s",
        at_least=True,
    )


def _idle_targets(found: Mapping[str, Any]) -> Iterator[Target]:
    one, dense = found["one_steward"]["total"], found["dense"]
    count = dense["clusters"]
    for figure, limit, unit in (("pss_mib", 300.0, "MiB"), ("millicores", 60.0, "m")):
        many = [each[figure] for each in dense["control_planes"]]
        # The files of the programs count in full for a single cluster; all further ones share them.
        own = f"{one['anonymous_mib']:.0f} its own, the rest program files" if figure == "pss_mib" else ""
        yield Target(name=f"idle control plane, {figure}, at 1", value=one[figure], limit=limit, unit=unit, detail=own)
        yield Target(
            name=f"idle control plane, {figure}, at {count}",
            value=round(statistics.median(many), 2),
            limit=limit,
            unit=unit,
            detail=f"{min(many):.1f} to {max(many):.1f}",
        )
    for figure, limit, unit in (("pss_mib", 150.0, "MiB"), ("millicores", 10.0, "m")):
        name = f"steward itself, {figure}, with {count} idle clusters"
        yield Target(name=name, value=dense["steward"][figure], limit=limit, unit=unit)


def medians(measured: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, samples in measured.get("api", {}).items():
        found[f"order_to_api_{name}"] = round(median(samples), 3)
        found[f"order_to_api_{name}_as_it_says"] = round(median(samples, "said"), 3)
    for name, samples in measured.get("nodes", {}).items():
        found[name] = round(median(samples), 3)
    return found


def median(samples: Sequence[Mapping[str, Any]], key: str = "seconds") -> float:
    return float(statistics.median(each[key] for each in samples))


def keep(document: Mapping[str, Any], suffix: str) -> Path:
    """A new file each time: an earlier result of the same day and commit stays."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stem = f"{document['began'][:10]}-{document['commit']}{suffix}"
    names = [stem, *(f"{stem}-{number}" for number in range(2, 100))]
    path = next(FOLDER / f"{each}.json" for each in names if not (FOLDER / f"{each}.json").exists())
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path


def show(console: Console, targets: Sequence[Target], measured: Mapping[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for column, side in (("What", "left"), ("Measured", "right"), ("Target", "right"), ("", "left"), ("", "left")):
        table.add_column(column, justify="right" if side == "right" else "left", overflow="fold")
    for each in targets:
        sign = "[green]reached[/]" if each.reached else "[red]missed[/]"
        bound = f"{'≥' if each.at_least else '≤'} {each.limit:g} {each.unit}"
        table.add_row(each.name, f"{each.value:g} {each.unit}", bound, sign, f"[dim]{each.detail}[/]")
    for name, seconds in medians(measured).items():
        table.add_row(f"[dim]median {name.replace('_', ' ')}[/]", f"{seconds:.2f} s", "", "", "")
    console.print(table)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _first_line(path: str) -> str:
    with open(path) as file:
        return file.readline()
