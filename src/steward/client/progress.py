"""How far the long work on a cluster is."""

from typing import cast

from steward.client import connection, models, routes


def of_cluster(link: connection.Connection, project: str, cluster: str) -> list[models.Progress]:
    """The last flow of the cluster, of each of its pools and of each of its nodes."""
    path = routes.native_project(project, "kube", cluster, "progress")
    return cast(list[models.Progress], link.call("GET", path))
