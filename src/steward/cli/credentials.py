"""`steward project credentials`: the keys that a customer's applications sign with.

The provider hands over an account's first; all others are the customer's to make, grant and revoke.
"""

from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import typer

from steward.cli import confirmation, failures, options, output
from steward.cli import session as session_
from steward.client import credentials, models

app = typer.Typer(
    help="Keys of a project's customer. The provider hands over the first, with --as provider.", no_args_is_help=True
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
OWNER_COLUMN: output.Column[models.NewCredential] = output.Column(
    title="OWNER'S INVITATION", value=lambda row: row["owner"]["invitation"]
)

Project = Annotated[str, typer.Argument(help="Id of the project. Default: the one in use.", show_default=False)]
Credential = Annotated[str, typer.Argument(help="Id of the credential, a number.")]
Link = Annotated[str, typer.Argument(help="The validationUrl that the application was given.", show_default=False)]


@app.command()
def create(
    ctx: typer.Context,
    project: Project = "",
    description: Annotated[str, typer.Option(help="What they are for.")] = "",
    owner: Annotated[
        str, typer.Option(help="As the provider: address of the first owner, who is invited along.", show_default=False)
    ] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make keys for a project's customer. They are shown this once."""
    session = session_.of(ctx)
    made = credentials.create(session.link(party), project or session.project, description=description, owner=owner)
    columns = [*NEW_COLUMNS, OWNER_COLUMN] if owner else NEW_COLUMNS
    output.single(session.terminal, form, made, columns, name="credentialId")
    session.terminal.say("The secret and the consumer key are shown this once; keep them.")


@app.command("list")
def list_(
    ctx: typer.Context,
    project: Project = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the keys of a project's customer, without their secrets."""
    session = session_.of(ctx)
    found = credentials.every(session.link(party), project or session.project)
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
    credentials.revoke(session.link(), wanted, credential)
    session.terminal.say(f"Credential {credential} is revoked.")


@app.command()
def validate(ctx: typer.Context, link: Link) -> None:
    """Let a consumer key that an application asked for act for your account."""
    _decide(session_.of(ctx), link, grant=True)


@app.command()
def refuse(ctx: typer.Context, link: Link) -> None:
    """Refuse a consumer key that an application asked for, for good."""
    _decide(session_.of(ctx), link, grant=False)


def _decide(session: session_.Session, link: str, *, grant: bool) -> None:
    given = parse_qs(urlsplit(link).query)
    number, token = given.get("id", [""])[0], given.get("token", [""])[0]
    if not number or not token:
        raise failures.Usage(f"{link!r} is not a validation link: it has no id and token in it.")
    decided = credentials.decide(session.link(), number, token=token, grant=grant)
    acts = f"now acts for {decided['account']}" if grant else "is refused"
    session.terminal.say(f"Credential {number} {acts}.")
