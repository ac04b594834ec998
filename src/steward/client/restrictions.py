"""Who may reach a cluster's API, by source address."""

from collections.abc import Sequence
from typing import cast

from steward.client import connection, routes


def every(link: connection.Connection, project: str, cluster: str) -> list[str]:
    return cast(list[str], link.call("GET", _route(project, cluster)))


def append(link: connection.Connection, project: str, cluster: str, blocks: Sequence[str]) -> list[str]:
    return cast(list[str], link.call("POST", _route(project, cluster), {"ips": list(blocks)}))


def replace(link: connection.Connection, project: str, cluster: str, blocks: Sequence[str]) -> list[str]:
    return cast(list[str], link.call("PUT", _route(project, cluster), {"ips": list(blocks)}))


def remove(link: connection.Connection, project: str, cluster: str, block: str) -> None:
    link.call("DELETE", _route(project, cluster, block))


def _route(project: str, cluster: str, *parts: str) -> str:
    return routes.kube(project, cluster, "ipRestrictions", *parts)
