"""Private networks of a project."""

from collections.abc import Mapping
from typing import cast

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str) -> list[models.PrivateNetwork]:
    return cast(list[models.PrivateNetwork], link.call("GET", routes.private_network(project)))


def get(link: connection.Connection, project: str, network: str) -> models.PrivateNetwork:
    return cast(models.PrivateNetwork, link.call("GET", routes.private_network(project, network)))


def create(link: connection.Connection, project: str, body: Mapping[str, object]) -> models.PrivateNetwork:
    return cast(models.PrivateNetwork, link.call("POST", routes.private_network(project), body))


def rename(link: connection.Connection, project: str, network: str, name: str) -> None:
    link.call("PUT", routes.private_network(project, network), {"name": name})


def delete(link: connection.Connection, project: str, network: str) -> None:
    link.call("DELETE", routes.private_network(project, network))
