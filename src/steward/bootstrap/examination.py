"""`steward doctor`: looks at machine, components and settings, and changes nothing."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace

import yaml
from rich.console import Console
from rich.table import Table

from steward.bootstrap import plans, state
from steward.components import supply
from steward.domain import errors
from steward.runtimes.processes import claims, doctor, host, neighbours, places
from steward.runtimes.processes.findings import Finding, failures
from steward.settings import NotRight, Settings, read

NETWORK_SECONDS = 30  # in which a module proxy, or PyPI, has to answer
_NAMING = ("STEWARD_STATE", "STEWARD_INSTANCE", "STEWARD_NETWORK", "STEWARD_LISTEN")


def report(*, form: str) -> int:
    """0 when clusters can run here, 1 when something has to be mended first."""
    findings = examined()
    if form == "json":
        sys.stdout.write(json.dumps([asdict(each) for each in findings], indent=2) + "\n")
    elif form == "yaml":
        sys.stdout.write(yaml.safe_dump([asdict(each) for each in findings], sort_keys=False, allow_unicode=True))
    else:
        _print(findings)
    return 1 if failures(findings) else 0


def examined() -> list[Finding]:
    try:
        settings = read()
    except NotRight as reason:
        return [
            Finding(check=f"setting {name}", good=False, message=said, mend="see docs/settings.md")
            for name, said in reason.faults
        ]
    settings, found = _of_the_one_that_runs(settings)
    return [*found, *_machine(settings), _address(settings), *_components(settings)]


def _of_the_one_that_runs(settings: Settings) -> tuple[Settings, list[Finding]]:
    """Where nobody says which service is meant and one runs here, that one is meant."""
    running = [each.claim for each in claims.known() if each.runs]
    if any(name in os.environ for name in _NAMING) or len(running) != 1:
        return settings, []
    (claim,) = running
    adopted = {name: getattr(claim, name) for name in ("instance", "network", "state", "listen")}
    told = f"one runs here (pid {claim.pid}), serves at {claim.listen} from {claim.state}, and is examined"
    finding = Finding(check="service", good=True, message=told)
    return Settings.model_validate({**settings.model_dump(exclude_defaults=True), **adopted}), [finding]


def _machine(settings: Settings) -> list[Finding]:
    if settings.runtime == "simulated":
        return [Finding(check="machine", good=True, message="not looked at: the simulated runtime runs nothing on it")]
    found = doctor.examine(places.Places(settings.state, settings.instance), plans.of(settings))
    return [*found, neighbours.names(host.resolvers(settings.upstream_dns))]


def _address(settings: Settings) -> Finding:
    finding = neighbours.port(settings.listen)
    if not finding.good and state.held(settings.state):
        # Its own port is no lack of a service that runs.
        return replace(finding, good=True, message=f"a steward serves from {settings.state}", mend="")
    return finding


def _components(settings: Settings) -> Iterator[Finding]:
    if settings.runtime == "simulated":
        return
    from steward.components import busybox

    version = supply.default_version()
    try:
        parts = supply.of(settings)
        missing = parts.missing(version)
        lacks = [*parts.lacks([version]), *busybox.lacks()]
        unused = parts.unused([version])
        needed = [each for each in missing if each.name not in supply.LATER]
        if needed and not lacks:
            lacks += _unreachable(parts, version)
    except errors.Refusal as reason:
        yield Finding(check="components", good=False, message=reason.message, mend="see kube/README.md")
        return
    for lack in lacks:
        yield Finding(check="components", good=False, message=lack, mend="as it says", warning=not missing)
    if unused:
        yield Finding(check="mirror", good=False, message=unused, mend="as it says", warning=True)
    seconds = sum(each.expected_seconds for each in missing)
    yield Finding(
        check=f"components of Kubernetes {version}",
        good=not missing,
        message="all are here" if not missing else f"{', '.join(each.name for each in missing)} are not here yet",
        mend="" if not missing else f"make components (about {seconds // 60 + 1} minutes), or the first order does it",
        warning=True,
    )


def _unreachable(parts: supply.Components, version: str) -> list[str]:
    try:
        return asyncio.run(asyncio.wait_for(parts.unreachable([version]), NETWORK_SECONDS))
    except TimeoutError:
        return [
            f"The network gave no answer within {NETWORK_SECONDS} s, and what is missing has to be fetched. Make a "
            "module proxy reachable (GOPROXY, HTTPS_PROXY), or give finished programs by STEWARD_COMPONENTS or "
            "STEWARD_MIRROR; see kube/README.md"
        ]


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("", "What", "Found", "How to mend it"):
        table.add_column(column, overflow="fold")
    for each in findings:
        sign = "[green]good[/]" if each.good else ("[yellow]note[/]" if each.warning else "[red]lacks[/]")
        table.add_row(sign, each.check, each.message, each.mend)
    console = Console()
    console.print(table)
    lacking = len(failures(findings))
    console.print(
        "\nThis machine can run clusters." if not lacking else f"\n{lacking} to mend before clusters can run here."
    )
