"""`steward cluster restrictions`: who may reach a cluster's API, by source address."""

from collections.abc import Mapping
from typing import Annotated

import typer

from steward.cli import confirmation, naming, options, output, waiting
from steward.cli import session as session_
from steward.client import clusters, restrictions

app = typer.Typer(
    help="Who may reach a cluster's API, by source address; an empty list is everybody.", no_args_is_help=True
)

COLUMNS: list[output.Column[Mapping[str, str]]] = [output.Column(title="SOURCE", value=lambda row: row["source"])]

Blocks = Annotated[list[str], typer.Argument(help="Addresses or blocks, such as 203.0.113.0/24.")]


@app.command("list")
def list_(ctx: typer.Context, cluster: options.Cluster, form: options.Output = output.Format.TABLE) -> None:
    """List the sources that may reach the API."""
    session = session_.of(ctx)
    found = restrictions.every(session.link(), session.project, naming.cluster(session, cluster)["id"])
    rows = [{"source": each} for each in found]
    output.listing(session.terminal, form, rows, COLUMNS, name="source", nothing="Everybody may reach the API.")


@app.command()
def add(
    ctx: typer.Context,
    cluster: options.Cluster,
    blocks: Blocks,
    wait: options.Wait = False,
    timeout: options.Timeout = "5m",
) -> None:
    """Let more sources in. With the first one of a cluster, all others are kept out."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    now = restrictions.append(session.link(), session.project, found["id"], blocks)
    _said(session, found["id"], found["name"], len(now), options.duration(timeout) if wait else None)


@app.command("set")
def set_(
    ctx: typer.Context,
    cluster: options.Cluster,
    blocks: Blocks,
    wait: options.Wait = False,
    timeout: options.Timeout = "5m",
) -> None:
    """Let these sources in and no others."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    now = restrictions.replace(session.link(), session.project, found["id"], blocks)
    _said(session, found["id"], found["name"], len(now), options.duration(timeout) if wait else None)


@app.command()
def remove(
    ctx: typer.Context,
    cluster: options.Cluster,
    block: Annotated[str, typer.Argument(help="The address or block, as it is listed.")],
    yes: options.Yes = False,
) -> None:
    """Take one source away. Without the last one everybody may reach the API again."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    if restrictions.every(session.link(), session.project, found["id"]) == [block]:
        what = f"It is the last one: everybody may reach the API of cluster {found['name']} from then on."
        confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    restrictions.remove(session.link(), session.project, found["id"], block)
    session.terminal.say(f"{block} is no longer listed for cluster {found['name']}.")


@app.command()
def clear(ctx: typer.Context, cluster: options.Cluster, yes: options.Yes = False) -> None:
    """Let everybody reach the API again."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    what = f"Everybody may reach the API of cluster {found['name']} from then on."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    restrictions.replace(session.link(), session.project, found["id"], [])
    session.terminal.say(what)


def _said(session: session_.Session, cluster: str, name: str, count: int, timeout: float | None) -> None:
    if timeout is not None:
        link, project = session.link(), session.project

        def pending(flows: object) -> str | None:
            return waiting.check_status(f"cluster {name}", clusters.get(link, project, cluster)["status"])

        waiting.until_pending(session, cluster, pending, timeout=timeout)
    session.terminal.say(f"{count} sources may reach the API of cluster {name}.")
