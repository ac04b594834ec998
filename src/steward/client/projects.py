"""Projects: the customer's through OVHcloud's routes, the provider's through ours."""

from typing import cast

from steward.client import connection, models, routes


def of_customer(link: connection.Connection) -> list[models.CloudProject]:
    found = cast(list[str], link.call("GET", "/cloud/project"))
    return [get_of_customer(link, project) for project in found]


def get_of_customer(link: connection.Connection, project: str) -> models.CloudProject:
    return cast(models.CloudProject, link.call("GET", routes.project(project)))


def every(link: connection.Connection) -> list[models.Project]:
    return cast(list[models.Project], link.call("GET", "/native/projects"))


def get(link: connection.Connection, project: str) -> models.Project:
    return cast(models.Project, link.call("GET", routes.native_project(project)))


def create(link: connection.Connection, *, account: str, description: str = "") -> models.Project:
    body = {"account": account} | ({"description": description} if description else {})
    return cast(models.Project, link.call("POST", "/native/projects", body))
