"""`steward node`: the single workers of a cluster."""

from typing import Annotated

import typer

from steward.cli import confirmation, naming, options, output, waiting
from steward.cli import session as session_
from steward.client import models, nodes

app = typer.Typer(help="The single workers of a cluster.", no_args_is_help=True)

COLUMNS: list[output.Column[models.Node]] = [
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="FLAVOR", value=lambda row: row["flavor"]),
    output.Column(title="VERSION", value=lambda row: row["version"]),
    output.Column(title="POOL", value=lambda row: row["nodePoolId"], wide=True),
    output.Column(title="INSTANCE", value=lambda row: row["instanceId"], wide=True),
    output.Column(title="DEPLOYED", value=lambda row: row["deployedAt"], wide=True),
    output.Column(title="DELETED", value=lambda row: row["deletedAt"], wide=True),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
]


@app.command("list")
def list_(
    ctx: typer.Context,
    cluster: options.Cluster,
    history: Annotated[bool, typer.Option("--history", help="The deleted nodes instead, last deleted first.")] = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """List the nodes of a cluster."""
    session = session_.of(ctx)
    owner = naming.cluster(session, cluster)
    found = nodes.every(session.link(), session.project, owner["id"], history=history)
    nothing = "No node was deleted yet." if history else "No nodes. A pool brings them: steward pool create"
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing=nothing)


@app.command()
def show(
    ctx: typer.Context, cluster: options.Cluster, node: options.Node, form: options.Output = output.Format.TABLE
) -> None:
    """Show one node; a deleted one by its id."""
    session = session_.of(ctx)
    found = naming.node(session, naming.cluster(session, cluster)["id"], node)
    output.single(session.terminal, form, found, COLUMNS, name="id")


@app.command()
def delete(
    ctx: typer.Context,
    cluster: options.Cluster,
    node: options.Node,
    yes: options.Yes = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "15m",
) -> None:
    """Delete one node; its pool's desired size falls by one."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    owner = naming.cluster(session, cluster)
    found = naming.node(session, owner["id"], node)
    what = f"Node {found['name']} of cluster {owner['name']} will be gone, and its pool smaller by one."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    link, project = session.link(), session.project
    nodes.delete(link, project, owner["id"], found["id"])
    waiting.being_deleted(
        session,
        owner["id"],
        f"node {found['name']}",
        lambda: nodes.get(link, project, owner["id"], found["id"])["status"],
        timeout=seconds if wait else None,
    )
