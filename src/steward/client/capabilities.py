"""What can be ordered: regions and flavors."""

from typing import cast

from steward.client import connection, models, routes


def regions(link: connection.Connection, project: str) -> list[str]:
    return cast(list[str], link.call("GET", routes.capabilities(project, "regions")))


def flavors(link: connection.Connection, project: str, *, region: str = "") -> list[models.Flavor]:
    query = {"region": region} if region else None
    return cast(list[models.Flavor], link.call("GET", routes.capabilities(project, "flavors"), query=query))
