"""`steward report`: which rows of the contract are proven, for one cluster or for all that the party may see."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.cli import failures, options, output, subjects
from steward.cli import session as session_
from steward.client import coverage

if TYPE_CHECKING:
    from steward.client import connection

app = typer.Typer(add_completion=False)

ROWS: list[output.Column[coverage.CoverageRow]] = [
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="CUSTOMER", value=lambda row: row["customer"] or "-"),
    output.Column(title="PROVIDER", value=lambda row: row["provider"] or "-"),
    output.Column(title="DISPUTED", value=lambda row: "yes" if row["disputed"] else "-", wide=True),
    output.Column(title="STATE", value=lambda row: row["state"], status=True),
    output.Column(title="AGE", value=lambda row: _age(row["ageSeconds"])),
    output.Column(title="BY", value=lambda row: row["attestedBy"], wide=True),
    output.Column(title="UNTIL", value=lambda row: row["validUntil"], wide=True),
    output.Column(title="DIGEST", value=lambda row: row["digest"], wide=True),
    output.Column(title="WHY", value=lambda row: row["reason"]),
]
FLEET: list[output.Column[coverage.FleetRow]] = [
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="CUSTOMER", value=lambda row: row["customer"] or "-"),
    output.Column(title="PROVIDER", value=lambda row: row["provider"] or "-"),
    output.Column(title="DISPUTED", value=lambda row: "yes" if row["disputed"] else "-", wide=True),
    output.Column(title="CLUSTERS", value=lambda row: _counts(row["states"])),
    output.Column(title="WAITS FOR", value=lambda row: row["waitsFor"]),
]


class Document(StrEnum):
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    OSCAL = "oscal"


@app.command()
def run(
    ctx: typer.Context,
    cluster: Annotated[
        str, typer.Argument(help="Name or id of the cluster. Default: all clusters.", show_default=False)
    ] = "",
    document: Annotated[Document | None, typer.Option("--format", help="The whole report as a document.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Write the document here.", show_default=False)
    ] = None,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Say which rows of the contract are proven, attested, stale, unknown or breached, and why."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party) if cluster else (session.link(party), "")
    if document is not None or file is not None:
        _write(session, link, identifier, document or Document.JSON, file)
        return
    if not identifier:
        _fleet(session, link, form)
        return
    found = coverage.of_cluster(link, session.project, identifier)
    if form in (output.Format.JSON, output.Format.YAML):
        session.terminal.write(output.serialised(form, found))
        return
    output.listing(session.terminal, form, found["rows"], ROWS, name="activity", nothing="No rows.")
    session.terminal.say(_counts(found["states"]))


def _fleet(session: session_.Session, link: "connection.Connection", form: output.Format) -> None:
    found = coverage.of_fleet(link)
    if form in (output.Format.JSON, output.Format.YAML):
        session.terminal.write(output.serialised(form, found))
        return
    output.listing(session.terminal, form, found["rows"], FLEET, name="activity", nothing="No rows.")


def _write(
    session: session_.Session, link: "connection.Connection", cluster: str, document: Document, file: Path | None
) -> None:
    project = session.project if cluster else ""
    pieces: list[bytes] = []
    coverage.written(link, project, cluster, document.value, pieces.append)
    content = b"".join(pieces)
    if file is None:
        session.terminal.write(content.decode().rstrip("\r\n"))
        return
    partial = file.with_name(f"{file.name}.part")
    try:
        # Readable by its owner alone: a customer's report holds facts that are its own.
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(content)
        partial.replace(file)
    except OSError as reason:
        raise failures.Failure(f"{file} cannot be written: {reason.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)
    session.terminal.say(f"The report is in {file}.")


def _counts(states: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items() if count) or "no clusters"


def _age(seconds: int | None) -> str:
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
