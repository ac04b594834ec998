"""Outages of a cluster's API server, and its availability."""

from typing import cast

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str, cluster: str) -> list[models.Outage]:
    return cast(list[models.Outage], link.call("GET", _kube(project, cluster, "outages")))


def get(link: connection.Connection, project: str, cluster: str, outage: str) -> models.Outage:
    return cast(models.Outage, link.call("GET", _kube(project, cluster, "outages", outage)))


def act(
    link: connection.Connection, project: str, cluster: str, outage: str, verb: str, body: dict[str, object]
) -> models.Outage:
    """`verb` is dispute or settle."""
    return cast(models.Outage, link.call("POST", _kube(project, cluster, "outages", outage, verb), body))


def availability(link: connection.Connection, project: str, cluster: str, *, month: str = "") -> models.Availability:
    query = {"month": month} if month else None
    return cast(models.Availability, link.call("GET", _kube(project, cluster, "availability"), query=query))


def rules(link: connection.Connection) -> list[models.AttributionRule]:
    return cast(list[models.AttributionRule], link.call("GET", "/native/attribution"))


def _kube(project: str, cluster: str, *parts: str) -> str:
    return routes.native_project(project, "kube", cluster, *parts)
