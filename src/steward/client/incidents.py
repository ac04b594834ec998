"""Incidents: those that concern a project, and all of them for the provider."""

from typing import cast

from steward.client import connection, models, routes

ALL = "/native/incidents"


def of_project(link: connection.Connection, project: str) -> list[models.Incident]:
    return cast(list[models.Incident], link.call("GET", routes.native_project(project, "incidents")))


def every(link: connection.Connection, *, resolved: bool = False) -> list[models.Incident]:
    query = {"resolved": "true"} if resolved else None
    return cast(list[models.Incident], link.call("GET", ALL, query=query))


def get(link: connection.Connection, incident: str) -> models.Incident:
    return cast(models.Incident, link.call("GET", routes.native_incident(incident)))


def open_(link: connection.Connection, opening: dict[str, object]) -> models.Incident:
    return cast(models.Incident, link.call("POST", ALL, opening))


def act(link: connection.Connection, incident: str, verb: str, body: dict[str, object]) -> models.Incident:
    """`verb` is updates or resolve."""
    return cast(models.Incident, link.call("POST", routes.native_incident(incident, verb), body))
