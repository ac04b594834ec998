"""`steward doctor`: looks at machine, components and settings, and changes nothing."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import pydantic
from rich.console import Console
from rich.table import Table

from steward.domain import errors
from steward.runtimes.processes import doctor
from steward.runtimes.processes.doctor import Finding
from steward.settings import Settings


def report(*, as_json: bool) -> int:
    """0 when clusters can run here, 1 when something has to be mended first."""
    findings = examined()
    if as_json:
        sys.stdout.write(json.dumps([asdict(each) for each in findings], indent=2) + "\n")
    else:
        _print(findings)
    return 1 if doctor.failures(findings) else 0


def examined() -> list[Finding]:
    try:
        settings = Settings()
    except pydantic.ValidationError as reason:
        return [
            Finding(check=f"setting {each['loc'][0]}", good=False, message=each["msg"], mend="see docs/settings.md")
            for each in reason.errors()
        ]
    return [*doctor.examine(settings.state), *_service(settings), *_components(settings)]


def _service(settings: Settings) -> Iterator[Finding]:
    for finding in doctor.port(settings.listen):
        # A service that runs already holds its own port; that is no lack.
        running = not finding.good and (settings.state / "steward.lock").exists()
        yield Finding(**{**asdict(finding), "warning": running})


def _components(settings: Settings) -> Iterator[Finding]:
    from steward.components import supply

    version = supply.default_version()
    try:
        parts = supply.of(settings)
        missing = parts.missing(version)
        lacks = parts.lacks([version])
    except errors.Refusal as reason:
        yield Finding(check="components", good=False, message=reason.message, mend="see kube/README.md")
        return
    for lack in lacks:
        yield Finding(check="components", good=False, message=lack, mend="as it says")
    seconds = sum(each.expected_seconds for each in missing)
    yield Finding(
        check=f"components of Kubernetes {version}",
        good=not missing,
        message="all are here" if not missing else f"{', '.join(each.name for each in missing)} are not here yet",
        mend="" if not missing else f"make components (about {seconds // 60 + 1} minutes), or the first order does it",
        warning=True,
    )


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("", "What", "Found", "How to mend it"):
        table.add_column(column, overflow="fold")
    for each in findings:
        sign = "[green]good[/]" if each.good else ("[yellow]note[/]" if each.warning else "[red]lacks[/]")
        table.add_row(sign, each.check, each.message, each.mend)
    console = Console()
    console.print(table)
    lacking = len(doctor.failures(findings))
    console.print(
        "\nThis machine can run clusters." if not lacking else f"\n{lacking} to mend before clusters can run here."
    )
