"""Versions of the contract, and what a project accepted of them."""

from typing import cast

from steward.client import agreements, connection, routes


def get(link: connection.Connection, version: str) -> agreements.WholeEdition:
    return cast(agreements.WholeEdition, link.call("GET", routes.native("contracts", version)))


def diff(link: connection.Connection, old: str, new: str) -> agreements.EditionDiff:
    path = routes.native("contracts", new, "diff")
    return cast(agreements.EditionDiff, link.call("GET", path, query={"since": old}))


def of_project(link: connection.Connection, project: str) -> agreements.Contract:
    return cast(agreements.Contract, link.call("GET", routes.native_project(project, "contract")))


def accept(
    link: connection.Connection, project: str, *, version: str, digest: str, cluster: str = ""
) -> agreements.Acceptance:
    """For the project's orders from now on, or for one cluster that stands."""
    parts = ("kube", cluster, "contract") if cluster else ("contract",)
    body = {"version": version, "digest": digest}
    return cast(agreements.Acceptance, link.call("POST", routes.native_project(project, *parts), body))
