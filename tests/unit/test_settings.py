"""Settings from the environment: what they mean, and what is said of those that cannot be read."""

from pathlib import Path

import pytest

from steward import settings


def test_relative_paths_are_those_of_the_folder_that_the_service_starts_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEWARD_STATE", "state")
    monkeypatch.setenv("STEWARD_TLS_KEY", "keys/tls.pem")
    found = settings.read()
    assert (found.state, found.tls_key) == (tmp_path / "state", tmp_path / "keys/tls.pem")
    assert found.database_url == f"sqlite:///{tmp_path}/state/steward.db"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("STEWARD_UPSTREAM_DNS", "1.1.1.1", "a list, written as JSON"),
        ("STEWARD_UPSTREAM_DNS", '["one.one.one.one"]', "IPv4"),
        ("STEWARD_CLUSTER_PORTS", "80", "greater than or equal to 1024"),
    ],
)
def test_what_is_not_right_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(settings.NotRight) as refusal:
        settings.read()
    ((variable, message),) = refusal.value.faults
    assert variable.startswith(name)
    assert said in message
    assert str(refusal.value).startswith(f"Settings are not right: {name}")
