"""Subnets of a private network."""

from collections.abc import Mapping
from typing import cast

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str, network: str) -> list[models.Subnet]:
    return cast(list[models.Subnet], link.call("GET", _route(project, network)))


def create(link: connection.Connection, project: str, network: str, body: Mapping[str, object]) -> models.Subnet:
    return cast(models.Subnet, link.call("POST", _route(project, network), body))


def delete(link: connection.Connection, project: str, network: str, subnet: str) -> None:
    link.call("DELETE", _route(project, network, subnet))


def _route(project: str, network: str, *parts: str) -> str:
    return routes.private_network(project, network, "subnet", *parts)
