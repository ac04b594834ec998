"""`steward flavor`: the sizes of nodes."""

import typer

from steward.cli import options, output
from steward.cli import session as session_
from steward.client import capabilities, models

app = typer.Typer(help="Sizes of nodes.", no_args_is_help=True)

COLUMNS: list[output.Column[models.Flavor]] = [
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="VCPUS", value=lambda row: row["vCPUs"]),
    output.Column(title="RAM GB", value=lambda row: row["ram"]),
    output.Column(title="GPUS", value=lambda row: row["gpus"], wide=True),
    output.Column(title="CATEGORY", value=lambda row: row["category"], wide=True),
    output.Column(title="STATE", value=lambda row: row["state"], status=True),
]


@app.command("list")
def list_(ctx: typer.Context, region: options.Region = "", form: options.Output = output.Format.TABLE) -> None:
    """List the sizes of nodes, of all regions or of one."""
    session = session_.of(ctx)
    found = capabilities.flavors(session.link(), session.project, region=region)
    output.listing(session.terminal, form, found, COLUMNS, name="name", nothing="No flavor can be ordered.")
