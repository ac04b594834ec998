"""`steward oauth2`: programs that sign in with an id and a secret, as Terraform and CI do."""

from typing import Annotated

import typer

from steward.cli import confirmation, options, output
from steward.cli import session as session_
from steward.client import oauth2

app = typer.Typer(help="OAuth2 clients: programs that act for your party in a role.", no_args_is_help=True)

COLUMNS: list[output.Column[oauth2.Client]] = [
    output.Column(title="ID", value=lambda row: row["clientId"]),
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="ROLE", value=lambda row: row["role"]),
    output.Column(title="DESCRIPTION", value=lambda row: row["description"]),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
]
NEW_COLUMNS: list[output.Column[oauth2.NewClient]] = [
    output.Column(title="ID", value=lambda row: row["clientId"]),
    output.Column(title="SECRET", value=lambda row: row["clientSecret"]),
]


@app.command("list")
def list_(
    ctx: typer.Context,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the OAuth2 clients of your party."""
    session = session_.of(ctx)
    found = oauth2.every(session.link(party))
    output.listing(session.terminal, form, found, COLUMNS, name="clientId", nothing="No OAuth2 clients yet.")


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    role: Annotated[
        str, typer.Option(help="What it may do. Default: admin, of the provider operator.", show_default=False)
    ] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make an OAuth2 client. Its secret is shown this once."""
    session = session_.of(ctx)
    made = oauth2.create(session.link(party), name=name, description=description, role=role)
    output.single(session.terminal, form, made, NEW_COLUMNS, name="clientId")
    session.terminal.say("The secret is shown this once; keep it.")


@app.command()
def remove(
    ctx: typer.Context,
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    party: options.As = options.Party.CUSTOMER,
    yes: options.Yes = False,
) -> None:
    """Remove an OAuth2 client, with every token that it has, at once."""
    session = session_.of(ctx)
    what = f"Whatever signs in as OAuth2 client {client} will be refused from now on."
    confirmation.typed(session.terminal, what=what, name=client, yes=yes)
    oauth2.remove(session.link(party), client)
    session.terminal.say(f"OAuth2 client {client} is removed.")
