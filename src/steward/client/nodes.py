"""Nodes of a cluster."""

from typing import cast

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str, cluster: str, *, history: bool = False) -> list[models.Node]:
    """With `history` the deleted ones instead, latest first."""
    query = {"history": "true"} if history else None
    return cast(list[models.Node], link.call("GET", routes.kube(project, cluster, "node"), query=query))


def get(link: connection.Connection, project: str, cluster: str, node: str) -> models.Node:
    return cast(models.Node, link.call("GET", routes.kube(project, cluster, "node", node)))


def delete(link: connection.Connection, project: str, cluster: str, node: str) -> None:
    """The pool's desired size falls by one."""
    link.call("DELETE", routes.kube(project, cluster, "node", node))
