"""Gateways of subnets. They are made and taken away by operations that are asked for by id."""

from collections.abc import Mapping
from typing import cast

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str, region: str) -> list[models.Gateway]:
    return cast(list[models.Gateway], link.call("GET", routes.region(project, region, "gateway")))


def create(
    link: connection.Connection, project: str, place: models.Presence, subnet: str, body: Mapping[str, object]
) -> models.Operation:
    """`place` is that of the subnet's network in the region."""
    parts = ("network", place["openstackId"], "subnet", subnet, "gateway")
    return cast(models.Operation, link.call("POST", routes.region(project, place["region"], *parts), body))


def delete(link: connection.Connection, project: str, region: str, gateway: str) -> models.Operation:
    return cast(models.Operation, link.call("DELETE", routes.region(project, region, "gateway", gateway)))
