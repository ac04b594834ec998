"""People of the calling party; the provider may also look at a customer's."""

from typing import TypedDict, cast
from urllib.parse import quote

from steward.client import connection

_PATH = "/native/people"


class Person(TypedDict):
    id: str
    email: str
    name: str
    party: str
    role: str
    account: str | None
    only: list[str]
    status: str
    secondFactor: bool
    createdAt: str
    lastSignIn: str | None


class Invited(Person):
    invitation: str


class Reset(Person):
    token: str
    validUntil: str


class SecondFactor(TypedDict):
    secret: str
    address: str


class NewPassword(Person):
    newSecondFactor: SecondFactor | None


class Caller(TypedDict):
    name: str
    kind: str
    party: str
    role: str | None
    account: str | None
    only: list[str]
    personId: str | None


def every(link: connection.Connection, *, account: str = "") -> list[Person]:
    return cast(list[Person], link.call("GET", _PATH, query={"account": account} if account else None))


def invite(link: connection.Connection, body: dict[str, object]) -> Invited:
    return cast(Invited, link.call("POST", _PATH, body))


def change(
    link: connection.Connection, person: str, *, role: str | None = None, only: list[str] | None = None
) -> Person:
    wanted: dict[str, object] = {"role": role, "only": only}
    body = {name: value for name, value in wanted.items() if value is not None}
    return cast(Person, link.call("PUT", _one(person), body))


def suspend(link: connection.Connection, person: str) -> Person:
    return cast(Person, link.call("POST", _one(person, "/suspend")))


def resume(link: connection.Connection, person: str) -> Person:
    return cast(Person, link.call("POST", _one(person, "/resume")))


def close(link: connection.Connection, person: str) -> None:
    link.call("DELETE", _one(person))


def reset(link: connection.Connection, person: str, *, second_factor: bool = False) -> Reset:
    return cast(Reset, link.call("POST", _one(person, "/reset"), {"secondFactor": second_factor}))


def set_password(link: connection.Connection, token: str, password: str) -> NewPassword:
    """Whoever holds the token of an invitation or a reset, without further identity."""
    return cast(NewPassword, link.open("POST", f"{_PATH}/password", {"token": token, "password": password}))


def myself(link: connection.Connection) -> Caller:
    return cast(Caller, link.call("GET", "/native/me"))


def _one(person: str, rest: str = "") -> str:
    return f"{_PATH}/{quote(person, safe='')}{rest}"
