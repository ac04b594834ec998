"""What a project may have, and asking for more."""

from collections.abc import Mapping
from typing import TypedDict, cast

from steward.client import connection, routes


class Amount(TypedDict):
    limit: int
    used: int
    default: int


class Quota(TypedDict):
    quotas: dict[str, Amount]
    nodesOfACluster: dict[str, int]
    nodesOfAnAntiAffinityPool: int


class Request(TypedDict):
    id: str
    project: str
    wanted: dict[str, int]
    reason: str
    status: str
    requestedBy: str
    requestedAt: str
    dueAt: str
    decidedBy: str
    decidedAt: str | None
    decision: str


def show(link: connection.Connection, project: str) -> Quota:
    return cast(Quota, link.call("GET", routes.native_project(project, "quota")))


def requests(link: connection.Connection, project: str) -> list[Request]:
    return cast(list[Request], link.call("GET", routes.native_project(project, "quota", "requests")))


def waiting(link: connection.Connection) -> list[Request]:
    """Of every customer, for the provider."""
    return cast(list[Request], link.call("GET", routes.native("quota", "requests")))


def ask(link: connection.Connection, project: str, wanted: Mapping[str, int], reason: str) -> Request:
    body = {"wanted": dict(wanted), "reason": reason}
    return cast(Request, link.call("POST", routes.native_project(project, "quota", "requests"), body))


def act(
    link: connection.Connection, project: str, request: str, verb: str, body: Mapping[str, object] | None = None
) -> Request:
    """`withdraw`, `grant` or `refuse`."""
    path = routes.native_project(project, "quota", "requests", request, verb)
    return cast(Request, link.call("POST", path, body))
