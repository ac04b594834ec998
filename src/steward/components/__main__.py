"""`python -m steward.components`: obtains all that clusters need, with a bar for each, and ends with one line.

Called by `make components` and `make demo`. All decisions are in `supply`; here is only how it looks.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence

import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from steward import settings as configuration
from steward.components import reports, supply
from steward.domain import errors

_MINUTE = 60


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m steward.components", description="Obtain the programs that clusters are made of."
    )
    parser.add_argument(
        "--kube", metavar="VERSION", action="append", help="Kubernetes version, as in 1.37.2; may be repeated"
    )
    parser.add_argument("--bench", action="store_true", help="also what only the benchmarks need (kwok)")
    parser.add_argument(
        "--first", action="store_true", help="only what a first cluster waits for, not what it gets later"
    )
    parser.add_argument("--print-bin", action="store_true", help="print the folder of the first version's programs")
    parser.add_argument("--plan", action="store_true", help="say what is missing, and change nothing")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> int:
    arguments = _arguments(given)
    # The bars are the only thing to look at; what the log would say is in the compiler's own log.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    console = Console(stderr=True)
    try:
        asyncio.run(_run(arguments, console))
    except (configuration.NotRight, errors.Refusal) as refusal:
        console.print(f"[bold red]✗[/] {refusal}", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped. What was finished is kept, the rest begins anew the next time.")
        return 130
    return 0


async def _run(arguments: argparse.Namespace, console: Console) -> None:
    components = supply.of(configuration.read())
    kube = arguments.kube or [supply.default_version()]
    items = components.plan(kube, with_bench=arguments.bench)
    absent = [item for item in items if not item.present]
    later = [item for item in absent if arguments.first and item.name in supply.LATER]
    missing = [item for item in absent if item not in later]
    _announce(console, missing, later, len(items))
    if components.unused(kube):
        console.print(components.unused(kube), highlight=False, soft_wrap=True)
    if missing and not arguments.plan:
        _refuse_early(components.lacks(kube) or await components.unreachable(kube))
        began = time.monotonic()
        await _obtain(components, missing, console)
        console.print(f"[green]✓[/] {len(missing)} components obtained in {_spoken(time.monotonic() - began)}")
    if arguments.print_bin:
        for version in reversed(kube):
            programs = components.programs(version)
        print(programs.newest)


def _announce(console: Console, missing: Sequence[supply.Item], later: Sequence[supply.Item], of: int) -> None:
    if not missing:
        which = f"the {of - len(later)} components that a first cluster waits for" if later else f"all {of} components"
        console.print(f"[green]✓[/] {which} are here")
    compiled = [item for item in missing if item.expected_seconds]
    if compiled:
        seconds = sum(item.expected_seconds for item in compiled)
        names = ", ".join(f"{item.name} {item.version}" for item in compiled)
        console.print(
            f"To be compiled, once on this machine: {names}.\n"
            f"That takes about {_spoken(seconds)} on two cores with nothing built before, and much less with a warm "
            "cache of Go's. Later runs find the results.",
            highlight=False,
        )
    if later:
        console.print(supply.comes_later(later), highlight=False, soft_wrap=True)


def _refuse_early(lacks: Sequence[str]) -> None:
    if lacks:
        raise errors.Unavailable("\n".join(lacks))


async def _obtain(components: supply.Components, items: Sequence[supply.Item], console: Console) -> None:
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[doing]}[/]"),
    )
    with Progress(*columns, console=console) as bars:
        tasks = [
            bars.add_task(f"{item.name} {item.version}", total=1.0, start=False, doing=_expectation(item))
            for item in items
        ]
        for item, task in zip(items, tasks, strict=True):
            bars.start_task(task)
            await components.obtain(item, _listener(bars, task, console))


def _listener(bars: Progress, task: TaskID, console: Console) -> reports.Listener:
    said = ""

    def listen(report: reports.Report) -> None:
        nonlocal said
        finished = report.fraction == 1.0 and report.doing == "Ready"
        bars.update(task, completed=report.fraction, doing="" if finished else report.doing)
        if not console.is_terminal and report.doing != said:
            # In a log there are no bars; one line per change keeps the reader from thinking that it hangs.
            said = report.doing
            console.print(f"{bars.tasks[task].description}: {report.doing}", highlight=False)

    return listen


def _expectation(item: supply.Item) -> str:
    return f"about {_spoken(item.expected_seconds)}" if item.expected_seconds else ""


def _spoken(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
