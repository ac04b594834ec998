"""`steward people`, `tokens`, `account`: who asks, what is sent, what is shown once."""

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import Desk

PEOPLE, ID = "/native/people", "cccccccc-2222-4333-8444-555555555555"
BEARER = {"authorization": "Bearer operators-token"}
ANN = {
    "id": ID,
    "email": "ann@x.example",
    "name": "Ann",
    "party": "customer",
    "role": "owner",
    "account": "ab123",
    "only": [],
    "status": "active",
    "secondFactor": False,
    "createdAt": "2030-01-01T00:00:00Z",
    "lastSignIn": None,
}
TOKEN = {
    "id": "t1",
    "personId": ID,
    "description": "ci",
    "createdAt": "2030-01-01T00:00:00Z",
    "expiresAt": "2030-04-01T00:00:00Z",
    "revokedAt": None,
    "lastUse": None,
}
ACCOUNT = {
    "account": "ab123",
    "status": "active",
    "reason": "",
    "createdAt": "2030-01-01T00:00:00Z",
    "handedOverAt": None,
    "changedAt": "2030-01-01T00:00:00Z",
}


@pytest.fixture
def peopled(desk: Desk) -> Desk:
    gone = ANN | {"id": "gone", "status": "closed"}
    desk.service.says("GET", PEOPLE, [gone, ANN])
    return desk


def test_list(peopled: Desk) -> None:
    assert peopled.run("people", "list", "-o", "json").json[1] == ANN
    assert "authorization" not in peopled.service.asked("GET", PEOPLE)[0].headers
    assert "ann@x.example" in peopled.run("--as", "provider", "people", "list", "--account", "ab123").out
    assert fakes.identity(peopled.service.requests[-1]) == BEARER
    assert peopled.service.query("GET", PEOPLE) == {"account": "ab123"}


def test_invite(desk: Desk) -> None:
    desk.service.says("POST", PEOPLE, ANN | {"invitation": "stw_1"})
    result = desk.run("people", "invite", "ann@x.example", "--role", "admin", "--only", "p1", "--only", "p2")
    assert "stw_1" in result.out
    assert desk.service.sent("POST", PEOPLE) == {"email": "ann@x.example", "role": "admin", "only": ["p1", "p2"]}


@pytest.mark.parametrize("who", ["Ann@x.example", ID])
@pytest.mark.parametrize(
    ("arguments", "method", "tail", "body"),
    [
        (["suspend"], "POST", "/suspend", None),
        (["resume"], "POST", "/resume", None),
        (["reset", "--second-factor"], "POST", "/reset", {"secondFactor": True}),
        (["close", "--yes"], "DELETE", "", None),
    ],
)
def test_changes(
    peopled: Desk, who: str, arguments: list[str], method: str, tail: str, body: dict[str, object] | None
) -> None:
    path = f"{PEOPLE}/{ID}{tail}"
    peopled.service.says(method, path, ANN | {"token": "stw_2", "validUntil": "2030-01-01T01:00:00Z"})
    verb, *options = arguments
    assert peopled.run("people", verb, who, *options).code == 0
    (request,) = peopled.service.asked(method, path)
    assert (peopled.service.sent(method, path) == body) if body else (request.content == b"")


def test_role(peopled: Desk) -> None:
    peopled.service.says("PUT", f"{PEOPLE}/{ID}", ANN | {"role": "viewer"})
    assert peopled.run("people", "role", "ann@x.example", "viewer", "-o", "json").json["role"] == "viewer"
    assert peopled.service.sent("PUT", f"{PEOPLE}/{ID}") == {"role": "viewer"}


def test_an_address_that_is_nobodys(peopled: Desk) -> None:
    assert peopled.run("people", "suspend", "eve@x.example").code == 3


def test_close_asks_first(peopled: Desk) -> None:
    assert peopled.run("people", "close", ID).code == 2
    assert not peopled.service.asked("DELETE", f"{PEOPLE}/{ID}")


def test_password_from_standard_input(desk: Desk) -> None:
    factor = {"secret": "ABC", "address": "otpauth://totp/x"}
    desk.service.says("POST", f"{PEOPLE}/password", ANN | {"newSecondFactor": factor})
    result = desk.run("people", "password", typed="stw_1\nseven small brown foxes\n")
    assert desk.service.sent("POST", f"{PEOPLE}/password") == {"token": "stw_1", "password": "seven small brown foxes"}
    assert "ABC" in result.out
    assert "foxes" not in result.out + result.err
    assert desk.run("people", "password", typed="stw_1\n").code == 2


def test_tokens(desk: Desk) -> None:
    desk.service.says("GET", "/native/me/tokens", [TOKEN])
    desk.service.says("POST", "/native/me/tokens", TOKEN | {"token": "stw_3"})
    desk.service.says("DELETE", "/native/me/tokens/t1", None)
    assert desk.run("tokens", "list", "--as", "provider", "-o", "json").json == [TOKEN]
    assert fakes.identity(desk.service.requests[-1]) == BEARER
    assert desk.run("tokens", "create", "ci", "--as", "provider", "-o", "json").json["token"] == "stw_3"
    assert desk.service.sent("POST", "/native/me/tokens") == {"description": "ci", "days": 90}
    assert desk.run("tokens", "revoke", "t1", "--yes", "--as", "provider").code == 0
    desk.service.says("GET", f"{PEOPLE}/{ID}/tokens", [])
    assert "No tokens" in desk.run("tokens", "list", "--person", ID).err


def test_oauth2_clients(desk: Desk) -> None:
    path = "/1.0/me/api/oauth2/client"
    client = {"clientId": "c1", "name": "ci", "role": "admin", "description": "", "createdAt": "2030-01-01T00:00:00Z"}
    desk.service.says("GET", path, ["c1"])
    desk.service.says("GET", f"{path}/c1", client)
    desk.service.says("POST", path, {"clientId": "c2", "clientSecret": "s"})
    desk.service.says("DELETE", f"{path}/c1", None)
    assert desk.run("oauth2", "list", "-o", "json").json == [client]
    made = desk.run("oauth2", "create", "ci", "--role", "viewer", "-o", "json")
    assert made.json == {"clientId": "c2", "clientSecret": "s"}
    wanted = {"name": "ci", "description": "", "flow": "CLIENT_CREDENTIALS", "role": "viewer"}
    assert desk.service.sent("POST", path) == wanted
    desk.run("oauth2", "create", "ops", "--as", "provider")
    assert fakes.identity(desk.service.requests[-1]) == BEARER
    assert desk.run("oauth2", "remove", "c1", "--yes").code == 0


def test_a_persons_first_token(desk: Desk) -> None:
    desk.service.says("POST", "/native/sessions", {"token": "session"})
    desk.service.says("POST", "/native/me/tokens", TOKEN | {"token": "stw_3"})
    desk.service.says("DELETE", "/native/sessions/current", None)
    result = desk.run("tokens", "create", "ci", "--email", "ann@x.example", typed="foxes\n123456\n")
    assert "stw_3" in result.out
    sent = desk.service.sent("POST", "/native/sessions")
    assert sent == {"email": "ann@x.example", "password": "foxes", "code": "123456"}
    for method, path in (("POST", "/native/me/tokens"), ("DELETE", "/native/sessions/current")):
        assert fakes.identity(desk.service.asked(method, path)[0]) == {"authorization": "Bearer session"}


def test_a_customers_person_bears_its_token(desk: Desk) -> None:
    desk.environ["STEWARD_CUSTOMER_TOKEN"] = "stw_4"
    desk.service.says("GET", "/native/accounts", [ACCOUNT])
    assert "ab123" in desk.run("account", "show").out
    assert fakes.identity(desk.service.requests[-1]) == {"authorization": "Bearer stw_4"}


def test_account(desk: Desk) -> None:
    path = "/native/accounts/ab123"
    desk.service.says("GET", path, ACCOUNT)
    assert desk.run("account", "show", "ab123", "-o", "json").json == ACCOUNT
    for verb, arguments, body in (
        ("suspend", ["--reason", "unpaid"], {"reason": "unpaid"}),
        ("resume", [], None),
        ("close", ["--yes"], None),
    ):
        desk.service.says("POST", f"{path}/{verb}", ACCOUNT | {"status": "x"})
        changed = desk.run("--as", "provider", "account", verb, "ab123", *arguments, "-o", "json")
        assert changed.json["status"] == "x"
        (request,) = desk.service.asked("POST", f"{path}/{verb}")
        assert fakes.identity(request) == BEARER
        assert not body or desk.service.sent("POST", f"{path}/{verb}") == body
    assert desk.run("account", "close", "ab123").code == 2
