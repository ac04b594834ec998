"""How the demo finds its service, keeps its keys, and stays off the shell's proxy."""

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import environment
from steward.runtimes.processes import claims
from steward.settings import Settings


@pytest.fixture(autouse=True)
def _shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    before = dict(os.environ)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("STEWARD_", "OVH_")):
            monkeypatch.delenv(name)
    folder = tmp_path / ".steward"
    for name, path in (("FOLDER", folder), ("ENVIRONMENT", folder / "demo.env"), ("SERVICE", folder / "serve.json")):
        monkeypatch.setattr(environment, name, path)
    monkeypatch.setattr(claims, "FOLDER", tmp_path / "run")
    yield
    os.environ.clear()
    os.environ.update(before)


KEYS = {"OVH_ENDPOINT": "http://127.0.0.1:8080/1.0", "OVH_CONSUMER_KEY": "key'with quotes"}


def running(monkeypatch: pytest.MonkeyPatch, state: Path, listen: str, *, runs: bool = True) -> None:
    claim = claims.Claim(instance="own", network="100.64.0.0/12", state=str(state), listen=listen, pid=7)
    monkeypatch.setattr(claims, "known", lambda: [claims.Known(claim=claim, runs=runs)])


def test_the_shells_settings_are_the_services() -> None:
    os.environ["STEWARD_PUBLIC_URL"] = "https://kube.example"
    given = environment.settings()
    assert given.base_url == "https://kube.example"
    assert given.state == environment.FOLDER / "state"


def test_a_service_that_runs_keeps_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    os.environ["STEWARD_LISTEN"] = "127.0.0.1:9999"
    running(monkeypatch, environment.FOLDER / "state", "127.0.0.1:8080")
    given = environment.settings()
    assert (given.base_url, given.instance) == ("http://127.0.0.1:8080", "own")
    assert environment.service_environment(given)["STEWARD_INSTANCE"] == "own"


def test_clusters_that_stand_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    state = environment.FOLDER / "state"
    running(monkeypatch, state, "127.0.0.1:8080", runs=False)
    assert environment.settings().instance == "stw"
    (state / "clusters" / "one").mkdir(parents=True)
    given = environment.settings()
    assert (given.instance, str(given.network)) == ("own", "100.64.0.0/12")
    assert not environment.runs(given)


def test_the_service_of_another_folder_is_not_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    running(monkeypatch, tmp_path / "else", "127.0.0.1:8080")
    given = environment.settings()
    assert not environment.runs(given)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("it was asked"))
    assert not environment.answers(given)


def test_keys_outlive_the_loss_of_demo_env() -> None:
    given = environment.settings()
    given.state.mkdir(parents=True)
    environment.write(given, KEYS)
    assert environment.ENVIRONMENT.stat().st_mode & 0o777 == 0o600
    assert (given.state / "demo.keys").stat().st_mode & 0o777 == 0o600
    environment.ENVIRONMENT.unlink()
    assert environment.known(given) == KEYS


@pytest.mark.parametrize("before", ["", "intern.example"])
def test_this_machine_is_not_behind_the_shells_proxy(before: str) -> None:
    os.environ.update(http_proxy="http://proxy.example:3128", no_proxy=before)
    given = environment.settings()
    environment.keep_off_the_proxy(given)
    environment.keep_off_the_proxy(given)
    assert os.environ["NO_PROXY"].split(",") == [*([before] if before else []), *LOCAL]
    assert urllib.request.proxy_bypass("127.0.0.1:8080")
    given.state.mkdir(parents=True)
    environment.write(given, KEYS)
    assert f"export NO_PROXY={os.environ['NO_PROXY']}" in environment.ENVIRONMENT.read_text()


LOCAL = ["127.0.0.1", "localhost", "::1", "100.64.0.0/12"]


def test_without_a_proxy_the_shell_is_told_of_none() -> None:
    given = environment.settings()
    given.state.mkdir(parents=True)
    environment.keep_off_the_proxy(given)
    environment.write(given, KEYS)
    assert "PROXY" not in environment.ENVIRONMENT.read_text()


def test_a_public_name_may_be_behind_the_proxy() -> None:
    os.environ["STEWARD_PUBLIC_URL"] = "https://kube.example"
    environment.keep_off_the_proxy(Settings())
    assert os.environ["NO_PROXY"].split(",") == LOCAL
