"""What keeps `steward serve` from serving: a sentence on standard error, and nothing made."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from steward.bootstrap import serving
from steward.components import supply
from steward.domain import errors, networks
from steward.runtimes.processes import commands, doctor, host, kernel, neighbours, places, supervision
from steward.runtimes.processes.findings import Finding

Serve = Callable[..., tuple[int, str]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Serve:
    monkeypatch.setenv("STEWARD_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("STEWARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(serving.logs, "set_up", lambda level: None)  # it would write to this test's output for ever
    monkeypatch.setattr(neighbours, "port", lambda listen: Finding(check="address", good=True, message=listen))

    def served(**settings: str) -> tuple[int, str]:
        for name, text in settings.items():
            monkeypatch.setenv(name, text)
        code = serving.serve()
        assert not (tmp_path / "state").exists()
        return code, capsys.readouterr().err

    return served


@pytest.mark.parametrize("listen", ["127.0.0.1:abc", "127.0.0.1:99999", "127.0.0.1"])
def test_an_address_that_is_none(serve: Serve, listen: str) -> None:
    code, said = serve(STEWARD_LISTEN=listen)
    assert code == 1
    assert said.startswith("steward: Settings are not right: STEWARD_LISTEN: ")


def test_a_list_that_is_no_json(serve: Serve) -> None:
    code, said = serve(STEWARD_UPSTREAM_DNS="1.1.1.1")
    assert code == 1
    assert said.startswith("steward: Settings are not right: STEWARD_UPSTREAM_DNS: a list, written as JSON")


def test_a_machine_that_lacks_something_is_left_as_it_was(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    lack = Finding(check="capabilities", good=False, message="this root lacks CAP_NET_ADMIN", mend="privileged")
    monkeypatch.setattr(doctor, "examine", lambda spot, plan: [lack])
    code, said = serve()
    assert code == 1
    assert "lacks CAP_NET_ADMIN (mend: privileged)" in said


def test_what_is_compiled_is_said_beforehand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("STEWARD_CACHE", str(tmp_path))
    serving._say_what_is_missing(serving.Settings())
    said = capsys.readouterr().err
    assert "registry's program is being compiled before the first answer" in said
    assert "coredns" in said
    assert "`steward components` does so beforehand" in said
    monkeypatch.setattr(supply.Components, "missing", lambda self, version: [])
    serving._say_what_is_missing(serving.Settings())
    assert capsys.readouterr().err == ""


class Preparing:
    """A host of which every change is noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.changed: list[str] = []
        monkeypatch.setattr(doctor, "check", lambda spot, plan: None)
        monkeypatch.setattr(kernel, "load", lambda: self.changed.append("modules"))
        monkeypatch.setattr(commands, "run", self.run)
        self.host = host.ProcessHost(
            places.Places(folder, "stw"),
            networks.Plan(serving.Settings().network),
            supervision.Supervisor(),
            host.Overcommit(memory=1, cpu=1, disk=1),
            host.Registry(program=self.program, configuration="", environment={}),
        )
        self.refusal: Exception | None = None

    async def program(self) -> Path:
        if self.refusal is not None:
            raise self.refusal
        return Path("/programs/registry")

    async def run(self, *command: str, stdin: str = "", accept: object = ()) -> str:
        self.changed.append(command[0])
        raise commands.Failed("`nft -f -` ended with 1: Operation not permitted")


def test_the_machine_is_not_changed_for_a_component_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    preparing = Preparing(monkeypatch, tmp_path)
    preparing.refusal = errors.Unavailable("Go is needed")
    with pytest.raises(errors.Unavailable, match="Go is needed"):
        asyncio.run(preparing.host.prepare())
    assert preparing.changed == []


def test_a_rule_that_the_kernel_refuses_is_told_as_a_refusal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    preparing = Preparing(monkeypatch, tmp_path)
    with pytest.raises(errors.Unavailable, match=r"could not be prepared.*Operation not permitted"):
        asyncio.run(preparing.host.prepare())
    assert preparing.changed[0] == "modules"
