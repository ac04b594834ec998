"""Work on networks and gateways, by the id that its order was answered with."""

from typing import cast

from steward.client import connection, models, routes


def get(link: connection.Connection, project: str, operation: str) -> models.Operation:
    return cast(models.Operation, link.call("GET", routes.cloud_operation(project, operation)))
