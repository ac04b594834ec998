"""What named persons state, and the lists of who has access that they look through. No project: of all clusters."""

from collections.abc import Mapping
from typing import TypedDict, cast

from steward.client import connection, routes


class Attestation(TypedDict):
    id: str
    activity: str
    subject: str
    party: str
    person: str
    review: str
    document: str
    madeAt: str
    until: str
    withdrawnAt: str | None
    statement: str
    holds: bool


class Review(TypedDict):
    """`items` are what is to be looked at; `digest` binds them."""

    review: str
    activity: str
    about: str
    items: list[dict[str, object]]
    digest: str
    dueAt: str | None
    overdue: bool


def make(link: connection.Connection, project: str, wish: Mapping[str, object]) -> Attestation:
    return cast(Attestation, link.call("POST", _path(project, "attestations"), wish))


def every(link: connection.Connection, project: str) -> list[Attestation]:
    return cast(list[Attestation], link.call("GET", _path(project, "attestations")))


def withdraw(link: connection.Connection, project: str, attestation: str) -> None:
    link.call("DELETE", _path(project, "attestations", attestation))


def review(link: connection.Connection, project: str, name: str, cluster: str = "") -> Review:
    query = {"cluster": cluster} if cluster else None
    return cast(Review, link.call("GET", _path(project, "reviews", name), query=query))


def reviewed(link: connection.Connection, project: str, name: str, wish: Mapping[str, object]) -> Attestation:
    return cast(Attestation, link.call("POST", _path(project, "reviews", name), wish))


def _path(project: str, *parts: str) -> str:
    return routes.native_project(project, *parts) if project else routes.native(*parts)
