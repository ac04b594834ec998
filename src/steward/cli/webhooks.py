"""`steward webhooks`: where a project's notices, and its ledger's checkpoints, are sent to."""

from typing import Annotated

import typer

from steward.cli import confirmation, failures, options, output
from steward.cli import session as session_
from steward.client import notices

app = typer.Typer(help="Where a project's notices are sent to, signed.", no_args_is_help=True)

COLUMNS: list[output.Column[notices.Webhook]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="URL", value=lambda row: row["url"]),
    output.Column(title="LEAST", value=lambda row: row["least"]),
    output.Column(title="DIGEST", value=lambda row: row["digest"]),
    output.Column(title="CHECKPOINTS", value=lambda row: row["checkpoints"]),
    output.Column(title="ROTATED", value=lambda row: row["rotatedAt"], wide=True),
    output.Column(title="CREATED", value=lambda row: row["createdAt"], wide=True),
]
NEW_COLUMNS: list[output.Column[notices.Webhook]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="URL", value=lambda row: row["url"]),
    output.Column(title="SECRET", value=lambda row: row.get("secret", "")),
]
TRIED: list[output.Column[notices.Tried]] = [
    output.Column(title="ARRIVED", value=lambda row: row["arrived"]),
    output.Column(title="ANSWER", value=lambda row: row["answer"]),
]

Webhook = Annotated[str, typer.Argument(help="Id of the webhook.")]


@app.command("list")
def list_(
    ctx: typer.Context, party: options.As = options.Party.CUSTOMER, form: options.Output = output.Format.TABLE
) -> None:
    """List the project's webhooks, without their secrets."""
    session = session_.of(ctx)
    link = session.provider if party is options.Party.PROVIDER else session.link()
    found = notices.webhooks(link, session.project)
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing="No webhooks yet.")


@app.command()
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(help="Where to, as in https://example.org/steward.")],
    least: Annotated[str, typer.Option(help="From which severity on: info, warning or urgent.")] = "info",
    digest: Annotated[bool, typer.Option("--digest", help="Gathered each hour, but for what is urgent.")] = False,
    checkpoints: Annotated[bool, typer.Option("--checkpoints", help="The ledger's checkpoints as well.")] = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Have notices sent to a URL. The secret that signs them is shown this once."""
    session = session_.of(ctx)
    wanted = {"url": url, "least": least, "digest": digest, "checkpoints": checkpoints}
    made = notices.add_webhook(session.link(), session.project, wanted)
    output.single(session.terminal, form, made, NEW_COLUMNS, name="id")
    session.terminal.say("The secret is shown this once; the receiver checks signatures with it.")


@app.command()
def rotate(ctx: typer.Context, webhook: Webhook, form: options.Output = output.Format.TABLE) -> None:
    """Make a new secret. The former one signs as well for a day."""
    session = session_.of(ctx)
    made = notices.rotate_webhook(session.link(), session.project, webhook)
    output.single(session.terminal, form, made, NEW_COLUMNS, name="id")
    session.terminal.say("The secret is shown this once.")


@app.command("test")
def try_out(ctx: typer.Context, webhook: Webhook, form: options.Output = output.Format.TABLE) -> None:
    """Send one message now, and say what the receiver answered."""
    session = session_.of(ctx)
    tried = notices.test_webhook(session.link(), session.project, webhook)
    output.single(session.terminal, form, tried, TRIED, name="answer")
    if not tried["arrived"]:
        raise failures.Failure("The message did not arrive.")


@app.command()
def remove(ctx: typer.Context, webhook: Webhook, yes: options.Yes = False) -> None:
    """Send nothing there any more; what waits for it is given up."""
    session = session_.of(ctx)
    what = f"Webhook {webhook} gets nothing from now on; its secret is forgotten."
    confirmation.typed(session.terminal, what=what, name=webhook, yes=yes)
    notices.remove_webhook(session.link(), session.project, webhook)
    session.terminal.say(f"Webhook {webhook} is removed.")
