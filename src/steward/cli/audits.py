"""`steward audit`: what the audit log of a cluster shows of the provider, and who holds certificates for it."""

import typer

from steward.cli import options, output, subjects
from steward.cli import session as session_
from steward.client import audits

app = typer.Typer(
    help="What a cluster's own audit log shows of the provider: breaches, gaps, and every credential.",
    no_args_is_help=True,
)

FINDINGS: list[output.Column[audits.Finding]] = [
    output.Column(title="AT", value=lambda row: row["at"]),
    output.Column(title="SORT", value=lambda row: row["sort"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"]),
    output.Column(title="USER", value=lambda row: row["user"], wide=True),
    output.Column(title="CREDENTIAL", value=lambda row: row["fingerprint"], wide=True),
    output.Column(title="TEXT", value=lambda row: row["text"]),
]
CREDENTIALS: list[output.Column[audits.Issuance]] = [
    output.Column(title="FINGERPRINT", value=lambda row: row["fingerprint"][:16]),
    output.Column(title="USER", value=lambda row: row["user"]),
    output.Column(title="PARTY", value=lambda row: row["party"]),
    output.Column(title="ACTIVITY", value=lambda row: row["activity"], wide=True),
    output.Column(title="PURPOSE", value=lambda row: row["purpose"]),
    output.Column(title="ISSUED", value=lambda row: row["issuedAt"], wide=True),
    output.Column(title="EXPIRES", value=lambda row: row["expiresAt"]),
    output.Column(title="REVOKED", value=lambda row: row["revokedAt"], wide=True),
]
WINDOWS: list[output.Column[audits.AuditWindows]] = [
    output.Column(title="KNOWN SINCE", value=lambda row: row["since"]),
    output.Column(title="UNTIL", value=lambda row: row["until"]),
    output.Column(title="LAST EVENT", value=lambda row: row["lastEventAt"]),
    output.Column(title="GAPS", value=lambda row: len(row["gaps"])),
]


@app.command(no_args_is_help=True)
def findings(
    ctx: typer.Context,
    cluster: options.Cluster,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List what the provider did that is the customer's, and the times of which nothing is known."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    found = audits.findings(link, session.project, identifier)
    output.listing(session.terminal, form, found, FINDINGS, name="id", nothing="Nothing was found.")


@app.command(no_args_is_help=True)
def credentials(
    ctx: typer.Context,
    cluster: options.Cluster,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List every client certificate that was issued for the cluster."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    found = audits.issuances(link, session.project, identifier)
    output.listing(session.terminal, form, found, CREDENTIALS, name="fingerprint", nothing="None was issued yet.")


@app.command(no_args_is_help=True)
def windows(
    ctx: typer.Context,
    cluster: options.Cluster,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show from when to when the audit log is known without a gap."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, party)
    output.single(session.terminal, form, audits.windows(link, session.project, identifier), WINDOWS, name="since")
