"""`steward network gateway`: the ways out of subnets."""

from enum import StrEnum
from typing import Annotated

import typer

from steward.cli import confirmation, failures, naming, options, output, waiting
from steward.cli import session as session_
from steward.client import cloud_operations, gateways, models

app = typer.Typer(help="Ways out of a private network's subnets.", no_args_is_help=True)

COLUMNS: list[output.Column[models.Gateway]] = [
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="ADDRESS", value=lambda row: [each["ip"] for each in row["interfaces"]]),
    output.Column(title="MODEL", value=lambda row: row["model"]),
    output.Column(title="REGION", value=lambda row: row["region"]),
    output.Column(title="SUBNET", value=lambda row: [each["subnetId"] for each in row["interfaces"]], wide=True),
]


class Model(StrEnum):
    S = "s"
    M = "m"
    L = "l"
    XL = "xl"
    XXL = "2xl"
    XXXL = "3xl"


@app.command("list")
def list_(ctx: typer.Context, network: options.PrivateNetwork, form: options.Output = output.Format.TABLE) -> None:
    """List the gateways of a private network."""
    session = session_.of(ctx)
    found = naming.every_gateway(session, naming.private_network(session, network))
    nothing = "No gateways yet. Order one: steward network gateway create NETWORK SUBNET"
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing=nothing)


@app.command()
def create(  # noqa: PLR0913 - every option is a field of the order
    ctx: typer.Context,
    network: options.PrivateNetwork,
    subnet: Annotated[str, typer.Argument(help="Range or id of the subnet.")],
    name: Annotated[str, typer.Option(help="Its name.")] = "gateway",
    model: Annotated[Model, typer.Option(help="Its size.")] = Model.S,
    wait: options.Wait = False,
    timeout: options.Timeout = "5m",
) -> None:
    """Order a gateway at a subnet's gateway address."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    owner = naming.private_network(session, network)
    found = naming.subnet(session, owner, subnet)
    body = {"name": name, "model": model.value}
    begun = gateways.create(session.link(), session.project, _place(owner, found), found["id"], body)
    if not wait:
        session.terminal.say(f"Ordered. To look at it: steward network gateway list {owner['id']}")
        return
    _until_done(session, owner, begun, f"gateway {name}", seconds)
    session.terminal.say(f"Gateway {name} of {found['cidr']} is active.")


@app.command()
def delete(
    ctx: typer.Context,
    network: options.PrivateNetwork,
    gateway: Annotated[str, typer.Argument(help="Name or id of the gateway.")],
    yes: options.Yes = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "5m",
) -> None:
    """Delete a gateway; no cluster may need it."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    owner = naming.private_network(session, network)
    found = naming.gateway(session, owner, gateway)
    what = f"Gateway {found['name']} of private network {owner['name']}, and its way to the outside, will be gone."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    begun = gateways.delete(session.link(), session.project, found["region"], found["id"])
    if not wait:
        session.terminal.say(f"Gateway {found['name']} is being deleted.")
        return
    _until_done(session, owner, begun, f"the end of gateway {found['name']}", seconds)
    session.terminal.say(f"Gateway {found['name']} is deleted.")


def _place(network: models.PrivateNetwork, subnet: models.Subnet) -> models.Presence:
    region = subnet["ipPools"][0]["region"]
    for each in network["regions"]:
        if each["region"] == region:
            return each
    raise failures.Failure(f"Private network {network['name']} is no longer in {region}, where its subnet is.")


def _until_done(
    session: session_.Session, network: models.PrivateNetwork, begun: models.Operation, what: str, timeout: float
) -> None:
    link, project = session.link(), session.project

    def pending(_: object) -> str | None:
        return waiting.check_status(
            what, cloud_operations.get(link, project, begun["id"])["status"], target="completed"
        )

    come_back = f"steward network gateway list {network['id']}"
    waiting.until_pending(session, waiting.NO_CLUSTER, pending, timeout=timeout, come_back=come_back)
