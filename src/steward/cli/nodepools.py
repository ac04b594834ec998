"""`steward pool`: the groups of equal nodes of a cluster."""

from typing import Annotated

import typer

from steward.cli import confirmation, failures, naming, options, orders, output, waiting
from steward.cli import session as session_
from steward.client import models, nodepools

app = typer.Typer(help="Groups of equal nodes of a cluster.", no_args_is_help=True)

COLUMNS: list[output.Column[models.NodePool]] = [
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="FLAVOR", value=lambda row: row["flavor"]),
    output.Column(title="DESIRED", value=lambda row: row["desiredNodes"]),
    output.Column(title="AVAILABLE", value=lambda row: row["availableNodes"]),
    output.Column(title="MIN", value=lambda row: row["minNodes"]),
    output.Column(title="MAX", value=lambda row: row["maxNodes"]),
    output.Column(title="CURRENT", value=lambda row: row["currentNodes"], wide=True),
    output.Column(title="UPTODATE", value=lambda row: row["upToDateNodes"], wide=True),
    output.Column(title="AUTOSCALE", value=lambda row: row["autoscale"], wide=True),
    output.Column(title="LABELS", value=lambda row: _labels(row), wide=True),
    output.Column(title="TAINTS", value=lambda row: _taints(row), wide=True),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
]

Minimum = Annotated[int | None, typer.Option("--min", min=0, help="Fewest nodes the pool may have.")]
Maximum = Annotated[int | None, typer.Option("--max", min=0, help="Most nodes the pool may have.")]
Autoscale = Annotated[
    bool | None,
    typer.Option("--autoscale/--no-autoscale", help="Let the size follow the load, within --min and --max."),
]


@app.command("list")
def list_(ctx: typer.Context, cluster: options.Cluster, form: options.Output = output.Format.TABLE) -> None:
    """List the node pools of a cluster."""
    session = session_.of(ctx)
    found = nodepools.every(session.link(), session.project, naming.cluster(session, cluster)["id"])
    nothing = "No node pools yet. Order one: steward pool create CLUSTER --flavor FLAVOR"
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing=nothing)


@app.command()
def show(
    ctx: typer.Context, cluster: options.Cluster, pool: options.Pool, form: options.Output = output.Format.TABLE
) -> None:
    """Show one node pool."""
    session = session_.of(ctx)
    found = naming.pool(session, naming.cluster(session, cluster)["id"], pool)
    output.single(session.terminal, form, found, COLUMNS, name="id")


@app.command()
def create(  # noqa: PLR0913 - every option is a field of the order
    ctx: typer.Context,
    cluster: options.Cluster,
    flavor: options.Flavor = "",
    name: Annotated[str, typer.Option(help="Name of the pool; the service invents one where none is given.")] = "",
    desired: Annotated[int | None, typer.Option("--nodes", "--desired", min=0, help="Nodes it shall have.")] = None,
    minimum: Minimum = None,
    maximum: Maximum = None,
    autoscale: Autoscale = None,
    anti_affinity: Annotated[
        bool, typer.Option("--anti-affinity", help="Put its nodes apart; at most 5 nodes.")
    ] = False,
    label: Annotated[list[str] | None, typer.Option(help="Label of its nodes, KEY=VALUE; may be repeated.")] = None,
    taint: Annotated[list[str] | None, typer.Option(help="Taint, KEY=VALUE:EFFECT; may be repeated.")] = None,
    file: Annotated[
        str, typer.Option("--file", "-f", help="YAML or JSON of the order, - for standard input; options win over it.")
    ] = "",
    wait: options.Wait = False,
    timeout: options.Timeout = "15m",
    form: options.Output = output.Format.TABLE,
) -> None:
    """Order a node pool."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    given = _sizes(desired, minimum, maximum, autoscale) | {"antiAffinity": anti_affinity or None}
    given |= {"flavorName": flavor or None, "name": name or None, "template": orders.template(label or [], taint or [])}
    order = orders.from_file(session, file) | {key: value for key, value in given.items() if value is not None}
    if not order.get("flavorName"):
        raise failures.Usage("Which size of node? Give --flavor; `steward flavor list` shows them.")
    owner = naming.cluster(session, cluster)
    made = nodepools.create(session.link(), session.project, owner["id"], order)
    if wait:
        made = _until_ready(session, owner["id"], made, seconds)
    output.single(session.terminal, form, made, COLUMNS, name="id")


@app.command()
def edit(  # noqa: PLR0913 - every option is a field that can change
    ctx: typer.Context,
    cluster: options.Cluster,
    pool: options.Pool,
    desired: Annotated[int | None, typer.Option("--desired", "--nodes", min=0, help="Nodes it shall have.")] = None,
    minimum: Minimum = None,
    maximum: Maximum = None,
    autoscale: Autoscale = None,
    label: Annotated[list[str] | None, typer.Option(help="KEY=VALUE sets a label, KEY- takes it away.")] = None,
    taint: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE:EFFECT sets a taint, KEY:EFFECT- or KEY- takes it away.")
    ] = None,
    wait: options.Wait = False,
    timeout: options.Timeout = "15m",
    form: options.Output = output.Format.TABLE,
) -> None:
    """Change a pool's size, bounds, labels and taints; what is not named stays."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    owner = naming.cluster(session, cluster)
    found = naming.pool(session, owner["id"], pool)
    template = orders.template(label or [], taint or [], present=found["template"])
    given = _sizes(desired, minimum, maximum, autoscale) | {"template": template}
    changes = {key: value for key, value in given.items() if value is not None}
    if not changes:
        raise failures.Usage("Nothing to change: give --desired, --min, --max, --autoscale, --label or --taint.")
    nodepools.edit(session.link(), session.project, owner["id"], found["id"], changes)
    made = nodepools.get(session.link(), session.project, owner["id"], found["id"])
    if wait:
        made = _until_ready(session, owner["id"], made, seconds)
    output.single(session.terminal, form, made, COLUMNS, name="id")


@app.command()
def delete(
    ctx: typer.Context,
    cluster: options.Cluster,
    pool: options.Pool,
    yes: options.Yes = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "15m",
) -> None:
    """Delete a node pool with all its nodes."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    owner = naming.cluster(session, cluster)
    found = naming.pool(session, owner["id"], pool)
    what = f"Node pool {found['name']} of cluster {owner['name']} and its {found['currentNodes']} nodes will be gone."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    link, project = session.link(), session.project
    nodepools.delete(link, project, owner["id"], found["id"])
    waiting.being_deleted(
        session,
        owner["id"],
        f"node pool {found['name']}",
        lambda: nodepools.get(link, project, owner["id"], found["id"])["status"],
        timeout=seconds if wait else None,
    )


def _sizes(desired: int | None, minimum: int | None, maximum: int | None, autoscale: bool | None) -> dict[str, object]:
    return {"desiredNodes": desired, "minNodes": minimum, "maxNodes": maximum, "autoscale": autoscale}


def _until_ready(session: session_.Session, cluster: str, pool: models.NodePool, timeout: float) -> models.NodePool:
    link, project = session.link(), session.project

    def pending(flows: object) -> str | None:
        now = nodepools.get(link, project, cluster, pool["id"])
        if waits := waiting.check_status(f"node pool {pool['name']}", now["status"]):
            return waits
        if now["availableNodes"] == now["desiredNodes"]:
            return None
        return f"node pool {pool['name']} to have {now['desiredNodes']} nodes (it has {now['availableNodes']})"

    waiting.until_pending(session, cluster, pending, timeout=timeout)
    return nodepools.get(link, project, cluster, pool["id"])


def _labels(pool: models.NodePool) -> str:
    template = pool["template"]
    labels = template["metadata"]["labels"] if template else {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _taints(pool: models.NodePool) -> str:
    template = pool["template"]
    taints = template["spec"]["taints"] if template else []
    return ",".join(f"{taint['key']}={taint['value']}:{taint['effect']}" for taint in taints)
