"""Clusters of a project."""

from collections.abc import Mapping
from typing import cast

from steward.client import connection, errors, models, routes


def identifiers(link: connection.Connection, project: str) -> list[str]:
    return cast(list[str], link.call("GET", routes.kube(project)))


def every(link: connection.Connection, project: str) -> list[models.Cluster]:
    """Oldest first. One that went away since its id was read is left out."""
    found = []
    for cluster in identifiers(link, project):
        try:
            found.append(get(link, project, cluster))
        except errors.ApiError as error:
            if not error.not_found:
                raise
    return sorted(found, key=lambda cluster: cluster["createdAt"])


def get(link: connection.Connection, project: str, cluster: str) -> models.Cluster:
    return cast(models.Cluster, link.call("GET", routes.kube(project, cluster)))


def create(link: connection.Connection, project: str, body: Mapping[str, object]) -> models.Cluster:
    return cast(models.Cluster, link.call("POST", routes.kube(project), body))


def rename(link: connection.Connection, project: str, cluster: str, name: str) -> None:
    link.call("PUT", routes.kube(project, cluster), {"name": name})


def restart(link: connection.Connection, project: str, cluster: str, *, force: bool) -> None:
    link.call("POST", routes.kube(project, cluster, "restart"), {"force": force})


def delete(link: connection.Connection, project: str, cluster: str) -> None:
    link.call("DELETE", routes.kube(project, cluster))


def kubeconfig(link: connection.Connection, project: str, cluster: str) -> str:
    answer = link.call("POST", routes.kube(project, cluster, "kubeconfig"))
    return cast(models.Kubeconfig, answer)["content"]


def reset_kubeconfig(link: connection.Connection, project: str, cluster: str) -> None:
    link.call("POST", routes.kube(project, cluster, "kubeconfig", "reset"))


def update(link: connection.Connection, project: str, cluster: str, strategy: str) -> None:
    link.call("POST", routes.kube(project, cluster, "update"), {"strategy": strategy})


def reset(link: connection.Connection, project: str, cluster: str, body: Mapping[str, object]) -> None:
    link.call("POST", routes.kube(project, cluster, "reset"), body)
