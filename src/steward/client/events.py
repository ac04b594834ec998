"""What happened to a cluster."""

from typing import cast

from steward.client import connection, models, routes


def after(
    link: connection.Connection, project: str, cluster: str, *, last: int = 0, limit: int = 100
) -> list[models.Event]:
    """Rising by id, those later than `last`; they outlive the cluster."""
    path = routes.native_project(project, "kube", cluster, "events")
    return cast(list[models.Event], link.call("GET", path, query={"after": last, "limit": limit}))
