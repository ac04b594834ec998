"""`steward network subnet`: ranges of a private network, and which of their addresses nodes are given."""

from ipaddress import IPv4Network
from typing import Annotated

import typer

from steward.cli import confirmation, failures, naming, options, orders, output
from steward.cli import session as session_
from steward.client import models, subnets

app = typer.Typer(help="Ranges of a private network; nodes are given their addresses.", no_args_is_help=True)

COLUMNS: list[output.Column[models.Subnet]] = [
    output.Column(title="RANGE", value=lambda row: row["cidr"]),
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="GATEWAY", value=lambda row: row["gatewayIp"]),
    output.Column(title="DHCP", value=lambda row: row["dhcpEnabled"]),
    output.Column(title="REGION", value=lambda row: [each["region"] for each in row["ipPools"]]),
    output.Column(title="FROM", value=lambda row: [each["start"] for each in row["ipPools"]]),
    output.Column(title="TO", value=lambda row: [each["end"] for each in row["ipPools"]]),
]

Subnet = Annotated[str, typer.Argument(help="Range or id of the subnet.")]


@app.command("list")
def list_(ctx: typer.Context, network: options.PrivateNetwork, form: options.Output = output.Format.TABLE) -> None:
    """List the subnets of a private network."""
    session = session_.of(ctx)
    found = subnets.every(session.link(), session.project, naming.private_network(session, network)["id"])
    nothing = "No subnets yet. Make one: steward network subnet create NETWORK RANGE"
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing=nothing)


@app.command()
def create(  # noqa: PLR0913 - every option is a field of the order
    ctx: typer.Context,
    network: options.PrivateNetwork,
    block: Annotated[str, typer.Argument(metavar="RANGE", help="Private IPv4 range, such as 10.7.0.0/24.")],
    start: Annotated[str, typer.Option(help="First address that nodes are given. Default: the second one.")] = "",
    end: Annotated[str, typer.Option(help="Last address that nodes are given. Default: the last one.")] = "",
    region: Annotated[str, typer.Option(help="Region that it is in. Default: the network's, if that is one.")] = "",
    dhcp: Annotated[bool, typer.Option(help="Give nodes their addresses; without it no cluster can be on it.")] = True,
    gateway: Annotated[bool, typer.Option(help="Keep its first address for a gateway.")] = True,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Make a subnet of a private network."""
    session = session_.of(ctx)
    owner = naming.private_network(session, network)
    first, last = _pool(block)
    body = {
        "network": block,
        "start": start or first,
        "end": end or last,
        "region": region or orders.only([each["region"] for each in owner["regions"]]),
        "dhcp": dhcp,
        "noGateway": not gateway,
    }
    made = subnets.create(session.link(), session.project, owner["id"], body)
    output.single(session.terminal, form, made, COLUMNS, name="id")


@app.command()
def delete(ctx: typer.Context, network: options.PrivateNetwork, subnet: Subnet, yes: options.Yes = False) -> None:
    """Delete a subnet; neither a cluster nor a gateway may be on it."""
    session = session_.of(ctx)
    owner = naming.private_network(session, network)
    found = naming.subnet(session, owner, subnet)
    what = f"Subnet {found['cidr']} of private network {owner['name']} will be gone for good."
    confirmation.typed(session.terminal, what=what, name=found["cidr"], yes=yes)
    subnets.delete(session.link(), session.project, owner["id"], found["id"])
    session.terminal.say(f"Subnet {found['cidr']} is deleted.")


def _pool(block: str) -> tuple[str, str]:
    """All that hosts can have, but for the gateway's. What is wrong with a range is for the service to say."""
    try:
        found = IPv4Network(block)
    except ValueError as error:
        raise failures.Usage(f"{block!r} is no IPv4 range: {error}.") from None
    last = found.num_addresses - 1
    return str(found[min(2, last)]), str(found[max(0, last - 1)])
