"""`steward why`: why something was refused or allowed, and what would be decided."""

from enum import StrEnum
from typing import Annotated

import typer

from steward.cli import failures, naming, options, output, subjects
from steward.cli import session as session_
from steward.client import agreements, decisions

app = typer.Typer(add_completion=False)


class Asked(StrEnum):
    CUSTOMER = "customer"
    PROVIDER = "provider"
    AUTOMATION = "automation"


COLUMNS: list[output.Column[agreements.Decision]] = [
    output.Column(title="ANSWER", value=lambda row: "allowed" if row["allowed"] else "refused", status=True),
    output.Column(title="OPERATION", value=lambda row: row["operation"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="IN THE CONTRACT", value=lambda row: row["activityText"]),
    output.Column(title="CUSTOMER", value=lambda row: row["letters"].get("customer") or "-"),
    output.Column(title="PROVIDER", value=lambda row: row["letters"].get("provider") or "-"),
    output.Column(title="VERSION", value=lambda row: row["matrixVersion"]),
    output.Column(title="ASKED BY", value=lambda row: f"{row['actor']} ({row['party']})"),
    output.Column(title="WHY", value=lambda row: row["reason"]),
    output.Column(title="DISPUTED", value=lambda row: row["facts"].get("disputed", "-")),
    output.Column(title="LENT BY", value=lambda row: row["delegation"] or "-"),
    output.Column(title="WHO MAY", value=lambda row: row["whoMay"] or "-"),
    output.Column(title="HOW TO ASK", value=lambda row: row["howToAsk"] or "-"),
]
REFUSED: list[output.Column[agreements.Decision]] = [
    output.Column(title="ID", value=lambda row: row.get("id", "")),
    output.Column(title="AT", value=lambda row: row.get("at", "")),
    output.Column(title="BY", value=lambda row: row["actor"]),
    output.Column(title="OPERATION", value=lambda row: row["operation"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="WHY", value=lambda row: row["reason"]),
]


@app.command()
def run(  # noqa: PLR0913 - every option is a field of the question
    ctx: typer.Context,
    asked: Annotated[
        str,
        typer.Argument(
            help="Id of a decision, as a refusal gives it, number of an event, or an operation such as cluster.delete. "
            "Nothing: what was refused in the project so far.",
            show_default=False,
        ),
    ] = "",
    cluster: Annotated[str, typer.Option(help="Cluster that it is about.", show_default=False)] = "",
    activity: Annotated[
        str, typer.Option(help="Row of the contract, for delegation.grant and its like.", show_default=False)
    ] = "",
    whom: Annotated[
        Asked | None, typer.Option("--for", help="For whom it would be decided. Default: for whoever asks.")
    ] = None,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Say why something was refused or allowed, or what would be decided now and on which ground."""
    session = session_.of(ctx)
    link = session.link(party)
    if not asked:
        found = decisions.refused(link, session.project)
        output.listing(session.terminal, form, found, REFUSED, name="id", nothing="Nothing was refused so far.")
        return
    if naming.is_id(asked) or asked.isdigit():
        decision = decisions.get(link, asked)
    elif "." not in asked:
        raise failures.Usage(
            f"{asked!r} is neither the id of a decision, nor the number of an event, nor an operation such as "
            "cluster.delete."
        )
    else:
        query = {"operation": asked, "activity": activity, "party": whom.value if whom else ""}
        if cluster:
            link, query["cluster"] = subjects.cluster(session, cluster, party)
        if cluster or session.chosen_project or session.configuration.project:
            query["project"] = session.project
        decision = decisions.would(link, {name: value for name, value in query.items() if value})
    output.single(session.terminal, form, decision, COLUMNS, name="operation")
