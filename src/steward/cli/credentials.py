"""`steward project credentials`: the keys that a customer signs with. All of it acts as the provider."""

from typing import Annotated

import typer

from steward.cli import confirmation, options, output
from steward.cli import session as session_
from steward.client import credentials, models

app = typer.Typer(
    help="Keys of a project's customer. Acts as the provider: needs the operator's token.", no_args_is_help=True
)

COLUMNS: list[output.Column[models.Credential]] = [
    output.Column(title="ID", value=lambda row: row["credentialId"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="APPLICATION", value=lambda row: row["applicationKey"]),
    output.Column(title="DESCRIPTION", value=lambda row: row["description"]),
    output.Column(title="LAST USE", value=lambda row: row["lastUse"]),
    output.Column(title="EXPIRES", value=lambda row: row["expiresAt"], wide=True),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
]
NEW_COLUMNS: list[output.Column[models.NewCredential]] = [
    output.Column(title="ID", value=lambda row: row["credentialId"]),
    output.Column(title="APPLICATION KEY", value=lambda row: row["applicationKey"]),
    output.Column(title="APPLICATION SECRET", value=lambda row: row["applicationSecret"]),
    output.Column(title="CONSUMER KEY", value=lambda row: row["consumerKey"]),
]

Project = Annotated[str, typer.Argument(help="Id of the project. Default: the one in use.", show_default=False)]
Credential = Annotated[str, typer.Argument(help="Id of the credential, a number.")]


@app.command()
def create(
    ctx: typer.Context,
    project: Project = "",
    description: Annotated[str, typer.Option(help="What they are for.")] = "",
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make keys for a project's customer. They are shown this once."""
    session = session_.of(ctx)
    made = credentials.create(session.provider, project or session.project, description=description)
    output.single(session.terminal, form, made, NEW_COLUMNS, name="credentialId")
    session.terminal.say("The secret and the consumer key are shown this once; keep them.")


@app.command("list")
def list_(ctx: typer.Context, project: Project = "", form: options.Output = output.Format.TABLE) -> None:
    """List the keys of a project's customer, without their secrets."""
    session = session_.of(ctx)
    found = credentials.every(session.provider, project or session.project)
    output.listing(session.terminal, form, found, COLUMNS, name="credentialId", nothing="No credentials yet.")


@app.command()
def revoke(
    ctx: typer.Context,
    credential: Credential,
    project: Project = "",
    yes: options.Yes = False,
) -> None:
    """Make keys worthless, at once."""
    session = session_.of(ctx)
    wanted = project or session.project
    what = f"Whoever signs with credential {credential} of project {wanted} will be refused from now on."
    confirmation.typed(session.terminal, what=what, name=credential, yes=yes)
    credentials.revoke(session.provider, wanted, credential)
    session.terminal.say(f"Credential {credential} is revoked.")


@app.command()
def validate(
    ctx: typer.Context,
    credential: Credential,
    account: Annotated[str, typer.Option(help="The customer it will act for.")],
) -> None:
    """Let a consumer key that somebody asked for act for a customer's account."""
    session = session_.of(ctx)
    credentials.validate(session.provider, credential, account=account)
    session.terminal.say(f"Credential {credential} now acts for {account}.")
