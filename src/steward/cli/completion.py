"""Live names for the shell's Tab key.

A completion that fails is silence: whatever goes wrong, nothing is offered and nothing is printed.
"""

from collections.abc import Callable, Iterator

import typer

from steward.cli import session as session_

Offers = list[tuple[str, str]]
Source = Callable[[session_.Session, typer.Context], Iterator[tuple[str, str]]]


def _quiet(source: Source) -> Callable[[typer.Context, str], Offers]:
    def complete(ctx: typer.Context, incomplete: str) -> Offers:
        try:
            offers = source(session_.of(ctx), ctx)
            return [(name, hint) for name, hint in offers if name.startswith(incomplete)]
        except Exception:
            return []

    return complete


def _clusters(session: session_.Session, context: typer.Context) -> Iterator[tuple[str, str]]:
    from steward.client import clusters

    for cluster in clusters.every(session.link(), session.project):
        yield cluster["name"], f"{cluster['status']} {cluster['id']}"


def _pools(session: session_.Session, context: typer.Context) -> Iterator[tuple[str, str]]:
    from steward.client import nodepools

    for pool in nodepools.every(session.link(), session.project, _cluster_id(session, context)):
        yield pool["name"], f"{pool['status']} {pool['flavor']}"


def _nodes(session: session_.Session, context: typer.Context) -> Iterator[tuple[str, str]]:
    from steward.client import nodes

    for node in nodes.every(session.link(), session.project, _cluster_id(session, context)):
        yield node["name"], f"{node['status']} {node['flavor']}"


def _private_networks(session: session_.Session, context: typer.Context) -> Iterator[tuple[str, str]]:
    from steward.client import private_networks

    for network in private_networks.every(session.link(), session.project):
        yield network["name"], f"{network['status']} {network['id']}"


def _regions(session: session_.Session, context: typer.Context) -> Iterator[tuple[str, str]]:
    from steward.client import capabilities

    for region in capabilities.regions(session.link(), session.project):
        yield region, ""


def _flavors(session: session_.Session, context: typer.Context) -> Iterator[tuple[str, str]]:
    from steward.client import capabilities

    for flavor in capabilities.flavors(session.link(), session.project):
        yield flavor["name"], f"{flavor['vCPUs']} vCPU, {flavor['ram']} GB"


def _cluster_id(session: session_.Session, context: typer.Context) -> str:
    from steward.cli import naming

    return naming.cluster(session, str(context.params["cluster"]))["id"]


clusters = _quiet(_clusters)
pools = _quiet(_pools)
nodes = _quiet(_nodes)
private_networks = _quiet(_private_networks)
regions = _quiet(_regions)
flavors = _quiet(_flavors)
