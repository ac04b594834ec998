"""The first act of `make demo`: what would stop it later is said now, before anything is compiled or changed."""

import contextlib
import os
import sys

from rich.console import Console

from demo import environment
from steward.bootstrap import examination
from steward.runtimes.processes.findings import Finding, failures
from steward.settings import NotRight

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    with contextlib.suppress(NotRight):  # the examination tells which setting is not right
        environment.settings()
    lacking = failures([*examination.examined(), *_runtime()])
    if not lacking:
        return 0
    console.print("[red]This machine cannot run the demo yet.[/] Nothing was changed.\n")
    for each in lacking:
        console.print(f"[red]✗[/] [bold]{each.check}[/]: {each.message}\n  mend it: {each.mend}")
    console.print("\nThen run `make demo` again; `make doctor` shows everything that was looked at.")
    return 1


def _runtime() -> list[Finding]:
    simulated = os.environ.get("STEWARD_RUNTIME", "processes") != "processes"
    mend = "unset STEWARD_RUNTIME"
    message = "the demo shows a real cluster, and a simulated one answers nothing"
    return [Finding(check="runtime", good=False, message=message, mend=mend)] if simulated else []


if __name__ == "__main__":
    sys.exit(main())
