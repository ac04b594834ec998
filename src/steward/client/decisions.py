"""Why something was refused, and what would be decided."""

from collections.abc import Mapping
from typing import cast

from steward.client import agreements, connection, routes


def get(link: connection.Connection, decision: str) -> agreements.Decision:
    return cast(agreements.Decision, link.call("GET", routes.native("decisions", decision)))


def would(link: connection.Connection, query: Mapping[str, str | int]) -> agreements.Decision:
    return cast(agreements.Decision, link.call("GET", routes.native("decisions"), query=dict(query)))


def refused(link: connection.Connection, project: str) -> list[agreements.Decision]:
    """The latest of a project, oldest first."""
    return cast(list[agreements.Decision], link.call("GET", routes.native("decisions"), query={"project": project}))
