"""People of both parties with a token of their own, made the way that they are made for real."""

import base64
import itertools
from urllib.parse import parse_qs, urlsplit

from steward.kit import totp
from tests.api import serving

PASSWORD = "seven small brown foxes"
_numbers = itertools.count(1)


class Person:
    """Whoever signs in needs a code that was not used: `code` waits for the next one."""

    def __init__(self, service: serving.Service, made: serving.Answer) -> None:
        self.service = service
        self.id: str = made.body["id"]
        self.email: str = made.body["email"]
        self.invitation: str = made.body["invitation"]
        self.factor = b""
        self.token = ""
        self.token_id = ""

    async def sets_password(self, token: str = "") -> serving.Answer:
        body = {"token": token or self.invitation, "password": PASSWORD}
        answer = serving.Answer(await self.service.http.post("/native/people/password", json=body))
        if answer.status == 200 and answer.body["newSecondFactor"]:
            self.factor = factor(answer.body["newSecondFactor"])
        return answer

    async def code(self) -> str:
        if not self.factor:
            return ""
        await self.service.clock.sleep(totp.STEP_SECONDS)
        return totp.code(self.factor, self.service.clock.now())

    async def signs_in(self, password: str = PASSWORD, code: str | None = None) -> serving.Answer:
        given = await self.code() if code is None else code
        body = {"email": self.email, "password": password, "code": given}
        return serving.Answer(await self.service.http.post("/native/sessions", json=body))

    async def takes_token(self, days: int = 90) -> serving.Answer:
        session = (await self.signs_in()).body["token"]
        made = await self.service.operator(
            "POST", "/native/me/tokens", {"description": "tests", "days": days}, token=session
        )
        self.token, self.token_id = made.body["token"], made.body["id"]
        return made

    async def call(self, method: str, path: str, body: object = None) -> serving.Answer:
        return await self.service.operator(method, path, body, token=self.token)


def factor(shown: dict[str, str]) -> bytes:
    """As an authenticator reads it, by either way."""
    given = parse_qs(urlsplit(shown["address"]).query)["secret"][0]
    assert given == shown["secret"]
    return base64.b32decode(given)


async def invited(service: serving.Service, role: str, **fields: object) -> Person:
    """By the account's own key, or by the provider's first operator."""
    body = {"email": f"person{next(_numbers)}@x.example", "role": role, **fields}
    if role in ("operator", "support", "auditor"):
        made = await service.operator("POST", "/native/people", body)
    else:
        made = await service.call("POST", "/native/people", body, prefix="")
    assert made.status == 200, made.text
    return Person(service, made)


async def present(service: serving.Service, role: str, **fields: object) -> Person:
    """With a password and an API token."""
    person = await invited(service, role, **fields)
    assert (await person.sets_password()).status == 200
    await person.takes_token()
    return person
