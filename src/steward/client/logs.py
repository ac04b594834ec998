"""Logs of clusters: streams that they go to, subscriptions, and links under which one is read."""

from collections.abc import Callable
from typing import TypedDict, cast

from steward.client import connection, routes


class Stream(TypedDict):
    id: str
    title: str
    url: str | None
    authority: str | None
    header: str | None
    hasToken: bool
    createdAt: str
    updatedAt: str


class Subscription(TypedDict):
    id: str
    kind: str
    streamId: str
    takenUpAt: str | None
    handedOver: int
    lastAt: str | None
    failingSince: str | None
    lastError: str
    createdAt: str


class Begun(TypedDict):
    operationId: str
    serviceName: str


class Link(TypedDict):
    url: str
    expirationDate: str


class Tried(TypedDict):
    arrived: bool
    answer: str


def streams(link: connection.Connection) -> list[Stream]:
    return cast(list[Stream], link.call("GET", routes.native("logs", "streams")))


def make_stream(link: connection.Connection, title: str, destination: dict[str, object]) -> Stream:
    """With where it goes."""
    (service,) = cast(list[str], link.call("GET", "/dbaas/logs"))
    path = routes.log_service(service, "output", "graylog", "stream")
    made = cast(dict[str, str], link.call("POST", path, {"title": title, "description": ""}))
    path = routes.native("logs", "streams", made["streamId"], "destination")
    return cast(Stream, link.call("PUT", path, destination))


def test_stream(link: connection.Connection, stream: str) -> Tried:
    return cast(Tried, link.call("POST", routes.native("logs", "streams", stream, "test")))


def remove_stream(link: connection.Connection, stream: str) -> None:
    (service,) = cast(list[str], link.call("GET", "/dbaas/logs"))
    link.call("DELETE", routes.log_service(service, "output", "graylog", "stream", stream))


def subscriptions(link: connection.Connection, project: str, cluster: str) -> list[Subscription]:
    path = routes.native_project(project, "kube", cluster, "logs", "subscriptions")
    return cast(list[Subscription], link.call("GET", path))


def subscribe(link: connection.Connection, project: str, cluster: str, stream: str) -> Begun:
    path = routes.kube(project, cluster, "log", "subscription")
    return cast(Begun, link.call("POST", path, {"kind": "audit", "streamId": stream}))


def unsubscribe(link: connection.Connection, project: str, cluster: str, subscription: str) -> Begun:
    return cast(Begun, link.call("DELETE", routes.kube(project, cluster, "log", "subscription", subscription)))


def made_link(link: connection.Connection, project: str, cluster: str) -> Link:
    return cast(Link, link.call("POST", routes.kube(project, cluster, "log", "url"), {"kind": "audit"}))


def tail(link: connection.Connection, url: str, write: Callable[[str], object]) -> None:
    """Each line as it comes, until the link ends."""
    held = b""

    def piece(data: bytes) -> None:
        nonlocal held
        *lines, held = (held + data).split(b"\n")
        for line in lines:
            if line:
                write(line.decode("utf-8", "replace"))

    link.download(url[url.index("/native/") :], piece)
