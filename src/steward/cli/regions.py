"""`steward region`: where clusters can be ordered."""

from typing import TypedDict

import typer

from steward.cli import options, output
from steward.cli import session as session_
from steward.client import capabilities

app = typer.Typer(help="Where clusters can be ordered.", no_args_is_help=True)


class Region(TypedDict):
    name: str


COLUMNS: list[output.Column[Region]] = [output.Column(title="NAME", value=lambda row: row["name"])]


@app.command("list")
def list_(ctx: typer.Context, form: options.Output = output.Format.TABLE) -> None:
    """List the regions of the project."""
    session = session_.of(ctx)
    found = [Region(name=name) for name in capabilities.regions(session.link(), session.project)]
    output.listing(session.terminal, form, found, COLUMNS, name="name", nothing="No region can be ordered in.")
