"""`steward events`: what happened to a cluster, and who did it."""

from typing import Annotated

import typer

from steward.cli import options, output, subjects
from steward.cli import session as session_
from steward.client import connection, errors, events, models

app = typer.Typer(add_completion=False)

INTERVAL = 1.0  # seconds between two questions
PAGE = 100

COLUMNS: list[output.Column[models.Event]] = [
    output.Column(title="NO", value=lambda row: str(row["id"])),
    output.Column(title="AT", value=lambda row: row["at"]),
    output.Column(title="TYPE", value=lambda row: row["type"]),
    output.Column(title="BY", value=lambda row: row["actor"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="SUBJECT", value=lambda row: f"{row['subject']}:{row['subjectId']}", wide=True),
    output.Column(title="MESSAGE", value=lambda row: row["message"]),
]


@app.command(no_args_is_help=True)
def run(
    ctx: typer.Context,
    cluster: options.Cluster,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Stay, and show each as it comes.")] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show what happened to a cluster, oldest first. An id also finds a cluster that is gone."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    found = _every(link, session.project, identifier)
    if not follow:
        output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="Nothing happened yet.")
        return
    _follow(session, link, identifier, found, form)


def _every(link: connection.Connection, project: str, cluster: str, *, last: int = 0) -> list[models.Event]:
    found: list[models.Event] = []
    while page := events.after(link, project, cluster, last=last, limit=PAGE):
        found += page
        last = page[-1]["id"]
        if len(page) < PAGE:
            break
    return found


def _follow(
    session: session_.Session,
    link: connection.Connection,
    cluster: str,
    found: list[models.Event],
    form: output.Format,
) -> None:
    """Until Ctrl-C; lines, because a table's widths are known only at its end."""
    last = 0
    while True:
        for event in found:
            session.terminal.write(_line(session, event, form))
            last = event["id"]
        session.terminal.out.flush()
        session.terminal.sleep(INTERVAL)
        try:
            found = _every(link, session.project, cluster, last=last)
        except errors.Unreachable:
            found = []  # the service is being restarted; events wait for us


def _line(session: session_.Session, event: models.Event, form: output.Format) -> str:
    if form is output.Format.NAME:
        return str(event["id"])
    if form is output.Format.JSON:
        return output.compact(event)
    if form is output.Format.YAML:
        return "---\n" + output.serialised(form, event)
    columns = [column for column in COLUMNS if form is output.Format.WIDE or not column.wide]
    return output.GAP.join(output.text(column.value(event)) for column in columns)
