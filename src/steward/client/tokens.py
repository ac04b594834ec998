"""API tokens of the person that calls, or of another person of its party."""

from typing import TypedDict, cast
from urllib.parse import quote

from steward.client import connection, people


class Token(TypedDict):
    id: str
    personId: str
    description: str
    createdAt: str
    expiresAt: str | None
    revokedAt: str | None
    lastUse: str | None


class NewToken(Token):
    token: str


class SignedIn(people.Caller):
    token: str
    validUntil: str


def every(link: connection.Connection, *, person: str = "") -> list[Token]:
    return cast(list[Token], link.call("GET", _path(person)))


def create(link: connection.Connection, *, description: str, days: int) -> NewToken:
    return cast(NewToken, link.call("POST", _path(""), {"description": description, "days": days}))


def sign_in(link: connection.Connection, *, email: str, password: str, code: str) -> SignedIn:
    body = {"email": email, "password": password, "code": code}
    return cast(SignedIn, link.open("POST", "/native/sessions", body))


def sign_out(link: connection.Connection) -> None:
    link.call("DELETE", "/native/sessions/current")


def revoke(link: connection.Connection, token: str, *, person: str = "") -> None:
    link.call("DELETE", f"{_path(person)}/{quote(token, safe='')}")


def _path(person: str) -> str:
    return f"/native/people/{quote(person, safe='')}/tokens" if person else "/native/me/tokens"
