"""`steward network`: the private networks of a project, which nodes of clusters can be on."""

from typing import Annotated

import typer

from steward.cli import confirmation, gateways, naming, options, output, subnets, waiting
from steward.cli import session as session_
from steward.client import models, private_networks

app = typer.Typer(help="Private networks that nodes can be on: subnets, gateways.", no_args_is_help=True)
app.add_typer(subnets.app, name="subnet")
app.add_typer(gateways.app, name="gateway")

COLUMNS: list[output.Column[models.PrivateNetwork]] = [
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="VLAN", value=lambda row: row["vlanId"]),
    output.Column(title="REGIONS", value=lambda row: [each["region"] for each in row["regions"]]),
    output.Column(title="OPENSTACK", value=lambda row: [each["openstackId"] for each in row["regions"]], wide=True),
]


@app.command("list")
def list_(ctx: typer.Context, form: options.Output = output.Format.TABLE) -> None:
    """List the private networks of the project."""
    session = session_.of(ctx)
    found = private_networks.every(session.link(), session.project)
    nothing = "No private networks yet. Make one: steward network create NAME"
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing=nothing)


@app.command()
def show(ctx: typer.Context, network: options.PrivateNetwork, form: options.Output = output.Format.TABLE) -> None:
    """Show one private network."""
    session = session_.of(ctx)
    output.single(session.terminal, form, naming.private_network(session, network), COLUMNS, name="id")


@app.command()
def create(  # noqa: PLR0913 - every option is a field of the order
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name.")],
    region: Annotated[
        list[str] | None, typer.Option(help="Region that it is in; repeatable. Default: all of them.")
    ] = None,
    vlan: Annotated[int | None, typer.Option(help="Its VLAN id; the lowest that is free where none is given.")] = None,
    wait: options.Wait = False,
    timeout: options.Timeout = "5m",
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make a private network. Nodes are on one of its subnets: steward network subnet create."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    body: dict[str, object] = {"name": name}
    if region:
        body["regions"] = region
    if vlan is not None:
        body["vlanId"] = vlan
    link, project = session.link(), session.project
    made = private_networks.create(link, project, body)
    if wait:

        def pending(_: object) -> str | None:
            now = private_networks.get(link, project, made["id"])["status"]
            return waiting.check_status(f"private network {name}", now, target="ACTIVE")

        come_back = f"steward network show {made['id']}"
        waiting.until_pending(session, waiting.NO_CLUSTER, pending, timeout=seconds, come_back=come_back)
        made = private_networks.get(link, project, made["id"])
    output.single(session.terminal, form, made, COLUMNS, name="id")


@app.command()
def rename(
    ctx: typer.Context,
    network: options.PrivateNetwork,
    name: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Give a private network another name."""
    session = session_.of(ctx)
    found = naming.private_network(session, network)
    private_networks.rename(session.link(), session.project, found["id"], name)
    session.terminal.say(f"Private network {found['name']} is now {name}.")


@app.command()
def delete(
    ctx: typer.Context,
    network: options.PrivateNetwork,
    yes: options.Yes = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "5m",
) -> None:
    """Delete a private network with its subnets; neither a cluster nor a gateway may be on it."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    found = naming.private_network(session, network)
    what = f"Private network {found['name']} ({found['id']}) and its subnets will be gone for good."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    link, project = session.link(), session.project
    private_networks.delete(link, project, found["id"])
    waiting.being_deleted(
        session,
        waiting.NO_CLUSTER,
        f"private network {found['name']}",
        lambda: private_networks.get(link, project, found["id"])["status"],
        timeout=seconds if wait else None,
        come_back="steward network list",
    )
