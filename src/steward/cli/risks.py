"""`steward risks`: the provider's register of risks. All of it acts as the provider."""

from typing import Annotated

import typer

from steward.cli import documents, failures, options, output
from steward.cli import session as session_
from steward.client import risks

app = typer.Typer(help="The provider's register of risks. Acts as the provider.", no_args_is_help=True)

COLUMNS: list[output.Column[risks.Risk]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="TITLE", value=lambda row: row["title"]),
    output.Column(title="OWNER", value=lambda row: row["owner"]),
    output.Column(title="TREATMENT", value=lambda row: row["treatment"]),
    output.Column(title="REVIEW BY", value=lambda row: row["reviewBy"]),
    output.Column(title="ACCEPTED", value=lambda row: _accepted(row)),
    output.Column(title="VULNERABILITY", value=lambda row: row["vulnerability"], wide=True),
    output.Column(title="CLOSED", value=lambda row: row["closedAt"], wide=True),
]

Id = Annotated[str, typer.Argument(help="Id of the risk.")]
Treatment = Annotated[str, typer.Option(help="avoid, reduce, transfer or accept.")]
ReviewBy = Annotated[str, typer.Option("--review-by", help="When it is looked at again: 2031-01-31, or 90d.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones as well.")] = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the risks, with who owns each and when it is looked at again."""
    session = session_.of(ctx)
    found = risks.every(session.provider, closed=closed)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="The register is empty.")


@app.command(no_args_is_help=True)
def add(  # noqa: PLR0913 - every option is a field of the risk
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="The risk, in a sentence.")],
    owner: Annotated[str, typer.Option(help="Who looks after it.")],
    treatment: Treatment,
    review_by: ReviewBy,
    description: Annotated[str, typer.Option(help="More about it.")] = "",
    vulnerability: Annotated[str, typer.Option(help="Id of the published vulnerability that it is about.")] = "",
    form: options.Output = output.Format.TABLE,
) -> None:
    """Write a risk down."""
    session = session_.of(ctx)
    wish = {
        "title": title,
        "owner": owner,
        "treatment": treatment,
        "reviewBy": documents.moment(session.terminal, review_by),
        "description": description,
        "vulnerability": vulnerability,
    }
    output.single(session.terminal, form, risks.add(session.provider, wish), COLUMNS, name="id")


@app.command(no_args_is_help=True)
def change(  # noqa: PLR0913 - every option is a field of the risk
    ctx: typer.Context,
    risk: Id,
    title: Annotated[str | None, typer.Option(help="The risk, in a sentence.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who looks after it.")] = None,
    treatment: Annotated[str | None, typer.Option(help="avoid, reduce, transfer or accept.")] = None,
    review_by: Annotated[str | None, typer.Option("--review-by", help="When it is looked at again.")] = None,
    description: Annotated[str | None, typer.Option(help="More about it.")] = None,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Change a risk, or give it a new day after looking at it. A signature ends where what was signed changes."""
    session = session_.of(ctx)
    given = {
        "title": title,
        "owner": owner,
        "treatment": treatment,
        "reviewBy": None if review_by is None else documents.moment(session.terminal, review_by),
        "description": description,
    }
    wish = {name: value for name, value in given.items() if value is not None}
    if not wish:
        raise failures.Usage("Say what changes: --title, --owner, --treatment, --review-by or --description.")
    output.single(session.terminal, form, risks.change(session.provider, risk, wish), COLUMNS, name="id")


@app.command(no_args_is_help=True)
def accept(
    ctx: typer.Context,
    risk: Id,
    until: Annotated[str, typer.Option(help="How long it is accepted: 2031-01-31, or 90d; a year at most.")],
    form: options.Output = output.Format.TABLE,
) -> None:
    """Sign, as yourself, that a risk is accepted for a while."""
    session = session_.of(ctx)
    signed = risks.accept(session.provider, risk, documents.moment(session.terminal, until))
    output.single(session.terminal, form, signed, COLUMNS, name="id")


@app.command(no_args_is_help=True)
def close(ctx: typer.Context, risk: Id) -> None:
    """Close a risk that is no more. It stays in the register."""
    session = session_.of(ctx)
    risks.close(session.provider, risk)
    session.terminal.say("It is closed.")


def _accepted(row: risks.Risk) -> str:
    return f"by {row['acceptedBy']} until {row['acceptedUntil']}" if row["acceptedBy"] else ""
