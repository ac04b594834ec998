"""`steward ticket`: what a customer reports, and what the provider answers."""

from typing import Annotated

import typer

from steward.cli import naming, options, output
from steward.cli import session as session_
from steward.client import models, tickets

app = typer.Typer(help="Reports of the customer, answered by the provider.", no_args_is_help=True)

COLUMNS: list[output.Column[models.Ticket]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="SEVERITY", value=lambda row: row["severity"]),
    output.Column(title="TITLE", value=lambda row: row["title"]),
    output.Column(title="OPENED BY", value=lambda row: row["openedBy"]),
    output.Column(title="OPENED", value=lambda row: row["openedAt"]),
    output.Column(title="DUE", value=lambda row: row["dueAt"], wide=True),
    output.Column(title="ACKNOWLEDGED", value=lambda row: row["acknowledgedAt"]),
    output.Column(title="CLUSTER", value=lambda row: row["cluster"], wide=True),
    output.Column(title="PROJECT", value=lambda row: row["project"], wide=True),
    output.Column(title="INCIDENT", value=lambda row: row["incident"], wide=True),
]
Ticket = Annotated[str, typer.Argument(help="Id of the ticket.")]


@app.command("open")
def open_(  # noqa: PLR0913 - every option is a field of the ticket
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="What is wrong, in a few words.")],
    text: Annotated[str, typer.Option(help="What is wrong, in full.")],
    severity: Annotated[str, typer.Option(help="low, normal, high or critical.")] = "normal",
    cluster: Annotated[str, typer.Option(help="Name or id of the cluster it is about.", show_default=False)] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Report something to the provider."""
    session = session_.of(ctx)
    about = ""
    if cluster:
        about = cluster if naming.is_id(cluster) else naming.cluster(session, cluster)["id"]
    report: dict[str, object] = {"title": title, "text": text, "severity": severity, "cluster": about}
    _shown(session, form, tickets.open_(session.link(party), session.project, report))


@app.command("list")
def list_(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Of every customer, as the provider.")] = False,
    unanswered: Annotated[
        bool, typer.Option("--unanswered", help="With --all: those that nobody acknowledged.")
    ] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List tickets, oldest first."""
    session = session_.of(ctx)
    link = session.link(party)
    found = tickets.of_everybody(link, unanswered=unanswered) if every else tickets.every(link, session.project)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="No tickets.")


@app.command()
def show(
    ctx: typer.Context,
    ticket: Ticket,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show one ticket with what was written."""
    session = session_.of(ctx)
    _shown(session, form, tickets.get(session.link(party), session.project, ticket))


@app.command()
def answer(
    ctx: typer.Context,
    ticket: Ticket,
    text: Annotated[str, typer.Argument(help="What to write.")],
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Write to a ticket, as either party."""
    _act(ctx, ticket, "messages", party, form, {"text": text})


@app.command()
def acknowledge(
    ctx: typer.Context,
    ticket: Ticket,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Say as the provider that it was heard."""
    _act(ctx, ticket, "acknowledge", party, form)


@app.command()
def close(
    ctx: typer.Context,
    ticket: Ticket,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Close it, as either party."""
    _act(ctx, ticket, "close", party, form)


@app.command()
def link(
    ctx: typer.Context,
    ticket: Ticket,
    incident: Annotated[str, typer.Argument(help="Id of the incident.")],
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Put it to an incident, as the provider."""
    _act(ctx, ticket, "incident", party, form, {"incident": incident})


def _act(
    ctx: typer.Context,
    ticket: str,
    verb: str,
    party: options.Party,
    form: output.Format,
    body: dict[str, object] | None = None,
) -> None:
    session = session_.of(ctx)
    _shown(session, form, tickets.act(session.link(party), session.project, ticket, verb, body))


def _shown(session: session_.Session, form: output.Format, found: models.Ticket) -> None:
    output.single(session.terminal, form, found, COLUMNS, name="id")
    if form in (output.Format.TABLE, output.Format.WIDE):
        for each in found["messages"]:
            session.terminal.write(f"  {each['at']}  {each['party']} {output.text(each['author'])}")
            session.terminal.write(f"    {output.text(each['text'])}")
