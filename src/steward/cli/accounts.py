"""`steward account`: the life of a customer's account. Suspending and resuming is the provider's."""

from typing import Annotated

import typer

from steward.cli import confirmation, options, output
from steward.cli import session as session_
from steward.client import accounts

app = typer.Typer(help="A customer's account: its state, and its end.", no_args_is_help=True)

COLUMNS: list[output.Column[accounts.Account]] = [
    output.Column(title="ACCOUNT", value=lambda row: row["account"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="REASON", value=lambda row: row["reason"]),
    output.Column(title="HANDED OVER", value=lambda row: row["handedOverAt"]),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
    output.Column(title="CHANGED", value=lambda row: row["changedAt"], wide=True),
]
Account = Annotated[str, typer.Argument(help="Name of the account.")]


@app.command()
def show(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(help="Name of the account. Default: all that you may see.")] = "",
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Show an account, or all."""
    session = session_.of(ctx)
    link = session.link(party)
    if account:
        output.single(session.terminal, form, accounts.get(link, account), COLUMNS, name="account")
        return
    found = accounts.every(link)
    output.listing(session.terminal, form, found, COLUMNS, name="account", nothing="No accounts yet.")


@app.command()
def suspend(
    ctx: typer.Context,
    account: Account,
    reason: Annotated[str, typer.Option(help="What the customer reads in every refusal.")],
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Refuse the customer's changes; what runs goes on, and can be read. With --as provider."""
    session = session_.of(ctx)
    changed = accounts.suspend(session.link(party), account, reason=reason)
    output.single(session.terminal, form, changed, COLUMNS, name="account")


@app.command()
def resume(
    ctx: typer.Context,
    account: Account,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Let a suspended customer change things again. With --as provider."""
    session = session_.of(ctx)
    output.single(session.terminal, form, accounts.resume(session.link(party), account), COLUMNS, name="account")


@app.command()
def close(
    ctx: typer.Context,
    account: Account,
    party: options.As = options.Party.CUSTOMER,
    yes: options.Yes = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """End an account for good, with all its people and keys. Its clusters have to be deleted before."""
    session = session_.of(ctx)
    what = f"No person and no key of {account} will work from now on."
    confirmation.typed(session.terminal, what=what, name=account, yes=yes)
    output.single(session.terminal, form, accounts.close(session.link(party), account), COLUMNS, name="account")
