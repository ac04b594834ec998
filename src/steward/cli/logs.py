"""`steward logs`: where the audit log of a cluster goes, and a link under which it is read for a while."""

from pathlib import Path
from typing import Annotated

import typer

from steward.cli import confirmation, failures, options, output, subjects
from steward.cli import session as session_
from steward.client import logs

app = typer.Typer(help="Where a cluster's audit log goes, and reading it as it comes.", no_args_is_help=True)

STREAMS: list[output.Column[logs.Stream]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="TITLE", value=lambda row: row["title"]),
    output.Column(title="URL", value=lambda row: row["url"]),
    output.Column(title="TOKEN", value=lambda row: row["hasToken"]),
    output.Column(title="CREATED", value=lambda row: row["createdAt"], wide=True),
]
SUBSCRIPTIONS: list[output.Column[logs.Subscription]] = [
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STREAM", value=lambda row: row["streamId"]),
    output.Column(title="LINES", value=lambda row: row["handedOver"]),
    output.Column(title="LAST", value=lambda row: row["lastAt"]),
    output.Column(title="FAILING SINCE", value=lambda row: row["failingSince"]),
    output.Column(title="ERROR", value=lambda row: row["lastError"]),
]
TRIED: list[output.Column[logs.Tried]] = [
    output.Column(title="ARRIVED", value=lambda row: row["arrived"]),
    output.Column(title="ANSWER", value=lambda row: row["answer"]),
]
LINK: list[output.Column[logs.Link]] = [
    output.Column(title="URL", value=lambda row: row["url"]),
    output.Column(title="ENDS", value=lambda row: row["expirationDate"]),
]

Stream = Annotated[str, typer.Argument(help="Id of the stream.")]


@app.command()
def streams(ctx: typer.Context, form: options.Output = output.Format.TABLE) -> None:
    """List the account's streams and where they go, without their secrets."""
    session = session_.of(ctx)
    output.listing(session.terminal, form, logs.streams(session.link()), STREAMS, name="id", nothing="No streams yet.")


@app.command(no_args_is_help=True)
def stream(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="What it is called.")],
    to: Annotated[str, typer.Option("--to", help="gelf+tls://HOST:PORT or https://….")],
    authority: Annotated[
        Path | None,
        typer.Option("--authority", exists=True, dir_okay=False, help="PEM file: whom alone its certificate is from."),
    ] = None,
    token: Annotated[
        bool, typer.Option("--token", help="Ask for the receiver's token; a program gives a line.")
    ] = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make a stream that leads to a receiver of yours."""
    session = session_.of(ctx)
    destination: dict[str, object] = {"url": to}
    if authority is not None:
        destination["authority"] = authority.read_text()
    if token:
        destination["token"] = session.terminal.ask_secret("The receiver's token:")
    made = logs.make_stream(session.link(), title, destination)
    output.single(session.terminal, form, made, STREAMS, name="id")


@app.command("test", no_args_is_help=True)
def try_out(ctx: typer.Context, stream: Stream, form: options.Output = output.Format.TABLE) -> None:
    """Hand one message over now, and say whether the receiver took it."""
    session = session_.of(ctx)
    tried = logs.test_stream(session.link(), stream)
    output.single(session.terminal, form, tried, TRIED, name="answer")
    if not tried["arrived"]:
        raise failures.Failure("The message did not arrive.")


@app.command(no_args_is_help=True)
def remove(ctx: typer.Context, stream: Stream, yes: options.Yes = False) -> None:
    """Remove a stream that no log goes to."""
    session = session_.of(ctx)
    confirmation.typed(session.terminal, what=f"Stream {stream} and its secret are forgotten.", name=stream, yes=yes)
    logs.remove_stream(session.link(), stream)
    session.terminal.say(f"Stream {stream} is removed.")


@app.command("list", no_args_is_help=True)
def list_(ctx: typer.Context, cluster: options.Cluster, form: options.Output = output.Format.TABLE) -> None:
    """List where the cluster's audit log goes, and how far each got."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, options.Party.CUSTOMER)
    found = logs.subscriptions(link, session.project, identifier)
    output.listing(session.terminal, form, found, SUBSCRIPTIONS, name="id", nothing="It goes nowhere.")


@app.command(no_args_is_help=True)
def subscribe(ctx: typer.Context, cluster: options.Cluster, stream: Stream) -> None:
    """Have the cluster's audit log handed over to a stream."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, options.Party.CUSTOMER)
    logs.subscribe(link, session.project, identifier, stream)
    session.terminal.say("What is written from the moment on at which the cluster is READY again goes there.")


@app.command(no_args_is_help=True)
def unsubscribe(
    ctx: typer.Context,
    cluster: options.Cluster,
    subscription: Annotated[str, typer.Argument(help="Id of the subscription.")],
) -> None:
    """Hand the cluster's audit log over there no more."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, options.Party.CUSTOMER)
    logs.unsubscribe(link, session.project, identifier, subscription)
    session.terminal.say(f"Subscription {subscription} ends.")


@app.command(no_args_is_help=True)
def url(
    ctx: typer.Context,
    cluster: options.Cluster,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Stay, and show each line as it comes.")] = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make a link under which anybody reads the audit log for half an hour, without a key."""
    session = session_.of(ctx)
    link, identifier = subjects.cluster(session, cluster, options.Party.CUSTOMER)
    made = logs.made_link(link, session.project, identifier)
    if follow:
        logs.tail(link, made["url"], session.terminal.write)
        return
    output.single(session.terminal, form, made, LINK, name="url")
