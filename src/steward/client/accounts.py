"""The life of customers' accounts."""

from typing import TypedDict, cast
from urllib.parse import quote

from steward.client import connection


class Account(TypedDict):
    account: str
    status: str
    reason: str
    createdAt: str
    handedOverAt: str | None
    changedAt: str


def every(link: connection.Connection) -> list[Account]:
    return cast(list[Account], link.call("GET", "/native/accounts"))


def get(link: connection.Connection, account: str) -> Account:
    return cast(Account, link.call("GET", _one(account)))


def suspend(link: connection.Connection, account: str, *, reason: str) -> Account:
    return cast(Account, link.call("POST", f"{_one(account)}/suspend", {"reason": reason}))


def resume(link: connection.Connection, account: str) -> Account:
    return cast(Account, link.call("POST", f"{_one(account)}/resume"))


def close(link: connection.Connection, account: str) -> Account:
    return cast(Account, link.call("POST", f"{_one(account)}/close"))


def _one(account: str) -> str:
    return f"/native/accounts/{quote(account, safe='')}"
