"""`python -m bench` (`make bench`): measures steward beside two others on this machine, and keeps the result.

Needs root and the components with those of the benchmark (`python -m steward.components --bench`). It asserts
nothing: figures are read by people. What it measures, and how, stands in docs/benchmarks.md.
"""

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import calibration, decisions, detections, footprints, ledgers, measures, probes, requests, results, service
from bench.measures import Plan
from steward.components import busybox, farms, images, supply
from steward.domain import errors
from steward.settings import Settings

QUIET = 0.5  # load average above which times say more about the machine's other work
STANDALONE = frozenset({"decide", "ledger", "requests"})  # measures that need neither root nor components
console = Console(highlight=False)


def main(given: Sequence[str]) -> int:
    arguments = _arguments(given)
    # Asked to end in either way, also where a shell started it in the background, it ends what it started.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="steward-bench-", dir=arguments.folder))
    try:
        _run(arguments, folder)
    except (service.Trouble, errors.Refusal, probes.TookTooLong, subprocess.CalledProcessError) as reason:
        console.print(f"[red]The benchmark stopped:[/] {reason}\nIts files and logs stay in {folder}")
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; what was started is ended.")
        shutil.rmtree(folder, ignore_errors=True)
        return 130
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure steward beside two others.")
    parser.add_argument("--only", action="append", choices=measures.names(), help="this measure; may be repeated")
    parser.add_argument("--quick", action="store_true", help="2 repetitions, short settling: to see that it works")
    parser.add_argument("--repetitions", type=int, help="of each order, 5 by default")
    parser.add_argument("--cold", action="store_true", help="drop the page cache before each order")
    parser.add_argument("--clusters", type=int, default=20, help="idle clusters side by side, 20 by default")
    parser.add_argument("--at-once", type=int, default=measures.AT_ONCE, help="orders at the same time, 10 by default")
    parser.add_argument("--settle", type=float, help="seconds before a look at what rests; 60 by default, 330 for many")
    parser.add_argument("--window", type=float, default=60.0, help="seconds of that look, 60 by default")
    parser.add_argument("--folder", type=Path, help="where clusters keep their data; the system's own by default")
    return parser.parse_args(given)


def _run(arguments: argparse.Namespace, folder: Path) -> None:
    wanted = arguments.only or list(measures.names())
    programs = _programs() if set(wanted) - STANDALONE else None
    began, (commit, changed) = results.now(), results.commit()
    machine = results.machine(folder)
    strangers = [] if programs is None else footprints.strangers(programs.folder)
    _warn(machine, len(strangers))
    calibrated = calibration.measure(folder)
    console.print("yardstick     " + ", ".join(f"{name} {value:g}" for name, value in calibrated.items()))
    measured: dict[str, Any] = {}
    if programs is not None:
        measured |= _measured(wanted, _plan(arguments, programs, folder))
    if "decide" in wanted:
        measured["decide"] = decisions.measured()
    if "ledger" in wanted:
        measured["ledger"] = ledgers.measured(folder, quick=arguments.quick)
    if "requests" in wanted:
        measured["requests"] = requests.measured(folder, quick=arguments.quick)
    targets = results.judged(measured)
    document = {
        "began": began,
        "ended": results.now(),
        "commit": commit,
        "differs_from_commit": changed,
        "machine": machine,
        "other_control_planes_at_start": len(strangers),
        "versions": _versions(programs),
        "cache": "cold: page cache dropped before each order" if arguments.cold else "warm: one round before the first",
        "settings": {name: str(value) for name, value in vars(arguments).items()},
        "yardstick": calibrated,
        "measures": measured,
        "medians": results.medians(measured),
        "targets": [each.as_data() for each in targets],
    }
    suffix = ("-quick" if arguments.quick else "") + ("-" + "-".join(arguments.only) if arguments.only else "")
    path = results.keep(document, suffix)
    results.show(console, targets, measured)
    console.print(f"\nkept in {path.relative_to(results.ROOT)}")


def _measured(wanted: Sequence[str], plan: Plan) -> dict[str, Any]:
    many = 1 if plan.repetitions < 5 else 2
    known: dict[str, Callable[[service.Service], Any]] = {
        "api": lambda served: measures.order_to_api(plan, served),
        "nodes": lambda served: measures.nodes(plan, served),
        "many": lambda served: [measures.many(plan, served) for _ in range(many)],
        "idle": lambda served: measures.idle(plan, served),
        "detection": lambda served: detections.detection(plan, served),
    }
    with service.Service(plan.folder / "steward") as served:
        measures.warm_up(plan, served)
        return {name: act(served) for name, act in known.items() if name in wanted}


def _plan(arguments: argparse.Namespace, programs: farms.Programs, folder: Path) -> Plan:
    settle, settle_many = (20.0, 20.0) if arguments.quick else (60.0, 330.0)
    if arguments.settle is not None:
        settle = settle_many = arguments.settle
    return Plan(
        repetitions=arguments.repetitions or (2 if arguments.quick else 5),
        cold=arguments.cold,
        settle=settle,
        settle_many=settle_many,
        window=arguments.window,
        clusters=arguments.clusters,
        at_once=arguments.at_once,
        image=images.busybox_references(busybox.userland().version)[0],
        programs=programs.folder,
        folder=folder,
        say=console.print,
    )


def _programs() -> farms.Programs:
    if os.geteuid() != 0:
        raise service.Trouble("Clusters need root; run it as root")
    found = supply.of(Settings()).programs(supply.default_version())
    for program in ("kube-apiserver", "etcd", "containerd", "kwokctl", "kwok"):
        if not found.has(program):
            raise service.Trouble(f"{program} is missing; first run: .venv/bin/python -m steward.components --bench")
    return found


def _versions(programs: farms.Programs | None) -> dict[str, str]:
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout.strip()
    own = {"steward": metadata.version("steward"), "python": platform.python_version(), "openssl": openssl}
    return own if programs is None else {**own, **{part.fact.name: part.version for part in programs.parts}}


def _warn(machine: dict[str, Any], strangers: int) -> None:
    load = machine["load_average_at_start"][0]
    if load > QUIET:
        console.print(f"[yellow]This machine is at work (load average {load:.1f}): times will be too long.[/]")
    if strangers:
        console.print(f"[yellow]{strangers} other API servers run here: they take cores, and PSS will be too small.[/]")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
