"""`steward attest`: a named person's word for a row of the contract that no machine proves."""

from pathlib import Path
from typing import Annotated

import typer

from steward.cli import attestations as attestations_
from steward.cli import documents, options, output
from steward.cli import session as session_
from steward.client import attestations

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def run(  # noqa: PLR0913 - every option is a field of the attestation
    ctx: typer.Context,
    activity: Annotated[str, typer.Argument(help="Row of the contract, such as 1.1-5.")],
    statement: Annotated[str, typer.Option(help="What is so, in a sentence.")],
    until: Annotated[str, typer.Option(help="How long it holds: 2031-01-31, or 90d; a year at most.")],
    subject: Annotated[
        str, typer.Option(help="What it is about: a cluster's name or id, `project`, or, as the provider, `fleet`.")
    ] = "project",
    document: Annotated[
        Path | None, typer.Option(help="What was looked at; its SHA-256 is kept, not the file.", show_default=False)
    ] = None,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """State that a row is so, as yourself, until a day. It takes a token of a person, of the accountable party."""
    session = session_.of(ctx)
    link, project, cluster = attestations_.whereabouts(session, subject, party)
    wish: dict[str, object] = {
        "activity": activity,
        "statement": statement,
        "until": documents.moment(session.terminal, until),
        "cluster": cluster,
    }
    if document is not None:
        wish["document"] = documents.digest(document)
    made = attestations.make(link, project, wish)
    output.single(session.terminal, form, made, attestations_.COLUMNS, name="id")
    session.terminal.say(f"Withdraw it: steward attestations withdraw {made['id']}")
