"""OAuth2 clients of the party that calls."""

from typing import TypedDict, cast
from urllib.parse import quote

from steward.client import connection

PATH = "/me/api/oauth2/client"
FLOW = "CLIENT_CREDENTIALS"


class Client(TypedDict):
    clientId: str
    name: str
    description: str
    flow: str
    callbackUrls: list[str]
    identity: str
    createdAt: str
    role: str


class NewClient(TypedDict):
    clientId: str
    clientSecret: str


def every(link: connection.Connection) -> list[Client]:
    found = cast(list[str], link.call("GET", PATH))
    return [cast(Client, link.call("GET", f"{PATH}/{quote(each, safe='')}")) for each in found]


def create(link: connection.Connection, *, name: str, description: str, role: str) -> NewClient:
    body = {"name": name, "description": description, "flow": FLOW} | ({"role": role} if role else {})
    return cast(NewClient, link.call("POST", PATH, body))


def remove(link: connection.Connection, client: str) -> None:
    link.call("DELETE", f"{PATH}/{quote(client, safe='')}")
