"""`steward incident`: what fails on the provider's side, whom it hits, and what is done about it."""

from typing import Annotated

import typer

from steward.cli import failures, options, output
from steward.cli import session as session_
from steward.client import incidents, models

app = typer.Typer(help="What fails on the provider's side, and what is done about it.", no_args_is_help=True)

COLUMNS: list[output.Column[models.Incident]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="TITLE", value=lambda row: row["title"]),
    output.Column(title="AFFECTED", value=lambda row: len(row["affected"])),
    output.Column(title="RESTORED", value=lambda row: len(row["before"])),
    output.Column(title="CAUSE", value=lambda row: row["cause"]),
    output.Column(title="OPENED", value=lambda row: row["openedAt"]),
    output.Column(title="RESOLVED", value=lambda row: row["resolvedAt"]),
    output.Column(title="OPENED BY", value=lambda row: row["openedBy"], wide=True),
    output.Column(title="NOTE", value=lambda row: row["closingNote"], wide=True),
]
Incident = Annotated[str, typer.Argument(help="Id of the incident.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    resolved: Annotated[bool, typer.Option("--resolved", help="As the provider: those that are over as well.")] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the incidents that concern the project; as the provider those of everybody."""
    session = session_.of(ctx)
    if session.party(party) is options.Party.PROVIDER:
        found = incidents.every(session.provider, resolved=resolved)
    else:
        found = incidents.of_project(session.link(), session.project)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="No incidents.")


@app.command()
def show(
    ctx: typer.Context,
    incident: Incident,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show one incident with its timeline."""
    session = session_.of(ctx)
    if session.party(party) is options.Party.PROVIDER:
        found = incidents.get(session.provider, incident)
    else:
        found = _own(incidents.of_project(session.link(), session.project), incident)
    _shown(session, form, found)


@app.command("open")
def open_(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="What fails, in a few words; affected customers read it.")],
    clusters: Annotated[list[str], typer.Option("--cluster", help="Id of an affected cluster; may be repeated.")],
    cause: Annotated[str, typer.Option(help="Why, where it is known.", show_default=False)] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Open one by hand, as the provider. Failing probes open them by themselves."""
    session = session_.of(ctx)
    opening: dict[str, object] = {"title": title, "cause": cause, "clusters": clusters}
    _shown(session, form, incidents.open_(session.link(party), opening))


@app.command()
def update(
    ctx: typer.Context,
    incident: Incident,
    text: Annotated[str, typer.Argument(help="What is being done; affected customers read it.")],
    cause: Annotated[str, typer.Option(help="Why, where it is known now.", show_default=False)] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Add a line, as the provider."""
    session = session_.of(ctx)
    _shown(session, form, incidents.act(session.link(party), incident, "updates", {"text": text, "cause": cause}))


@app.command()
def resolve(
    ctx: typer.Context,
    incident: Incident,
    note: Annotated[str, typer.Argument(help="What it was; affected customers read it.")],
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Say as the provider that it is over."""
    session = session_.of(ctx)
    _shown(session, form, incidents.act(session.link(party), incident, "resolve", {"note": note}))


def _own(found: list[models.Incident], incident: str) -> models.Incident:
    known = next((each for each in found if each["id"] == incident), None)
    if known is None:
        raise failures.NotFound("No such incident concerns this project.")
    return known


def _shown(session: session_.Session, form: output.Format, found: models.Incident) -> None:
    output.single(session.terminal, form, found, COLUMNS, name="id")
    if form in (output.Format.TABLE, output.Format.WIDE):
        for each in found["timeline"]:
            where = f" {each['cluster']}" if each["cluster"] else ""
            session.terminal.write(
                f"  {each['at']}  {each['party']} {each['activity']}{where}: {output.text(each['text'])}"
            )
