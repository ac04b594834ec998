"""Credentials of a project's customer: the first handed over by the provider, all others the customer's to manage."""

from typing import cast
from urllib.parse import quote

from steward.client import connection, models, routes


def every(link: connection.Connection, project: str) -> list[models.Credential]:
    return cast(list[models.Credential], link.call("GET", routes.native_project(project, "credentials")))


def create(
    link: connection.Connection, project: str, *, description: str = "", owner: str = ""
) -> models.NewCredential:
    """`owner` is the address of the first one, whom the provider invites along with the hand-over."""
    body: dict[str, object] = {"description": description} if description else {}
    if owner:
        body["owner"] = {"email": owner}
    return cast(models.NewCredential, link.call("POST", routes.native_project(project, "credentials"), body))


def revoke(link: connection.Connection, project: str, credential: str) -> None:
    link.call("DELETE", routes.native_project(project, "credentials", credential))


def decide(link: connection.Connection, credential: str, *, token: str, grant: bool) -> models.Credential:
    """What an application asked for through /auth/credential; number and token are those of its link."""
    verb = "validate" if grant else "refuse"
    path = f"/native/credentials/{quote(credential, safe='')}/{verb}"
    return cast(models.Credential, link.call("POST", path, {"token": token}))
