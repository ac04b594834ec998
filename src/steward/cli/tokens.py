"""`steward tokens`: bearer tokens of a person, good on both APIs until they end or are revoked."""

from typing import Annotated

import typer

from steward.cli import confirmation, options, output
from steward.cli import session as session_
from steward.client import tokens

app = typer.Typer(help="API tokens of the person that you act as.", no_args_is_help=True)

COLUMNS: list[output.Column[tokens.Token]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="DESCRIPTION", value=lambda row: row["description"]),
    output.Column(title="LAST USE", value=lambda row: row["lastUse"]),
    output.Column(title="EXPIRES", value=lambda row: row["expiresAt"]),
    output.Column(title="REVOKED", value=lambda row: row["revokedAt"]),
    output.Column(title="CREATED", value=lambda row: row["createdAt"], wide=True),
]
NEW_COLUMNS: list[output.Column[tokens.NewToken]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="EXPIRES", value=lambda row: row["expiresAt"]),
    output.Column(title="TOKEN", value=lambda row: row["token"]),
]
Person = Annotated[
    str, typer.Option(help="Id of another person of your party, whose tokens these are.", show_default=False)
]


@app.command("list")
def list_(
    ctx: typer.Context,
    person: Person = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List tokens, without their secrets."""
    session = session_.of(ctx)
    found = tokens.every(session.link(party), person=person)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="No tokens yet.")


@app.command()
def create(
    ctx: typer.Context,
    description: Annotated[str, typer.Argument(help="What it is for.")],
    days: Annotated[int, typer.Option(help="Days after which it ends.")] = 90,
    email: Annotated[
        str, typer.Option(help="Sign in with this address first: for a person's first token.", show_default=False)
    ] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make a token. It is shown this once. With --email a program gives two lines: password, code (may be empty)."""
    session = session_.of(ctx)
    if email:
        made = _signed_in(session, email, description, days)
    else:
        made = tokens.create(session.link(party), description=description, days=days)
    output.single(session.terminal, form, made, NEW_COLUMNS, name="id")
    session.terminal.say("The token is shown this once; keep it.")


def _signed_in(session: session_.Session, email: str, description: str, days: int) -> tokens.NewToken:
    password = session.terminal.ask_secret("Password:")
    code = session.terminal.ask_secret("Code of the second factor, if there is one:")
    signed_in = tokens.sign_in(session.link(), email=email, password=password, code=code)
    with session.bearing(signed_in["token"]) as link:
        made = tokens.create(link, description=description, days=days)
        tokens.sign_out(link)
    return made


@app.command()
def revoke(
    ctx: typer.Context,
    token: Annotated[str, typer.Argument(help="Id of the token.")],
    person: Person = "",
    party: options.As = options.Party.CUSTOMER,
    yes: options.Yes = False,
) -> None:
    """Make a token worthless, at once."""
    session = session_.of(ctx)
    what = f"Whoever bears token {token} will be refused from now on."
    confirmation.typed(session.terminal, what=what, name=token, yes=yes)
    tokens.revoke(session.link(party), token, person=person)
    session.terminal.say(f"Token {token} is revoked.")
