"""What is adapted of a cluster."""

from collections.abc import Mapping
from typing import Any, cast

from steward.client import connection, routes


def get(link: connection.Connection, project: str, cluster: str) -> dict[str, Any]:
    return cast(dict[str, Any], link.call("GET", routes.kube(project, cluster, "customization")))


def change(link: connection.Connection, project: str, cluster: str, body: Mapping[str, object]) -> str:
    """What is told about it."""
    answer = link.call("PUT", routes.kube(project, cluster, "customization"), body)
    return cast(dict[str, str], answer)["message"]
