"""Tickets of a project, and of everybody for the provider."""

from typing import cast

from steward.client import connection, models, routes


def open_(link: connection.Connection, project: str, report: dict[str, object]) -> models.Ticket:
    return cast(models.Ticket, link.call("POST", routes.native_project(project, "tickets"), report))


def every(link: connection.Connection, project: str, *, cluster: str = "") -> list[models.Ticket]:
    query = {"cluster": cluster} if cluster else None
    return cast(list[models.Ticket], link.call("GET", routes.native_project(project, "tickets"), query=query))


def of_everybody(link: connection.Connection, *, unanswered: bool = False) -> list[models.Ticket]:
    query = {"unanswered": "true"} if unanswered else None
    return cast(list[models.Ticket], link.call("GET", "/native/tickets", query=query))


def get(link: connection.Connection, project: str, ticket: str) -> models.Ticket:
    return cast(models.Ticket, link.call("GET", routes.native_project(project, "tickets", ticket)))


def act(
    link: connection.Connection, project: str, ticket: str, verb: str, body: dict[str, object] | None = None
) -> models.Ticket:
    """`verb` is messages, acknowledge, close or incident."""
    return cast(models.Ticket, link.call("POST", routes.native_project(project, "tickets", ticket, verb), body))
