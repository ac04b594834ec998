"""R of a row, lent to the other party."""

from collections.abc import Mapping
from typing import cast

from steward.client import agreements, connection, routes


def every(link: connection.Connection, project: str, *, ended: bool = False) -> list[agreements.Delegation]:
    query = {"ended": "true"} if ended else None
    return cast(list[agreements.Delegation], link.call("GET", _path(project), query=query))


def grant(link: connection.Connection, project: str, wish: Mapping[str, object]) -> agreements.Delegation:
    return cast(agreements.Delegation, link.call("POST", _path(project), wish))


def revoke(link: connection.Connection, project: str, delegation: str) -> None:
    link.call("DELETE", _path(project, delegation))


def _path(project: str, *parts: str) -> str:
    return routes.native_project(project, "delegations", *parts)
