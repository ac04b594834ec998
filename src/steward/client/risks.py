"""The provider's register of risks."""

from collections.abc import Mapping
from typing import TypedDict, cast

from steward.client import connection, routes


class Risk(TypedDict):
    id: str
    title: str
    description: str
    owner: str
    treatment: str
    reviewBy: str
    vulnerability: str
    acceptedBy: str
    acceptedUntil: str | None
    createdAt: str
    closedAt: str | None


def every(link: connection.Connection, *, closed: bool = False) -> list[Risk]:
    query = {"closed": "true"} if closed else None
    return cast(list[Risk], link.call("GET", routes.native("risks"), query=query))


def add(link: connection.Connection, wish: Mapping[str, object]) -> Risk:
    return cast(Risk, link.call("POST", routes.native("risks"), wish))


def change(link: connection.Connection, risk: str, wish: Mapping[str, object]) -> Risk:
    return cast(Risk, link.call("PUT", routes.native("risks", risk), wish))


def accept(link: connection.Connection, risk: str, until: str) -> Risk:
    return cast(Risk, link.call("POST", routes.native("risks", risk, "accept"), {"until": until}))


def close(link: connection.Connection, risk: str) -> None:
    link.call("DELETE", routes.native("risks", risk))
