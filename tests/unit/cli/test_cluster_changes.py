"""`steward cluster restart`, `customization` and `oidc`: what is asked of the service, and what is shown."""

from pathlib import Path

import pytest

from tests.unit.cli import fakes
from tests.unit.cli.fakes import CLUSTER, KUBE, Desk

ROUTE = f"{KUBE}/{CLUSTER}"
TREE = {
    "apiServer": {"admissionPlugins": {"enabled": ["AlwaysPullImages", "NodeRestriction"], "disabled": []}},
    "kubeProxy": {"iptables": {}, "ipvs": {}},
}
LOGIN = {"issuerUrl": "https://id.example.org", "clientId": "kube", "usernameClaim": None, "groupsClaim": ["groups"],
         "requiredClaim": []}  # fmt: skip


@pytest.fixture
def standing(desk: Desk) -> Desk:
    desk.has(fakes.cluster())
    desk.service.says("GET", f"{ROUTE}/customization", TREE)
    return desk


@pytest.mark.parametrize(("options", "force"), [((), False), (("--force",), True)])
def test_restart(standing: Desk, options: tuple[str, ...], force: bool) -> None:
    standing.service.says("POST", f"{ROUTE}/restart", None)
    assert standing.run("cluster", "restart", "demo", *options).code == 0
    assert standing.service.sent("POST", f"{ROUTE}/restart") == {"force": force}


def test_a_plugin_is_switched_off(standing: Desk) -> None:
    standing.service.says("PUT", f"{ROUTE}/customization", {"message": "It is being applied"})
    result = standing.run("cluster", "customization", "demo", "--disable", "AlwaysPullImages")
    assert (result.code, "It is being applied" in result.err) == (0, True)
    plugins = {"enabled": ["NodeRestriction"], "disabled": ["AlwaysPullImages"]}
    assert standing.service.sent("PUT", f"{ROUTE}/customization") == {"apiServer": {"admissionPlugins": plugins}}


def test_what_is_adapted_is_shown(standing: Desk) -> None:
    assert standing.run("cluster", "customization", "demo", "-o", "json").json == {"id": CLUSTER, **TREE}
    assert "NodeRestriction" in standing.run("cluster", "customization", "demo").out


def test_logins(standing: Desk, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("PEM")
    standing.service.says("PUT", f"{ROUTE}/openIdConnect", None)
    standing.service.says("DELETE", f"{ROUTE}/openIdConnect", None)
    standing.service.says("GET", f"{ROUTE}/openIdConnect", LOGIN)
    assert "https://id.example.org" in standing.run("cluster", "oidc", "show", "demo").out
    asked = ("--issuer", "https://other.example.org", "--client", "kube", "--authority", str(authority))
    assert standing.run("cluster", "oidc", "set", "demo", *asked).code == 0
    assert standing.service.sent("PUT", f"{ROUTE}/openIdConnect") == {
        "issuerUrl": "https://other.example.org",
        "clientId": "kube",
        "caContent": "UEVN",
    }
    assert standing.run("cluster", "oidc", "remove", "demo").code == 0
