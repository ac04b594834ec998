"""`steward progress`: how far the long work on a cluster is."""

from collections.abc import Sequence
from typing import Annotated, TypedDict

import typer

from steward.cli import display, options, output, subjects, waiting
from steward.cli import session as session_
from steward.client import models, progress

app = typer.Typer(add_completion=False)


class Line(TypedDict):
    """A step with its flow, as a row of the table."""

    subject: str
    flow: str
    step: str
    state: str
    took: str
    message: str
    activity: str


COLUMNS: list[output.Column[Line]] = [
    output.Column(title="FLOW", value=lambda row: row["flow"]),
    output.Column(title="STEP", value=lambda row: row["step"]),
    output.Column(title="STATE", value=lambda row: row["state"], status=True),
    output.Column(title="TOOK", value=lambda row: row["took"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"], wide=True),
    output.Column(title="SUBJECT", value=lambda row: row["subject"], wide=True),
    output.Column(title="MESSAGE", value=lambda row: row["message"]),
]


@app.command(no_args_is_help=True)
def run(
    ctx: typer.Context,
    cluster: options.Cluster,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Stay until no work is left.")] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show the last long work on a cluster, its pools and its nodes, step by step."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    if follow:
        waiting.until_done(
            session,
            waiting.Work(
                link=link,
                project=session.project,
                cluster=identifier,
                pending=_unfinished,
                come_back=f"steward progress {identifier} --follow",
                from_start=True,
            ),
        )
        return
    flows = progress.of_cluster(link, session.project, identifier)
    nothing = "No long work on it yet."
    if form in (output.Format.TABLE, output.Format.WIDE):
        lines = _lines(flows, session.terminal.wall() + link.time_delta())
        output.listing(session.terminal, form, lines, COLUMNS, name="step", nothing=nothing)
    else:
        output.listing(session.terminal, form, flows, [], name="subject", nothing=nothing)


def _unfinished(flows: Sequence[models.Progress]) -> str | None:
    """Work that waits for a person is nothing to stay for."""
    under_way = [flow for flow in flows if not flow["endedAt"]]
    if not under_way:
        return None
    if all(any(step["state"] == "blocked" for step in flow["steps"]) for flow in under_way):
        raise waiting.Stuck("The work waits for a person.")
    return " and ".join(sorted({display.title(flow) for flow in under_way}))


def _lines(flows: Sequence[models.Progress], now: float) -> list[Line]:
    return [
        Line(
            subject=flow["subject"],
            flow=display.title(flow),
            step=step["name"],
            state=step["state"],
            took=display.span(display.elapsed(step, now)) if step["startedAt"] else "",
            message=step["message"],
            activity=step["activity"],
        )
        for flow in flows
        for step in flow["steps"]
    ]
