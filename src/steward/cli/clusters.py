"""`steward cluster`: order, look at, rename and delete clusters, and get the way into them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from steward.cli import cluster_changes, confirmation, naming, options, orders, output, restrictions, waiting
from steward.cli import session as session_
from steward.client import clusters, models, nodepools

app = typer.Typer(help="Kubernetes clusters: order, look at, enter, delete.", no_args_is_help=True)
app.command()(cluster_changes.restart)
app.command()(cluster_changes.customization)
app.add_typer(cluster_changes.oidc, name="oidc")
app.add_typer(restrictions.app, name="restrictions")

COLUMNS: list[output.Column[models.Cluster]] = [
    output.Column(title="NAME", value=lambda row: row["name"]),
    output.Column(title="ID", value=lambda row: row["id"]),
    output.Column(title="STATUS", value=lambda row: row["status"], status=True),
    output.Column(title="VERSION", value=lambda row: row["version"]),
    output.Column(title="REGION", value=lambda row: row["region"]),
    output.Column(title="PLAN", value=lambda row: row.get("plan")),
    output.Column(title="PROXY", value=lambda row: row.get("kubeProxyMode"), wide=True),
    output.Column(title="UPDATES", value=lambda row: row.get("updatePolicy"), wide=True),
    output.Column(title="NEXT", value=lambda row: row.get("nextUpgradeVersions"), wide=True),
    output.Column(title="NETWORK", value=lambda row: row.get("privateNetworkId"), wide=True),
    output.Column(title="API", value=lambda row: row.get("url"), wide=True),
    output.Column(title="CREATED", value=lambda row: row["createdAt"]),
]


PrivateRouting = Annotated[
    bool, typer.Option("--private-routing", help="Nodes reach the outside by the private network's gateway.")
]


class Document(StrEnum):
    YAML = "yaml"
    JSON = "json"


@app.command("list")
def list_(ctx: typer.Context, form: options.Output = output.Format.TABLE) -> None:
    """List the clusters of the project."""
    session = session_.of(ctx)
    found = clusters.every(session.link(), session.project)
    nothing = "No clusters yet. Order one: steward cluster create"
    output.listing(session.terminal, form, found, COLUMNS, name="id", nothing=nothing)


@app.command()
def show(ctx: typer.Context, cluster: options.Cluster, form: options.Output = output.Format.TABLE) -> None:
    """Show one cluster, all its fields."""
    session = session_.of(ctx)
    output.single(session.terminal, form, naming.cluster(session, cluster), COLUMNS, name="id")


@app.command()
def create(  # noqa: PLR0913 - every option is a field of the order
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="Name of the cluster; the service invents one where none is given.")] = "",
    region: options.Region = "",
    version: Annotated[
        str, typer.Option(help="Version of Kubernetes: 1.36 for its newest patch, or 1.36.1. Default: the newest.")
    ] = "",
    plan: Annotated[str, typer.Option(help="free or standard.")] = "",
    update_policy: Annotated[
        str, typer.Option(help="ALWAYS_UPDATE, MINIMAL_DOWNTIME or NEVER_UPDATE.", show_default=False)
    ] = "",
    kube_proxy_mode: Annotated[str, typer.Option(help="iptables or ipvs.")] = "",
    flavor: options.Flavor = "",
    nodes: Annotated[int | None, typer.Option(min=0, help="Nodes of the first pool; needs --flavor.")] = None,
    pool_name: Annotated[str, typer.Option(help="Name of the first pool; needs --flavor.")] = "",
    network: options.Network = "",
    subnet: Annotated[str, typer.Option(help="Subnet of nodes, its range or id. Default: the network's first.")] = "",
    private_routing: PrivateRouting = False,
    default_gateway: Annotated[str, typer.Option(help="Address of a gateway of your own on the private network.")] = "",
    file: Annotated[
        str, typer.Option("--file", "-f", help="YAML or JSON of the order, - for standard input; options win over it.")
    ] = "",
    wait: options.Wait = False,
    timeout: options.Timeout = "30m",
    save_kubeconfig: Annotated[
        bool, typer.Option("--save-kubeconfig", help="Merge its kubeconfig when it is ready; includes --wait.")
    ] = False,
    form: options.Output = output.Format.TABLE,
) -> None:
    """Order a cluster, and with --flavor its first node pool."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    order = orders.cluster(
        session,
        file,
        {
            "name": name,
            "region": region,
            "version": version,
            "plan": plan,
            "updatePolicy": update_policy,
            "kubeProxyMode": kube_proxy_mode,
        },
        orders.first_pool(flavor=flavor, nodes=nodes, name=pool_name),
    )
    order |= orders.on_network(
        session, order, network=network, subnet=subnet, routing=private_routing, gateway=default_gateway
    )
    made = clusters.create(session.link(), session.project, order)
    if wait or save_kubeconfig:
        made = _until_ready(session, made, seconds)
    if save_kubeconfig:
        _merge(session, made)
    output.single(session.terminal, form, made, COLUMNS, name="id")
    if not (wait or save_kubeconfig):
        session.terminal.say(f"Ordered. To watch: steward progress {made['id']} --follow")


@app.command()
def rename(
    ctx: typer.Context,
    cluster: options.Cluster,
    name: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Give a cluster another name."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    clusters.rename(session.link(), session.project, found["id"], name)
    session.terminal.say(f"Cluster {found['name']} is now {name}.")


@app.command()
def update(
    ctx: typer.Context,
    cluster: options.Cluster,
    next_minor: Annotated[
        bool, typer.Option("--next-minor", help="To the next minor version; else to the latest patch.")
    ] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "60m",
) -> None:
    """Update a cluster's Kubernetes: the control plane first, then the nodes, one by one. There is no way back."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    found = naming.cluster(session, cluster)
    clusters.update(session.link(), session.project, found["id"], "NEXT_MINOR" if next_minor else "LATEST_PATCH")
    if not wait:
        session.terminal.say(f"Cluster {found['name']} is being updated.")
        return
    now = _until_ready(session, found, seconds, from_start=False)
    session.terminal.say(f"Cluster {found['name']} has Kubernetes {now['version']}.")


@app.command()
def reset(
    ctx: typer.Context,
    cluster: options.Cluster,
    reinstall: Annotated[
        bool, typer.Option("--reinstall", help="Keep the nodes, wiped and installed again; else they are deleted.")
    ] = False,
    yes: options.Yes = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "60m",
) -> None:
    """Wipe a cluster and make it anew, with its id and its node pools. Settings go back to their defaults."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    found = naming.cluster(session, cluster)
    what = f"Everything that is stored in cluster {found['name']} ({found['id']}) will be gone for good."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    body = {"workerNodesPolicy": "reinstall" if reinstall else "delete"}
    clusters.reset(session.link(), session.project, found["id"], body)
    if not wait:
        session.terminal.say(f"Cluster {found['name']} is being reset.")
        return
    _until_ready(session, found, seconds, from_start=False)
    session.terminal.say(f"Cluster {found['name']} is empty and ready.")


@app.command()
def reset_kubeconfig(ctx: typer.Context, cluster: options.Cluster, yes: options.Yes = False) -> None:
    """Have new keys made: every kubeconfig so far is refused, and the nodes are reinstalled one by one."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    what = f"Every kubeconfig of cluster {found['name']} will be refused, and its nodes are reinstalled one by one."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    clusters.reset_kubeconfig(session.link(), session.project, found["id"])
    session.terminal.say(f"Cluster {found['name']} gets new keys. To watch: steward progress {found['id']} --follow")


@app.command()
def kubeconfig(
    ctx: typer.Context,
    cluster: options.Cluster,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge into the first file of KUBECONFIG, or ~/.kube/config.")
    ] = False,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Write to this file, readable by you only.")] = None,
    form: Annotated[Document, typer.Option("--output", "-o", help="Form of what is printed.")] = Document.YAML,
) -> None:
    """Print a cluster's kubeconfig, write it to a file, or merge it into yours."""
    session = session_.of(ctx)
    found = naming.cluster(session, cluster)
    if merge:
        _merge(session, found, into=file)
        return
    content = clusters.kubeconfig(session.link(), session.project, found["id"])
    if form is Document.JSON:
        import yaml

        content = output.serialised(output.Format.JSON, yaml.safe_load(content))
    if file is None:
        session.terminal.write(content.rstrip("\n"))
        return
    from steward.cli import kubeconfigs

    kubeconfigs.write(session.terminal.folder / file.expanduser(), content)
    session.terminal.say(f"Written. To use it: export KUBECONFIG={file}")


@app.command()
def delete(
    ctx: typer.Context,
    cluster: options.Cluster,
    yes: options.Yes = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "15m",
) -> None:
    """Delete a cluster with all its nodes and all that is stored in it."""
    session = session_.of(ctx)
    seconds = options.duration(timeout)
    found = naming.cluster(session, cluster)
    what = f"Cluster {found['name']} ({found['id']}), its nodes and everything stored in it will be gone for good."
    confirmation.typed(session.terminal, what=what, name=found["name"], yes=yes)
    link, project = session.link(), session.project
    clusters.delete(link, project, found["id"])
    waiting.being_deleted(
        session,
        found["id"],
        f"cluster {found['name']}",
        lambda: clusters.get(link, project, found["id"])["status"],
        timeout=seconds if wait else None,
    )


def _until_ready(
    session: session_.Session, cluster: models.Cluster, timeout: float, *, from_start: bool = True
) -> models.Cluster:
    link, project, name = session.link(), session.project, cluster["name"]

    def pending(flows: object) -> str | None:
        now = clusters.get(link, project, cluster["id"])
        if waits := waiting.check_status(f"cluster {name}", now["status"]):
            return waits
        checks = (
            waiting.check_status(f"node pool {pool['name']}", pool["status"])
            for pool in nodepools.every(link, project, cluster["id"])
        )
        return next((check for check in checks if check), None)

    waiting.until_pending(session, cluster["id"], pending, timeout=timeout, from_start=from_start)
    return clusters.get(link, project, cluster["id"])


def _merge(session: session_.Session, cluster: models.Cluster, *, into: Path | None = None) -> None:
    # Imported here: reading YAML takes a tenth of the start-up time, and listing needs none of it.
    from steward.cli import kubeconfigs

    content = clusters.kubeconfig(session.link(), session.project, cluster["id"])
    target = session.terminal.folder / into.expanduser() if into else kubeconfigs.own_file(session.terminal)
    merged = kubeconfigs.merge_into(target, content, identifier=cluster["id"], now=session.terminal.wall())
    session.terminal.say(f"{merged.file}: the current context is now {merged.context}.")
    if merged.backup:
        session.terminal.say(f"The file as it was before: {merged.backup}")
