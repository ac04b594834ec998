"""`steward inbox`: what a party was told, and that it was seen."""

from typing import Annotated

import typer

from steward.cli import options, output
from steward.cli import session as session_
from steward.client import notices

app = typer.Typer(add_completion=False)


def _channel(row: notices.Notice) -> str:
    receipt = row.get("receipt")
    return "" if receipt is None else receipt["channel"]


COLUMNS: list[output.Column[notices.Notice]] = [
    output.Column(title="AT", value=lambda row: row["createdAt"]),
    output.Column(title="SEVERITY", value=lambda row: row["severity"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="TITLE", value=lambda row: row["title"]),
    output.Column(title="TEXT", value=lambda row: row["text"]),
    output.Column(title="SEEN", value=lambda row: row.get("seenAt")),
    output.Column(title="RECEIVED BY", value=_channel, wide=True),
    output.Column(title="DUE", value=lambda row: row["dueAt"], wide=True),
    output.Column(title="ID", value=lambda row: row["id"], wide=True),
]


@app.command()
def run(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Those that you saw already as well.")] = False,
    seen: Annotated[bool, typer.Option("--seen", help="Note that you saw those shown: it is their receipt.")] = False,
    limit: Annotated[int, typer.Option(help="How many, the latest first.", min=1, max=200)] = 50,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show what your party was told: of the project in use, or as the provider of everything."""
    session = session_.of(ctx)
    provider = party is options.Party.PROVIDER
    link = session.provider if provider else session.link()
    project = session.chosen_project if provider else session.project
    found = notices.inbox(link, project, limit=limit, unseen=not every)
    output.listing(
        session.terminal, form, found["notices"], COLUMNS, name="id", nothing="Nothing that you did not see."
    )
    if found["unseen"] and not seen and form in (output.Format.TABLE, output.Format.WIDE):
        session.terminal.say(f"{found['unseen']} not seen yet. Note that you saw those shown: steward inbox --seen")
    if seen:
        for each in found["notices"]:
            if not each.get("seenAt"):
                notices.seen(link, each["id"], project)
