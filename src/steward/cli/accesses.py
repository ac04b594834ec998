"""`steward access`: break-glass, from the request of the provider's person to the customer's review."""

from typing import Annotated

import typer

from steward.cli import options, output, subjects
from steward.cli import session as session_
from steward.client import accesses, models

app = typer.Typer(help="People of the provider in a customer's cluster: asked for, consented to, ended.",
                  no_args_is_help=True)  # fmt: skip

COLUMNS: list[output.Column[models.Access]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="SCOPE", value=lambda row: row["scope"]),
    output.Column(title="UNDER", value=lambda row: row["activity"]),
    output.Column(title="REQUESTED BY", value=lambda row: row["requestedBy"]),
    output.Column(title="MINUTES", value=lambda row: row["minutes"]),
    output.Column(title="EMERGENCY", value=lambda row: row["emergency"]),
    output.Column(title="APPROVED BY", value=lambda row: row["approvedBy"]),
    output.Column(title="EXPIRES", value=lambda row: row["expiresAt"]),
    output.Column(title="CLUSTER", value=lambda row: row["cluster"], wide=True),
    output.Column(title="REASON", value=lambda row: row["reason"], wide=True),
]
DETAILS: list[output.Column[models.Access]] = [
    *COLUMNS,
    output.Column(title="REQUESTED", value=lambda row: row["requestedAt"]),
    output.Column(title="USER", value=lambda row: row["user"]),
    output.Column(title="CERTIFICATE", value=lambda row: row["fingerprint"]),
    output.Column(title="TAKEN", value=lambda row: row["collectedAt"]),
    output.Column(title="ENDED", value=lambda row: row["endedAt"]),
    output.Column(title="ENDED BY", value=lambda row: row["endedBy"]),
    output.Column(title="REFUSED WITH", value=lambda row: row["refusedWith"]),
    output.Column(title="CALLS", value=lambda row: None if row["calls"] is None else len(row["calls"])),
    output.Column(title="REVIEW DUE", value=lambda row: row["reviewDue"]),
    output.Column(title="VERDICT", value=lambda row: row["verdict"]),
    output.Column(title="REVIEW", value=lambda row: row["review"]),
]
Access = Annotated[str, typer.Argument(help="Id of the access.")]


@app.command()
def request(  # noqa: PLR0913 - every option is a field of the request
    ctx: typer.Context,
    cluster: options.Cluster,
    reason: Annotated[str, typer.Option(help="Why; the customer reads it.")],
    scope: Annotated[
        str, typer.Option(help="view reads (no Secrets, no logs), operate mends nodes, admin everything.")
    ] = "view",
    minutes: Annotated[int, typer.Option(help="How long, at most 240.")] = 60,
    activity: Annotated[str, typer.Option(help="Row of the contract that it is done under.")] = "3.2.1-3",
    ticket: Annotated[str, typer.Option(help="Id of the ticket that it is about.", show_default=False)] = "",
    emergency: Annotated[
        bool, typer.Option("--emergency", help="A second person of the provider may approve it.")
    ] = False,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Ask to enter a cluster, as a person of the provider (--as provider)."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    wanted: dict[str, object] = {
        "activity": activity,
        "scope": scope,
        "reason": reason,
        "minutes": minutes,
        "ticket": ticket,
        "emergency": emergency,
    }
    made = accesses.request(link, session.project, identifier, wanted)
    output.single(session.terminal, form, made, DETAILS, name="id")
    waits = "a second person of the provider, or the customer" if emergency else "the customer"
    session.terminal.say(f"It waits for {waits}: steward access approve {made['id']}")


@app.command("list")
def list_(
    ctx: typer.Context,
    cluster: Annotated[str, typer.Option(help="Name or id of one cluster.", show_default=False)] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the accesses of the project, oldest first."""
    session = session_.of(ctx)
    identifier = subjects.cluster(session, cluster, party)[1] if cluster else ""
    found = accesses.every(session.link(party), session.project, cluster=identifier)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="Nobody asked for access.")


@app.command()
def show(
    ctx: typer.Context,
    access: Access,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show one access, with every call that was made."""
    session = session_.of(ctx)
    found = accesses.get(session.link(party), session.project, access)
    output.single(session.terminal, form, found, DETAILS, name="id")
    if form in (output.Format.TABLE, output.Format.WIDE):
        for call in found["calls"] or []:
            session.terminal.write(f"  {output.text(call)}")


@app.command()
def approve(
    ctx: typer.Context,
    access: Access,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Consent as the customer; or, in an emergency, approve as a second person of the provider."""
    _act(ctx, access, "approve", party, form)


@app.command()
def deny(
    ctx: typer.Context,
    access: Access,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Refuse what was asked for."""
    _act(ctx, access, "deny", party, form)


@app.command()
def end(
    ctx: typer.Context,
    access: Access,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """End it at once, as either party. It has ended once a call with its credential was refused."""
    _act(ctx, access, "end", party, form)


@app.command()
def review(
    ctx: typer.Context,
    access: Access,
    verdict: Annotated[str, typer.Argument(help="accepted or disputed.")],
    text: Annotated[str, typer.Option(help="Why; a dispute needs it.", show_default=False)] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Say what you think of what was done, once it has ended."""
    _act(ctx, access, "review", party, form, {"verdict": verdict, "text": text})


@app.command()
def kubeconfig(ctx: typer.Context, access: Access, party: options.As = options.Party.CUSTOMER) -> None:
    """Write the credential to standard output. It is shown once, to who asked for the access."""
    session = session_.of(ctx)
    session.terminal.write(accesses.kubeconfig(session.link(party), session.project, access).rstrip("\n"))


def _act(
    ctx: typer.Context,
    access: str,
    verb: str,
    party: options.Party,
    form: output.Format,
    body: dict[str, object] | None = None,
) -> None:
    session = session_.of(ctx)
    told = accesses.act(session.link(party), session.project, access, verb, body)
    output.single(session.terminal, form, told, DETAILS, name="id")
