"""`steward outages`: when an API server failed, and whose account it is put to."""

from typing import Annotated

import typer

from steward.cli import options, output, subjects
from steward.cli import session as session_
from steward.client import models, outages

app = typer.Typer(help="When a cluster's API server failed, and to whose account that is put.", no_args_is_help=True)

COLUMNS: list[output.Column[models.Outage]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="BEGAN", value=lambda row: row["beganAt"]),
    output.Column(title="ENDED", value=lambda row: row["endedAt"]),
    output.Column(title="COUNTS AGAINST", value=lambda row: row["countsAgainst"]),
    output.Column(title="PROPOSED", value=lambda row: f"{row['proposedParty']} {row['proposedActivity']}"),
    output.Column(title="DISPUTED BY", value=lambda row: row["disputedBy"]),
    output.Column(title="SETTLED", value=lambda row: row["settledParty"]),
    output.Column(title="GROUNDS", value=lambda row: row["grounds"], wide=True),
    output.Column(title="INCIDENT", value=lambda row: row["incident"], wide=True),
]
DETAILS: list[output.Column[models.Outage]] = [
    *COLUMNS,
    output.Column(title="DISPUTE", value=lambda row: row["disputeReason"]),
]
FIGURES: list[output.Column[models.Figures]] = [
    output.Column(title="MONTH", value=lambda row: row["month"]),
    output.Column(title="AVAILABILITY", value=lambda row: _share(row["availability"])),
    output.Column(title="OBJECTIVE", value=lambda row: _share(row["objective"])),
    output.Column(title="GOOD SECONDS", value=lambda row: row["goodSeconds"]),
    output.Column(title="BAD, PROVIDER'S", value=lambda row: row["providerBadSeconds"]),
    output.Column(title="BAD, CUSTOMER'S", value=lambda row: row["customerBadSeconds"]),
    output.Column(title="UNKNOWN", value=lambda row: row["unknownSeconds"]),
    output.Column(title="MAY BE BAD", value=lambda row: row["mayBeBadSeconds"]),
    output.Column(title="MISSED", value=lambda row: row["missed"]),
    output.Column(title="P50 MS", value=lambda row: row["p50Ms"]),
    output.Column(title="P99 MS", value=lambda row: row["p99Ms"]),
]
RULES: list[output.Column[models.AttributionRule]] = [
    output.Column(title="RULE", value=lambda row: row["rule"]),
    output.Column(title="PARTY", value=lambda row: row["party"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="GROUNDS", value=lambda row: row["grounds"]),
]
Outage = Annotated[str, typer.Argument(help="Id of the outage.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    cluster: options.Cluster,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the outages of a cluster, oldest first."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    found = outages.every(link, session.project, identifier)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="No outages.")


@app.command()
def show(
    ctx: typer.Context,
    cluster: options.Cluster,
    outage: Outage,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show one outage with its timeline."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    _shown(session, form, outages.get(link, session.project, identifier, outage))


@app.command()
def dispute(
    ctx: typer.Context,
    cluster: options.Cluster,
    outage: Outage,
    reason: Annotated[str, typer.Option(help="Why it is not as proposed; the other party reads it.")],
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Disagree with the proposal. Until both settle, the outage counts against the provider."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    _shown(session, form, outages.act(link, session.project, identifier, outage, "dispute", {"reason": reason}))


@app.command()
def settle(
    ctx: typer.Context,
    cluster: options.Cluster,
    outage: Outage,
    against: Annotated[str, typer.Option(help="To whose account: customer or provider.")],
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Say to whose account it is put. It is settled once both parties say the same."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    _shown(session, form, outages.act(link, session.project, identifier, outage, "settle", {"against": against}))


@app.command()
def availability(
    ctx: typer.Context,
    cluster: options.Cluster,
    month: Annotated[str, typer.Option(help="As in 2030-01; this month where none is named.", show_default=False)] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show a month's availability against the plan, and how fast the API server answered."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    found = outages.availability(link, session.project, identifier, month=month)
    if form in (output.Format.JSON, output.Format.YAML):
        session.terminal.write(output.serialised(form, found))
    elif found["figures"] is None:
        session.terminal.say("Nobody has probed the cluster yet.")
    else:
        output.single(session.terminal, form, found["figures"], FIGURES, name="month")


@app.command()
def rules(
    ctx: typer.Context, party: options.As = options.Party.CUSTOMER, form: options.Output = output.Format.TABLE
) -> None:
    """Show the published rules by which outages are put to an account. The first that fits counts."""
    session = session_.of(ctx)
    output.listing(session.terminal, form, outages.rules(session.link(party)), RULES, name="rule", nothing="No rules.")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4%}"


def _shown(session: session_.Session, form: output.Format, found: models.Outage) -> None:
    output.single(session.terminal, form, found, DETAILS, name="id")
    if form in (output.Format.TABLE, output.Format.WIDE):
        for each in found["timeline"]:
            session.terminal.write(f"  {each['at']}  {each['party']} {each['activity']}: {output.text(each['text'])}")
