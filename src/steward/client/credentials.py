"""Credentials of a project's customer, given and taken by the provider."""

from typing import cast
from urllib.parse import quote

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str) -> list[models.Credential]:
    return cast(list[models.Credential], link.call("GET", routes.native_project(project, "credentials")))


def create(link: connection.Connection, project: str, *, description: str = "") -> models.NewCredential:
    body = {"description": description} if description else {}
    return cast(models.NewCredential, link.call("POST", routes.native_project(project, "credentials"), body))


def revoke(link: connection.Connection, project: str, credential: str) -> None:
    link.call("DELETE", routes.native_project(project, "credentials", credential))


def validate(link: connection.Connection, credential: str, *, account: str) -> None:
    """Ties a consumer key that somebody asked for through /auth/credential to an account."""
    link.call("POST", f"/native/credentials/{quote(credential, safe='')}/validate", {"account": account})
