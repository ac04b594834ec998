"""The ledger of a project, or, where none is named, the provider's own."""

from collections.abc import Callable
from typing import TypedDict, cast
from urllib.parse import quote

from steward.client import connection, routes

OWN = "/native/ledger"


class Checkpoint(TypedDict):
    size: int
    root: str
    at: str
    note: str


class Damage(TypedDict):
    foundAt: str
    index: int
    text: str


class Witness(TypedDict):
    webhook: str
    size: int
    takenAt: str | None
    receipt: str
    failedSince: str | None
    lastError: str


class Ledger(TypedDict):
    log: str
    size: int
    checkpoint: Checkpoint | None
    damage: Damage | None
    witnesses: list[Witness]


class Consistency(TypedDict):
    old: int
    size: int
    root: str
    proof: list[str]


class LedgerKey(TypedDict):
    id: str
    key: str
    createdAt: str
    retiredAt: str | None
    note: str


class LedgerEntry(TypedDict):
    index: int
    at: str
    hash: str
    leaf: str | None
    disclosed: dict[str, dict[str, str]] | None


def state(link: connection.Connection, project: str) -> Ledger:
    return cast(Ledger, link.call("GET", _path(project)))


def checkpoint(link: connection.Connection, project: str) -> Checkpoint:
    """Of the log as it is now."""
    return cast(Checkpoint, link.call("GET", _path(project, "checkpoint")))


def consistency(link: connection.Connection, project: str, *, old: int, size: int) -> Consistency:
    path = _path(project, "consistency")
    return cast(Consistency, link.call("GET", path, query={"old": old, "size": size}))


def keys(link: connection.Connection, project: str) -> list[LedgerKey]:
    """Oldest first."""
    return cast(list[LedgerKey], link.call("GET", _path(project, "keys")))


def entries(link: connection.Connection, project: str, *, start: int, limit: int) -> list[LedgerEntry]:
    path = _path(project, "entries")
    return cast(list[LedgerEntry], link.call("GET", path, query={"start": start, "limit": limit}))


def export(link: connection.Connection, project: str, write: Callable[[bytes], object]) -> None:
    """The bundle, piece by piece as it comes."""
    link.download(_path(project, "export"), write)


def erase(link: connection.Connection, project: str, index: int) -> None:
    link.call("POST", _path(project, "entries", str(index), "erase"))


def rotate_key(link: connection.Connection) -> LedgerKey:
    return cast(LedgerKey, link.call("POST", f"{OWN}/keys"))


def _path(project: str, *parts: str) -> str:
    if project:
        return routes.native_project(project, "ledger", *parts)
    return "/".join((OWN, *(quote(part, safe="") for part in parts)))
