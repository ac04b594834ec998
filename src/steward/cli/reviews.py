"""`steward reviews`: the lists of who has access, looked through every 90 days by the party whose they are."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.cli import attestations as attestations_
from steward.cli import options, output
from steward.cli import session as session_
from steward.client import attestations

if TYPE_CHECKING:
    from steward.client import connection

app = typer.Typer(
    help="Who has access: `members` (the customer's owner), `admins` of a cluster (the customer), `register` (the "
    "provider).",
    no_args_is_help=True,
)

FLEET = ("register",)
KNOWN = ("kind", "name")
ITEMS: list[output.Column[dict[str, object]]] = [
    output.Column(title="KIND", value=lambda row: row["kind"]),
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="WHAT", value=lambda row: _rest(row)),
]

Name = Annotated[str, typer.Argument(help="members, admins or register.")]
OfCluster = Annotated[str, typer.Option("--cluster", help="Name or id of the cluster, for admins.")]


@app.command(no_args_is_help=True)
def show(
    ctx: typer.Context,
    name: Name,
    cluster: OfCluster = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show the list, its digest, and when it was last reviewed."""
    session = session_.of(ctx)
    found = _found(session, name, cluster, party)
    if form in (output.Format.JSON, output.Format.YAML):
        session.terminal.write(output.serialised(form, found))
        return
    output.listing(session.terminal, form, found["items"], ITEMS, name="name", nothing="Nobody has access.")
    due = f"the next review is due by {found['dueAt']}" if found["dueAt"] else "it was never reviewed"
    session.terminal.say(f"These are {found['about']}; {due}{', and overdue' if found['overdue'] else ''}.")
    session.terminal.say(f"When it is as it should be: steward reviews done {name} --digest {found['digest']} …")


@app.command(no_args_is_help=True)
def done(  # noqa: PLR0913 - every option is a field of the review
    ctx: typer.Context,
    name: Name,
    digest: Annotated[str, typer.Option(help="Of the list that you looked at, as `show` printed it.")],
    statement: Annotated[str, typer.Option(help="What you found, in a sentence.")],
    cluster: OfCluster = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Say, as yourself, that you looked through the list. One that has changed since is to be looked at again."""
    session = session_.of(ctx)
    link, project, identifier = _whereabouts(session, name, cluster, party)
    wish: dict[str, object] = {"digest": digest, "statement": statement, "cluster": identifier}
    made = attestations.reviewed(link, project, name, wish)
    output.single(session.terminal, form, made, attestations_.COLUMNS, name="id")


def _found(session: session_.Session, name: str, cluster: str, party: options.Party) -> attestations.Review:
    link, project, identifier = _whereabouts(session, name, cluster, party)
    return attestations.review(link, project, name, identifier)


def _whereabouts(
    session: session_.Session, name: str, cluster: str, party: options.Party
) -> "tuple[connection.Connection, str, str]":
    subject = "fleet" if name in FLEET else cluster or "project"
    return attestations_.whereabouts(session, subject, options.Party.PROVIDER if name in FLEET else party)


def _rest(row: dict[str, object]) -> str:
    return ", ".join(f"{key} {output.text(value)}" for key, value in row.items() if key not in KNOWN and value)
