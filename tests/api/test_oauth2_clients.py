"""OAuth2 client credentials with OVHcloud's own clients, by the override that docs/authentication.md describes."""

import re
import subprocess
from pathlib import Path
from typing import Any

import ovh  # type: ignore[import-untyped]  # it has none
import pytest

from tests import go_programs
from tests.api import test_python_ovh

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

WANTED = {"name": "ci", "description": "tests", "flow": "CLIENT_CREDENTIALS"}
PAGE = Path(__file__).parents[2] / "docs" / "authentication.md"


def snippet(language: str) -> str:
    """Of the page that people copy from."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if "/auth/oauth2/token" in block)


def test_python_ovh_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with test_python_ovh.served(tmp_path) as base, test_python_ovh.client_of(base, monkeypatch) as (owner, project):
        made = owner.post("/me/api/oauth2/client", **WANTED)
        for table in (ovh.client.ENDPOINTS, ovh.client.OAUTH2_TOKEN_URLS):
            monkeypatch.setitem(table, f"{base}/1.0", "")  # put back afterwards
        monkeypatch.setenv("OVH_ENDPOINT", f"{base}/1.0")
        monkeypatch.setenv("OVH_CLIENT_ID", made["clientId"])
        monkeypatch.setenv("OVH_CLIENT_SECRET", made["clientSecret"])
        names: dict[str, Any] = {}
        exec(compile(snippet("python"), str(PAGE), "exec"), names)
        client = names["client"]
        assert client.get("/cloud/project") == [project]
        assert client.get("/auth/details")["method"] == "oauth2"
        assert client.get(f"/v1/cloud/project/{project}")["project_id"] == project
        cluster = client.post(f"/cloud/project/{project}/kube", region="LOCAL1", name="program")
        assert cluster["status"] == "INSTALLING"
        owner.delete(f"/me/api/oauth2/client/{made['clientId']}")
        with pytest.raises(ovh.exceptions.InvalidCredential):
            client.get("/cloud/project")
        client._oauth2.session.close()


def test_go_ovh_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = go_programs.built("oauth2", tmp_path)
    source = (go_programs.SOURCES / "oauth2" / "main.go").read_text(encoding="utf-8")
    for line in snippet("go").splitlines():
        assert line.strip() in source, line
    with test_python_ovh.served(tmp_path) as base, test_python_ovh.client_of(base, monkeypatch) as (owner, _):
        made = owner.post("/me/api/oauth2/client", **WANTED)
        for arguments, said in (
            ([made["clientId"], made["clientSecret"]], "ab1-local oauth2\n"),
            ([made["clientId"], "wrong"], "failed: "),
            ([test_python_ovh.TOKEN], "provider account\n"),
            (["wrong"], "failed: "),
        ):
            command = [str(program), f"{base}/1.0", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert done.stdout.startswith(said), done.stdout


def test_a_static_token_with_python_ovhs_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The header alone, on both prefixes."""
    with test_python_ovh.served(tmp_path) as base, test_python_ovh.client_of(base, monkeypatch) as (client, project):
        headers = {"Authorization": f"Bearer {test_python_ovh.TOKEN}"}
        for prefix in ("/1.0", "/v1"):
            answer = client._session.get(f"{base}{prefix}/cloud/project", headers=headers, timeout=30)
            assert answer.json() == [project]
