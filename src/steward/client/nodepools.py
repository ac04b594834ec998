"""Node pools of a cluster."""

from collections.abc import Mapping
from typing import cast

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str, cluster: str) -> list[models.NodePool]:
    return cast(list[models.NodePool], link.call("GET", routes.kube(project, cluster, "nodepool")))


def get(link: connection.Connection, project: str, cluster: str, pool: str) -> models.NodePool:
    return cast(models.NodePool, link.call("GET", routes.kube(project, cluster, "nodepool", pool)))


def create(link: connection.Connection, project: str, cluster: str, body: Mapping[str, object]) -> models.NodePool:
    return cast(models.NodePool, link.call("POST", routes.kube(project, cluster, "nodepool"), body))


def edit(link: connection.Connection, project: str, cluster: str, pool: str, body: Mapping[str, object]) -> None:
    link.call("PUT", routes.kube(project, cluster, "nodepool", pool), body)


def delete(link: connection.Connection, project: str, cluster: str, pool: str) -> None:
    link.call("DELETE", routes.kube(project, cluster, "nodepool", pool))
