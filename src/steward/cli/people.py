"""`steward people`: who of a party may do what. The customer manages its own people, the provider its staff."""

from typing import Annotated

import typer

from steward.cli import confirmation, failures, options, output
from steward.cli import session as session_
from steward.client import people

app = typer.Typer(help="People of your party, and their roles.", no_args_is_help=True)

COLUMNS: list[output.Column[people.Person]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="ADDRESS", value=lambda row: row["email"]),
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="ROLE", value=lambda row: row["role"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="ONLY PROJECTS", value=lambda row: row["only"], wide=True),
    output.Column(title="SECOND FACTOR", value=lambda row: row["secondFactor"]),
    output.Column(title="LAST SIGN-IN", value=lambda row: row["lastSignIn"]),
]
INVITED_COLUMNS: list[output.Column[people.Invited]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="ADDRESS", value=lambda row: row["email"]),
    output.Column(title="ROLE", value=lambda row: row["role"]),
    output.Column(title="INVITATION", value=lambda row: row["invitation"]),
]
RESET_COLUMNS: list[output.Column[people.Reset]] = [
    output.Column(title="ADDRESS", value=lambda row: row["email"]),
    output.Column(title="TOKEN", value=lambda row: row["token"]),
    output.Column(title="VALID UNTIL", value=lambda row: row["validUntil"]),
]
PASSWORD_COLUMNS: list[output.Column[people.NewPassword]] = [
    output.Column(title="ADDRESS", value=lambda row: row["email"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="SECOND FACTOR", value=lambda row: row["newSecondFactor"] and row["newSecondFactor"]["secret"]),
    output.Column(title="ITS ADDRESS", value=lambda row: row["newSecondFactor"] and row["newSecondFactor"]["address"]),
]
ROLES = "Of a customer: owner, admin, viewer. Of the provider: operator, support, auditor."

Person = Annotated[str, typer.Argument(help="Address or id of the person.")]
Role = Annotated[str, typer.Argument(help=ROLES)]
Only = Annotated[
    list[str] | None, typer.Option(help="A project that the person is limited to; may be given several times.")
]


@app.command("list")
def list_(
    ctx: typer.Context,
    account: Annotated[str, typer.Option(help="As the provider: the customer whose people to list.")] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the people of your party."""
    session = session_.of(ctx)
    found = people.every(session.link(party), account=account)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="Nobody has been invited yet.")


@app.command()
def invite(  # noqa: PLR0913 - every option is a field of the invitation
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(help="Address that the person signs in with.")],
    role: Annotated[str, typer.Option(help=ROLES)],
    name: Annotated[str, typer.Option(help="What others call the person.")] = "",
    only: Only = None,
    account: Annotated[
        str, typer.Option(help="As the provider: the customer whose first owner this is.", show_default=False)
    ] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Invite a person. The invitation sets the first password; it is shown this once and ends after a week."""
    session = session_.of(ctx)
    body: dict[str, object] = {"email": email, "role": role, "name": name, "only": only or [], "account": account}
    made = people.invite(session.link(party), {key: value for key, value in body.items() if value})
    output.single(session.terminal, form, made, INVITED_COLUMNS, name="id")
    session.terminal.say("Hand the invitation to the person: steward people password")


@app.command()
def role(
    ctx: typer.Context,
    person: Person,
    role: Role,
    only: Only = None,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Give a person another role, and projects that it is limited to."""
    session = session_.of(ctx)
    link = session.link(party)
    changed = people.change(link, _id(session, person, party), role=role, only=only)
    output.single(session.terminal, form, changed, COLUMNS, name="id")


@app.command()
def suspend(
    ctx: typer.Context,
    person: Person,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Keep a person out, at once, until it is resumed."""
    session = session_.of(ctx)
    changed = people.suspend(session.link(party), _id(session, person, party))
    output.single(session.terminal, form, changed, COLUMNS, name="id")


@app.command()
def resume(
    ctx: typer.Context,
    person: Person,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Let a suspended person in again."""
    session = session_.of(ctx)
    changed = people.resume(session.link(party), _id(session, person, party))
    output.single(session.terminal, form, changed, COLUMNS, name="id")


@app.command()
def close(
    ctx: typer.Context, person: Person, party: options.As = options.Party.CUSTOMER, yes: options.Yes = False
) -> None:
    """End a person's access for good, with all its tokens."""
    session = session_.of(ctx)
    wanted = _id(session, person, party)
    what = f"{person} will be refused from now on, whatever it signs in with."
    confirmation.typed(session.terminal, what=what, name=person, yes=yes)
    people.close(session.link(party), wanted)
    session.terminal.say(f"{person} is closed.")


@app.command()
def reset(
    ctx: typer.Context,
    person: Person,
    second_factor: Annotated[bool, typer.Option("--second-factor", help="It was lost as well.")] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make a token with which a person sets a new password. It is shown this once and ends after an hour."""
    session = session_.of(ctx)
    made = people.reset(session.link(party), _id(session, person, party), second_factor=second_factor)
    output.single(session.terminal, form, made, RESET_COLUMNS, name="token")


@app.command()
def password(ctx: typer.Context, form: options.Output = output.Format.TABLE) -> None:
    """Set your password, with the token of an invitation or a reset. A program gives two lines: token, password."""
    session = session_.of(ctx)
    token = session.terminal.ask_secret("The token of the invitation or the reset:")
    chosen = session.terminal.ask_secret("The new password:")
    if not token or not chosen:
        raise failures.Usage("Both are needed: the token, and the password.")
    done = people.set_password(session.link(), token, chosen)
    output.single(session.terminal, form, done, PASSWORD_COLUMNS, name="id")
    if done["newSecondFactor"]:
        session.terminal.say("Enter the second factor into your authenticator now; it is shown this once.")


def _id(session: session_.Session, text: str, party: options.Party) -> str:
    """Of an address; an id is taken as it is."""
    if "@" not in text:
        return text
    for each in people.every(session.link(party)):
        if each["email"] == text.strip().lower() and each["status"] != "closed":
            return each["id"]
    raise failures.NotFound(f"Nobody of your party has the address {text}.")
