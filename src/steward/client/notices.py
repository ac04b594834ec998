"""The inbox, and the webhooks of a project."""

from typing import Any, NotRequired, TypedDict, cast

from steward.client import connection, routes


class Arrival(TypedDict):
    channel: str
    receivedAt: str


class Notice(TypedDict):
    id: str
    type: str
    activity: str
    projectId: str | None
    clusterId: str | None
    subject: str
    severity: str
    title: str
    text: str
    facts: dict[str, str]
    createdAt: str
    dueAt: str
    seenAt: NotRequired[str | None]
    receipt: NotRequired[Arrival | None]


class Inbox(TypedDict):
    notices: list[Notice]
    unseen: int
    before: str


class Webhook(TypedDict):
    id: str
    url: str
    least: str
    digest: bool
    checkpoints: bool
    createdAt: str
    rotatedAt: str | None
    secret: NotRequired[str]


class Tried(TypedDict):
    arrived: bool
    answer: str


def inbox(
    link: connection.Connection, project: str = "", *, limit: int = 50, before: str = "", unseen: bool = False
) -> Inbox:
    """Of one project, or without one of all that the caller may see."""
    query: dict[str, Any] = {"limit": limit} | ({"before": before} if before else {})
    query |= {"unseen": "true"} if unseen else {}
    return cast(Inbox, link.call("GET", _notices(project), query=query))


def seen(link: connection.Connection, notice: str, project: str = "") -> Notice:
    return cast(Notice, link.call("POST", _notices(project, notice, "seen")))


def webhooks(link: connection.Connection, project: str) -> list[Webhook]:
    return cast(list[Webhook], link.call("GET", routes.native_project(project, "webhooks")))


def add_webhook(link: connection.Connection, project: str, wanted: dict[str, Any]) -> Webhook:
    return cast(Webhook, link.call("POST", routes.native_project(project, "webhooks"), wanted))


def rotate_webhook(link: connection.Connection, project: str, webhook: str) -> Webhook:
    return cast(Webhook, link.call("POST", routes.native_project(project, "webhooks", webhook, "rotate")))


def test_webhook(link: connection.Connection, project: str, webhook: str) -> Tried:
    return cast(Tried, link.call("POST", routes.native_project(project, "webhooks", webhook, "test")))


def remove_webhook(link: connection.Connection, project: str, webhook: str) -> None:
    link.call("DELETE", routes.native_project(project, "webhooks", webhook))


def _notices(project: str, *parts: str) -> str:
    return routes.native_project(project, "notices", *parts) if project else routes.native_notices(*parts)
