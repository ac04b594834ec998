"""The identity provider that people log in to a cluster with."""

from collections.abc import Mapping
from typing import Any, cast

from steward.client import connection, errors, routes


def get(link: connection.Connection, project: str, cluster: str) -> dict[str, Any] | None:
    """None where the cluster has none."""
    try:
        return cast(dict[str, Any], link.call("GET", _route(project, cluster)))
    except errors.ApiError as error:
        if error.not_found:
            return None
        raise


def create(link: connection.Connection, project: str, cluster: str, body: Mapping[str, object]) -> None:
    link.call("POST", _route(project, cluster), body)


def change(link: connection.Connection, project: str, cluster: str, body: Mapping[str, object]) -> None:
    link.call("PUT", _route(project, cluster), body)


def remove(link: connection.Connection, project: str, cluster: str) -> None:
    link.call("DELETE", _route(project, cluster))


def _route(project: str, cluster: str) -> str:
    return routes.kube(project, cluster, "openIdConnect")
