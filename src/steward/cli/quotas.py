"""`steward quota`: what a project may have, asking for more, and the provider's answer."""

from collections.abc import Mapping
from typing import Annotated

import typer

from steward.cli import failures, options, output
from steward.cli import session as session_
from steward.client import quotas

app = typer.Typer(help="What a project may have, and asking for more.", no_args_is_help=True)

AMOUNTS: list[output.Column[Mapping[str, object]]] = [
    output.Column(title="RESOURCE", value=lambda row: row["resource"]),
    output.Column(title="USED", value=lambda row: row["used"]),
    output.Column(title="LIMIT", value=lambda row: row["limit"]),
    output.Column(title="DEFAULT", value=lambda row: row["default"], wide=True),
]
COLUMNS: list[output.Column[quotas.Request]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(
        title="WANTED", value=lambda row: ", ".join(f"{name}={each}" for name, each in row["wanted"].items())
    ),
    output.Column(title="REASON", value=lambda row: row["reason"]),
    output.Column(title="REQUESTED", value=lambda row: row["requestedAt"]),
    output.Column(title="DUE", value=lambda row: row["dueAt"], wide=True),
    output.Column(title="DECISION", value=lambda row: row["decision"], wide=True),
    output.Column(title="PROJECT", value=lambda row: row["project"], wide=True),
]
Request = Annotated[str, typer.Argument(help="Id of the request.")]


@app.command()
def show(
    ctx: typer.Context, party: options.As = options.Party.CUSTOMER, form: options.Output = output.Format.TABLE
) -> None:
    """Show what the project may have and how much of it is used."""
    session = session_.of(ctx)
    found = quotas.show(session.link(party), session.project)["quotas"]
    rows: list[Mapping[str, object]] = [{"resource": name, **amount} for name, amount in found.items()]
    output.listing(session.terminal, form, rows, AMOUNTS, name="resource", nothing="Nothing is limited.")


@app.command()
def request(
    ctx: typer.Context,
    wanted: Annotated[list[str], typer.Argument(help="New totals, such as instances=800 vcpus=2000.")],
    reason: Annotated[str, typer.Option(help="Why more is needed.")],
    form: options.Output = output.Format.TABLE,
) -> None:
    """Ask the provider for more."""
    session = session_.of(ctx)
    made = quotas.ask(session.link(), session.project, dict(map(_amount, wanted)), reason)
    output.single(session.terminal, form, made, COLUMNS, name="id")


@app.command()
def requests(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="All that wait, of every customer, as the provider.")] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List requests, oldest first."""
    session = session_.of(ctx)
    link = session.link(party)
    found = quotas.waiting(link) if every else quotas.requests(link, session.project)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="No requests.")


@app.command()
def withdraw(ctx: typer.Context, request: Request, form: options.Output = output.Format.TABLE) -> None:
    """Ask no more."""
    session = session_.of(ctx)
    told = quotas.act(session.link(), session.project, request, "withdraw")
    output.single(session.terminal, form, told, COLUMNS, name="id")


@app.command()
def grant(
    ctx: typer.Context,
    request: Request,
    text: Annotated[str, typer.Option("--text", help="What to say with it.")] = "",
    form: options.Output = output.Format.TABLE,
) -> None:
    """Give what was asked for; it counts at once. Acts as the provider."""
    session = session_.of(ctx)
    told = quotas.act(session.provider, session.project, request, "grant", {"said": text})
    output.single(session.terminal, form, told, COLUMNS, name="id")


@app.command()
def refuse(
    ctx: typer.Context,
    request: Request,
    text: Annotated[str, typer.Option("--text", help="Why not.")],
    form: options.Output = output.Format.TABLE,
) -> None:
    """Give nothing more, and say why. Acts as the provider."""
    session = session_.of(ctx)
    told = quotas.act(session.provider, session.project, request, "refuse", {"said": text})
    output.single(session.terminal, form, told, COLUMNS, name="id")


def _amount(text: str) -> tuple[str, int]:
    name, equals, total = text.partition("=")
    if not equals or not (total.isascii() and total.isdigit()):
        raise failures.Usage(f"{text!r} has not the form RESOURCE=TOTAL.")
    return name, int(total)
