"""The provider that other tests sign in with: it answers as its standard says, to those that it knows."""

import base64
import json
from pathlib import Path

import httpx2
import pytest

from tests import node_programs
from tests.openid import provider
from tests.system import service

pytestmark = pytest.mark.loopback

ANNA = provider.Account(
    claims={"email": "anna@customer.example", "email_verified": True, "groups": ["shop"]}, amr=("pwd", "otp")
)
PUBLIC = provider.Client(id="kubectl", refreshes=True)
SECRET = provider.Client(id="console", secret="a secret of the tests")


def free() -> str:
    return f"127.0.0.1:{service.free_port()}"


def claims(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    read: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def test_it_signs_in_whom_it_knows(tmp_path: Path) -> None:
    with provider.running(tmp_path, {"anna": ANNA}, [PUBLIC, SECRET], provider.Where(at=free())) as running:
        tokens = running.sign_in("anna", PUBLIC)
        said = claims(tokens["id_token"])
        assert (said["iss"], said["aud"], said["sub"]) == (running.issuer, "kubectl", "anna")
        assert (said["email"], said["email_verified"], said["groups"]) == ("anna@customer.example", True, ["shop"])
        assert said["amr"] == ["pwd", "otp"]
        assert tokens["refresh_token"]
        assert "refresh_token" not in running.sign_in("anna", SECRET)


def test_it_serves_with_tls(tmp_path: Path) -> None:
    tls = provider.certified(tmp_path, "127.0.0.1")
    with provider.running(tmp_path, {"anna": ANNA}, [PUBLIC], provider.Where(at=free(), tls=tls)) as running:
        assert claims(running.sign_in("anna", PUBLIC)["id_token"])["iss"] == running.issuer
        assert running.issuer.startswith("https://")
        with pytest.raises(httpx2.ConnectError), httpx2.Client(trust_env=False) as stranger:
            stranger.get(running.issuer)


def test_the_second_time_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    first = node_programs.installed(provider.SOURCES)
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setattr(node_programs.subprocess, "run", None)
    assert node_programs.installed(provider.SOURCES) == first
