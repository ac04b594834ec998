"""The first act of `make demo`: what would stop it later is said now, before anything is compiled or changed."""

import contextlib
import sys

import pydantic
from rich.console import Console

from demo import environment
from steward.bootstrap import examination
from steward.runtimes.processes.findings import failures

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    with contextlib.suppress(pydantic.ValidationError):  # the examination tells which setting is not right
        environment.settings()
    lacking = failures(examination.examined())
    if not lacking:
        return 0
    console.print("[red]This machine cannot run the demo yet.[/] Nothing was changed.\n")
    for each in lacking:
        console.print(f"[red]✗[/] [bold]{each.check}[/]: {each.message}\n  mend it: {each.mend}")
    console.print("\nThen run `make demo` again; `make doctor` shows everything that was looked at.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
