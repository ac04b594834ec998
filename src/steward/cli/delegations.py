"""`steward delegations`: what is lent, and taking it back; `steward delegate` lends."""

from typing import Annotated

import typer

from steward.cli import options, output
from steward.cli import session as session_
from steward.client import agreements, delegations

app = typer.Typer(help="R of a row of the contract, lent to the other party.", no_args_is_help=True)

COLUMNS: list[output.Column[agreements.Delegation]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="TO", value=lambda row: f"{row['toParty']}'s automation" if _bound(row) else row["toParty"]),
    output.Column(title="CLUSTER", value=lambda row: row["cluster"] or "all"),
    output.Column(title="OPERATIONS", value=lambda row: row["operations"] or "all", wide=True),
    output.Column(title="UNTIL", value=lambda row: row["revokedAt"] or row["expiresAt"] or "the setting changes"),
    output.Column(title="BY", value=lambda row: row["grantedBy"], wide=True),
    output.Column(title="REASON", value=lambda row: row["reason"]),
]


def _bound(row: agreements.Delegation) -> bool:
    return row["automationOnly"]


@app.command("list")
def list_(
    ctx: typer.Context,
    ended: Annotated[bool, typer.Option("--ended", help="Those that hold no more as well.")] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List what is lent in the project, update policies and autoscaling included."""
    session = session_.of(ctx)
    found = delegations.every(session.link(party), session.project, ended=ended)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="Nothing is lent.")


@app.command()
def revoke(
    ctx: typer.Context,
    delegation: Annotated[str, typer.Argument(help="Id of the delegation.")],
    party: options.As = options.Party.CUSTOMER,
) -> None:
    """Take it back; it counts from the next request on."""
    session = session_.of(ctx)
    delegations.revoke(session.link(party), session.project, delegation)
    session.terminal.say("It is taken back.")
