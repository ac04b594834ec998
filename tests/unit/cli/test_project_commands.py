"""`steward project`, `region`, `flavor`, and the commands that bootstrap gives."""

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import PROJECT, Desk

NATIVE = "/native/projects"
CREDENTIALS = f"{NATIVE}/{PROJECT}/credentials"
OURS = {"id": PROJECT, "account": "ab123", "description": "d", "status": "ok", "createdAt": "2030-01-01T00:00:00Z"}
THEIRS = {
    "project_id": PROJECT,
    "projectName": None,
    "description": "d",
    "status": "ok",
    "creationDate": "2030-01-01T00:00:00Z",
}
BEARER = {"authorization": "Bearer operators-token"}


def test_create_acts_as_the_provider(desk: Desk) -> None:
    desk.service.says("POST", NATIVE, OURS)
    result = desk.run("project", "create", "--account", "ab123", "--description", "d", "-o", "name")
    assert (result.code, result.out) == (0, f"{PROJECT}\n")
    assert desk.service.sent("POST", NATIVE) == {"account": "ab123", "description": "d"}
    assert fakes.identity(desk.service.requests[0]) == BEARER


def test_create_needs_the_token(desk: Desk) -> None:
    del desk.environ["STEWARD_PROVIDER_TOKEN"]
    desk.environ["STEWARD_STATE"] = str(desk.folder)
    result = desk.run("project", "create")
    assert result.code == 2
    assert str(desk.folder / "operator.token") in result.err
    (desk.folder / "operator.token").write_text("from-file\n")
    desk.service.says("POST", NATIVE, OURS)
    assert desk.run("project", "create").code == 0
    assert fakes.identity(desk.service.requests[-1]) == {"authorization": "Bearer from-file"}


def test_list_as_the_customer(desk: Desk) -> None:
    desk.service.says("GET", "/1.0/cloud/project", [PROJECT])
    desk.service.says("GET", f"/1.0/cloud/project/{PROJECT}", THEIRS)
    assert desk.run("project", "list", "-o", "json").json == [THEIRS]
    assert desk.run("project", "show", "-o", "name").out == f"{PROJECT}\n"


def test_list_as_the_provider(desk: Desk) -> None:
    desk.service.says("GET", NATIVE, [OURS])
    assert "ab123" in desk.run("project", "list", "--as", "provider").out
    assert fakes.identity(desk.service.requests[0]) == BEARER
    desk.service.says("GET", f"{NATIVE}/{PROJECT}", OURS)
    assert desk.run("project", "show", "--as", "provider", "-o", "json").json == OURS
    assert desk.run("project", "show", "f" * 32, "--as", "provider").code == 3


class TestCredentials:
    MADE = {  # noqa: RUF012 - a constant
        "credentialId": 7,
        "applicationKey": "ak1",
        "applicationSecret": "as1",
        "consumerKey": "ck1",
        "status": "validated",
        "createdAt": "2030-01-01T00:00:00Z",
    }

    def test_create(self, desk: Desk) -> None:
        desk.service.says("POST", CREDENTIALS, self.MADE)
        result = desk.run("project", "credentials", "create")
        assert [line.split()[-1] for line in result.out.splitlines()] == ["7", "ak1", "as1", "ck1"]
        assert "authorization" not in desk.service.asked("POST", CREDENTIALS)[0].headers
        assert "this once" in result.err

    @pytest.mark.parametrize("where", ["before", "after"])
    def test_hand_over(self, desk: Desk, where: str) -> None:
        desk.service.says("POST", CREDENTIALS, self.MADE | {"owner": {"invitation": "stw_1"}})
        command = ["project", "credentials", "create", "--owner", "ann@x.example"]
        acting = ["--as", "provider"]
        result = desk.run(*(acting + command if where == "before" else command + acting))
        assert [line.split()[-1] for line in result.out.splitlines()] == ["7", "ak1", "as1", "ck1", "stw_1"]
        assert fakes.identity(desk.service.requests[0]) == BEARER
        assert desk.service.sent("POST", CREDENTIALS) == {"owner": {"email": "ann@x.example"}}

    def test_list_of_another_project(self, desk: Desk) -> None:
        listed = {key: value for key, value in self.MADE.items() if key not in ("applicationSecret", "consumerKey")}
        listed |= {"account": "ab123", "description": "for CI", "expiresAt": None, "lastUse": None}
        desk.service.says("GET", f"{NATIVE}/another/credentials", [listed])
        assert "for CI" in desk.run("project", "credentials", "list", "another").out
        assert desk.run("project", "credentials", "list", "another", "-o", "json").json == [listed]

    @pytest.mark.parametrize(("arguments", "code"), [(["--yes"], 0), ([], 2)])
    def test_revoke(self, desk: Desk, arguments: list[str], code: int) -> None:
        desk.service.says("DELETE", f"{CREDENTIALS}/7", None)
        assert desk.run("project", "credentials", "revoke", "7", *arguments).code == code
        assert len(desk.service.asked("DELETE", f"{CREDENTIALS}/7")) == (code == 0)

    @pytest.mark.parametrize("verb", ["validate", "refuse"])
    def test_decide(self, desk: Desk, verb: str) -> None:
        desk.service.says("POST", f"/native/credentials/7/{verb}", self.MADE | {"account": "ab123"})
        link = "http://127.0.0.1:8080/1.0/auth/validate?id=7&token=abc"
        assert desk.run("project", "credentials", verb, link).code == 0
        assert desk.service.sent("POST", f"/native/credentials/7/{verb}") == {"token": "abc"}
        assert desk.run("project", "credentials", verb, "7").code == 2


def test_regions(desk: Desk) -> None:
    desk.service.says("GET", f"/1.0/cloud/project/{PROJECT}/capabilities/kube/regions", ["LOCAL1"])
    assert desk.run("region", "list").out == "NAME\nLOCAL1\n"
    assert desk.run("region", "list", "-o", "name").out == "LOCAL1\n"


def test_flavors_of_a_region(desk: Desk) -> None:
    path = f"/1.0/cloud/project/{PROJECT}/capabilities/kube/flavors"
    flavor = {"name": "b3-8", "category": "b", "state": "available", "vCPUs": 2, "gpus": 0, "ram": 8}
    desk.service.says("GET", path, [flavor])
    assert desk.run("flavor", "list", "--region", "LOCAL1").out.splitlines()[1].split() == [
        "b3-8",
        "2",
        "8",
        "available",
    ]
    assert desk.service.query("GET", path) == {"region": "LOCAL1"}


@pytest.mark.parametrize(
    ("arguments", "called", "code"),
    [
        (["serve"], "serve", 0),
        (["doctor"], "doctor table", 1),
        (["doctor", "--json"], "doctor json", 1),
        (["doctor", "-o", "yaml"], "doctor yaml", 1),
        (["components"], "components []", 0),
        (["components", "1.36", "1.37"], "components ['1.36', '1.37']", 0),
    ],
)
def test_what_bootstrap_gives(desk: Desk, arguments: list[str], called: str, code: int) -> None:
    assert desk.run(*arguments).code == code
    assert desk.served == [called]
