"""`steward project`: a customer's spaces; making one is the provider's."""

from typing import Annotated

import typer

from steward.cli import credentials, options, output
from steward.cli import session as session_
from steward.client import models, projects

app = typer.Typer(help="A customer's spaces, and the keys to them.", no_args_is_help=True)
app.add_typer(credentials.app, name="credentials")

COLUMNS: list[output.Column[models.Project]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="ACCOUNT", value=lambda row: row["account"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="DESCRIPTION", value=lambda row: row["description"]),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
]
CUSTOMER_COLUMNS: list[output.Column[models.CloudProject]] = [
    output.Column(title="ID", value=lambda row: row["project_id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="DESCRIPTION", value=lambda row: row["description"]),
    output.Column(title="CREATED", value=lambda row: row["creationDate"]),
]


@app.command()
def create(
    ctx: typer.Context,
    account: Annotated[str, typer.Option(help="The customer, such as ab12345-steward.")] = "local",
    description: Annotated[str, typer.Option(help="A sentence for people.")] = "",
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make a project for a customer. Acts as the provider: needs STEWARD_PROVIDER_TOKEN."""
    session = session_.of(ctx)
    made = projects.create(session.provider, account=account, description=description)
    output.single(session.terminal, form, made, COLUMNS, name="id")
    session.terminal.say(f"Its first keys: steward --as provider project credentials create {made['id']}")


@app.command("list")
def list_(
    ctx: typer.Context,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the customer's projects, or with --as provider everybody's."""
    session = session_.of(ctx)
    nothing = "No projects yet. The provider makes one: steward project create"
    if session.party(party) is options.Party.PROVIDER:
        every = projects.every(session.provider)
        output.listing(session.terminal, form, every, COLUMNS, name="id", nothing=nothing)
    else:
        own = projects.of_customer(session.link())
        output.listing(session.terminal, form, own, CUSTOMER_COLUMNS, name="project_id", nothing=nothing)


@app.command()
def show(
    ctx: typer.Context,
    project: Annotated[
        str, typer.Argument(help="Id of the project. Default: the one in use.", show_default=False)
    ] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show one project."""
    session = session_.of(ctx)
    wanted = project or session.project
    if session.party(party) is options.Party.CUSTOMER:
        own = projects.get_of_customer(session.link(), wanted)
        output.single(session.terminal, form, own, CUSTOMER_COLUMNS, name="project_id")
        return
    output.single(session.terminal, form, projects.get(session.provider, wanted), COLUMNS, name="id")
