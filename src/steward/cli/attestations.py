"""`steward attestations`: what named persons have stated, and withdrawing it; `steward attest` states."""

from typing import TYPE_CHECKING, Annotated

import typer

from steward.cli import failures, options, output, subjects
from steward.cli import session as session_
from steward.client import attestations

if TYPE_CHECKING:
    from steward.client import connection

app = typer.Typer(help="What named persons have stated about rows of the contract.", no_args_is_help=True)

COLUMNS: list[output.Column[attestations.Attestation]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="ABOUT", value=lambda row: row["subject"]),
    output.Column(title="BY", value=lambda row: f"{row['person']} ({row['party']})"),
    output.Column(title="HOLDS", value=lambda row: row["holds"] and not row["withdrawnAt"]),
    output.Column(title="UNTIL", value=lambda row: row["until"]),
    output.Column(title="REVIEW", value=lambda row: row["review"], wide=True),
    output.Column(title="DOCUMENT", value=lambda row: row["document"], wide=True),
    output.Column(title="STATEMENT", value=lambda row: row["statement"] or "not for this party"),
]

Fleet = Annotated[bool, typer.Option("--fleet", help="Of what concerns all clusters: the provider's.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    fleet: Fleet = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List what was stated, expired and withdrawn statements included."""
    session = session_.of(ctx)
    link, project, _ = whereabouts(session, "fleet" if fleet else "project", party)
    found = attestations.every(link, project)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="Nothing was stated yet.")


@app.command(no_args_is_help=True)
def withdraw(
    ctx: typer.Context,
    attestation: Annotated[str, typer.Argument(help="Id of the attestation.")],
    fleet: Fleet = False,
    party: options.As = options.Party.CUSTOMER,
) -> None:
    """Take a statement of your party back; that it was made stays in the ledger."""
    session = session_.of(ctx)
    link, project, _ = whereabouts(session, "fleet" if fleet else "project", party)
    attestations.withdraw(link, project, attestation)
    session.terminal.say("It is withdrawn.")


def whereabouts(
    session: session_.Session, subject: str, party: options.Party
) -> "tuple[connection.Connection, str, str]":
    """The connection, the project and the cluster that a subject names; no project is all clusters."""
    if subject == "fleet":
        if session.party(party) is not options.Party.PROVIDER:
            raise failures.Usage("What concerns all clusters is the provider's: give --as provider.")
        return session.provider, "", ""
    if subject == "project":
        return session.link(party), session.project, ""
    link, cluster = subjects.cluster(session, subject.removeprefix("cluster:"), party)
    return link, session.project, cluster
