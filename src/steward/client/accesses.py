"""Break-glass: people of the provider in a customer's cluster."""

from typing import cast

from steward.client import connection, models, routes


def request(link: connection.Connection, project: str, cluster: str, wanted: dict[str, object]) -> models.Access:
    path = routes.native_project(project, "kube", cluster, "accesses")
    return cast(models.Access, link.call("POST", path, wanted))


def every(link: connection.Connection, project: str, *, cluster: str = "") -> list[models.Access]:
    query = {"cluster": cluster} if cluster else None
    return cast(list[models.Access], link.call("GET", routes.native_project(project, "accesses"), query=query))


def get(link: connection.Connection, project: str, access: str) -> models.Access:
    return cast(models.Access, link.call("GET", routes.native_project(project, "accesses", access)))


def act(
    link: connection.Connection, project: str, access: str, verb: str, body: dict[str, object] | None = None
) -> models.Access:
    """`verb` is approve, deny, end or review."""
    return cast(models.Access, link.call("POST", routes.native_project(project, "accesses", access, verb), body))


def kubeconfig(link: connection.Connection, project: str, access: str) -> str:
    """Once."""
    found = link.call("POST", routes.native_project(project, "accesses", access, "kubeconfig"))
    return cast(models.Kubeconfig, found)["content"]
