"""`steward delegate`: lend R of one's row to the other party, for a time."""

import datetime
from typing import Annotated

import typer

from steward.cli import delegations as delegations_
from steward.cli import failures, options, output, subjects
from steward.cli import session as session_
from steward.client import delegations

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def run(  # noqa: PLR0913 - every option is a field of the delegation
    ctx: typer.Context,
    activity: Annotated[str, typer.Argument(help="Row of the contract, such as 3.1.3-3.")],
    to: Annotated[options.Party, typer.Option("--to", help="The party that may carry it out then.")],
    lasts: Annotated[str, typer.Option("--for", help="How long, as in 7d, 12h or 30m; a year at most.")],
    reason: Annotated[str, typer.Option(help="A sentence for both parties.")],
    cluster: Annotated[
        str, typer.Option(help="For this cluster alone. Default: every cluster of the project.", show_default=False)
    ] = "",
    operations: Annotated[
        list[str] | None, typer.Option("--operation", help="For this operation alone; may be given again.")
    ] = None,
    party: options.As = options.Party.CUSTOMER,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Let the other party carry out a row that you are accountable for. It ends by itself, or when you revoke it."""
    session = session_.of(ctx)
    if to is session.party(party):
        raise failures.Usage(f"The {to.value} cannot lend to itself: say who lends with --as.")
    link = session.link(party)
    seconds = options.duration(lasts)
    ends = datetime.datetime.fromtimestamp(session.terminal.wall() + seconds, datetime.UTC)
    wish: dict[str, object] = {
        "activity": activity,
        "reason": reason,
        "expiresAt": ends.isoformat(timespec="seconds"),
        "operations": operations or [],
    }
    if cluster:
        link, wish["cluster"] = subjects.cluster(session, cluster, party)
    made = delegations.grant(link, session.project, wish)
    output.single(session.terminal, form, made, delegations_.COLUMNS, name="id")
    session.terminal.say(f"Take it back: steward delegations revoke {made['id']}")
