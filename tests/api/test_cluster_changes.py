"""Changes of a standing cluster on the wire: customization, OpenID Connect, restart, update policy, etcd's usage."""

import base64
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from steward.domain import clusters
from steward.outside import certificates
from tests.api import serving
from tests.api.test_bad_input import check_form

BOTH = ["AlwaysPullImages", "NodeRestriction"]
DEFAULT = {
    "apiServer": {"admissionPlugins": {"enabled": BOTH, "disabled": []}},
    "kubeProxy": {"iptables": {}, "ipvs": {}},
}
OFF = {"apiServer": {"admissionPlugins": {"enabled": ["NodeRestriction"], "disabled": ["AlwaysPullImages"]}}}
PROXY = {
    "iptables": {"minSyncPeriod": "PT1S", "syncPeriod": "PT60S"},
    "ipvs": {
        "minSyncPeriod": "PT0S",
        "syncPeriod": "PT1M",
        "scheduler": "rr",
        "tcpFinTimeout": "PT0S",
        "tcpTimeout": "PT5S",
        "udpTimeout": "P1DT2H3M4.5S",
    },
}
LOGIN = {"issuerUrl": "https://id.example.org/realm", "clientId": "kube"}
# As Terraform sends what nobody filled in.
EMPTY: dict[str, Any] = {
    "usernameClaim": "",
    "usernamePrefix": "",
    "groupsClaim": [],
    "groupsPrefix": "",
    "requiredClaim": [],
    "signingAlgorithms": [],
    "caContent": "",
}
UNSET = {name: None for name, value in EMPTY.items() if value == ""}


async def again_ready(service: serving.Service, cluster: dict[str, Any]) -> None:
    """As its reconciler would leave it; a second later, for equal writes of one second are one write."""
    await service.clock.sleep(1)
    async with service.records.begin() as work:
        found = await work.clusters.get(clusters.ClusterId(cluster["id"]))
        assert found is not None
        await work.clusters.save(dataclasses.replace(found, conditions=serving.good()))


@pytest.mark.parametrize(("plan", "busy"), [("free", "REDEPLOYING"), ("standard", "UPDATING")])
def test_a_customization_is_read_back_as_written(tmp_path: Path, plan: str, busy: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(plan=plan)
        path = f"{service.kube}/{made['id']}/customization"
        assert (await service.call("GET", path)).body == DEFAULT
        answer = await service.call("PUT", path, {**OFF, "kubeProxy": PROXY})
        assert (answer.status, list(answer.body)) == (200, ["message"])
        assert await service.status(made) == busy
        zero = {"minSyncPeriod": "P0D", "tcpFinTimeout": "P0D"}
        wanted = {**OFF, "kubeProxy": {**PROXY, "ipvs": {**PROXY["ipvs"], **zero}}}
        assert (await service.call("GET", path)).body == wanted
        assert (await service.call("GET", f"{service.kube}/{made['id']}")).body["customization"] == wanted

    serving.run(tmp_path, story)


def test_a_branch_that_is_left_out_stays(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(customization={**OFF, "kubeProxy": PROXY})
        path = f"{service.kube}/{made['id']}/customization"
        await service.call("PUT", path, {"kubeProxy": {"iptables": {"syncPeriod": "PT40S"}}, "apiServer": None})
        assert (await service.call("GET", path)).body == {
            **OFF,
            "kubeProxy": {"iptables": {"syncPeriod": "PT40S"}, "ipvs": {}},
        }
        await again_ready(service, made)
        await service.call("PUT", path, {"apiServer": {"admissionPlugins": {"enabled": BOTH, "disabled": []}}})
        assert (await service.call("GET", path)).body["apiServer"] == DEFAULT["apiServer"]

    serving.run(tmp_path, story)


def test_what_is_already_so_keeps_a_cluster_ready(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        service.woken.clear()
        assert (await service.call("PUT", f"{service.kube}/{made['id']}/customization", DEFAULT)).status == 200
        assert await service.status(made) == "READY"
        assert service.woken == []

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"apiServer": {"admissionPlugins": {"disabled": ["NodeRestriction"]}}}, "NodeRestriction cannot be disabled"),
        ({"apiServer": {"admissionPlugins": {"enabled": ["PodSecurity"]}}}, "'PodSecurity' is not one of"),
        ({"apiServer": {"admissionPlugins": []}}, "is not valid for type object"),
        ({"kubeProxy": {"iptables": {"syncPeriod": "PT0S"}}}, "syncPeriod] must be greater than 0"),
        ({"kubeProxy": {"iptables": {"syncPeriod": "30s"}}}, "(30s) is not valid for type duration"),
        ({"kubeProxy": {"iptables": {"syncPeriod": "P"}}}, "is not valid for type duration"),
        ({"kubeProxy": {"iptables": {"syncPeriod": "P1DT"}}}, "is not valid for type duration"),
        ({"kubeProxy": {"iptables": {"syncPeriod": "P400D"}}}, "is not valid for type duration"),
        ({"kubeProxy": {"iptables": {"minSyncPeriod": "PT31S"}}}, "cannot be longer than syncPeriod"),
        ({"kubeProxy": {"ipvs": {"scheduler": "wrr"}}}, "'wrr' is not one of dh, lc, nq, rr, sed, sh"),
        ({"kubeProxy": {"ipvs": {"tcpTimeout": "PT4.9S"}}}, "cannot be between PT0S and PT5S"),
        ({"kubeProxy": {"ipvs": {"udpTimeout": 5}}}, "is not valid for type string"),
        ({"cilium": {"hubble": {"enabled": True}}}, "Cilium is not offered yet"),
    ],
)
def test_a_customization_that_cannot_be(tmp_path: Path, asked: dict[str, Any], said: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        answer = await service.call("PUT", f"{service.kube}/{made['id']}/customization", asked)
        assert answer.status == 400
        check_form(answer)
        assert said in answer.body["message"]
        assert await service.status(made) == "READY"
        ordered = await service.call("POST", service.kube, {"region": "LOCAL1", "customization": asked})
        assert ordered.status == 400

    serving.run(tmp_path, story)


def test_the_plugins_that_can_be_toggled(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"/cloud/project/{service.project}/capabilities/kube/admissionplugins"
        assert (await service.call("GET", path)).body == BOTH

    serving.run(tmp_path, story)


@pytest.mark.parametrize(("plan", "busy"), [("free", "REDEPLOYING"), ("standard", "INSTALLING")])
def test_the_life_of_an_openid_connect(tmp_path: Path, plan: str, busy: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(plan=plan)
        path = f"{service.kube}/{made['id']}/openIdConnect"
        for method, body in (("GET", None), ("PUT", LOGIN), ("DELETE", None)):
            assert (await service.call(method, path, body)).status == 404
        created = await service.call("POST", path, {**EMPTY, **LOGIN})
        bare = {**LOGIN, **UNSET, "groupsClaim": [], "requiredClaim": [], "signingAlgorithms": []}
        assert (created.status, created.body) == (200, bare)
        assert await service.status(made) == busy
        await again_ready(service, made)
        assert (await service.call("POST", path, LOGIN)).status == 409
        more = {
            "usernameClaim": "email",
            "usernamePrefix": "-",
            "groupsClaim": ["groups"],
            "groupsPrefix": "id:",
            "requiredClaim": ["tenant=a=b"],
            "signingAlgorithms": ["ES256", "RS256"],
            "caContent": base64.b64encode(authority().encode()).decode(),
        }
        changed = await service.call("PUT", path, more)
        assert (changed.status, changed.body) == (200, None)
        assert await service.status(made) == busy
        assert (await service.call("GET", path)).body == {**LOGIN, **more}
        await again_ready(service, made)
        await service.call("PUT", path, {**EMPTY, "clientId": "other"})
        assert (await service.call("GET", path)).body == {**bare, "clientId": "other"}
        await again_ready(service, made)
        gone = await service.call("DELETE", path)
        assert (gone.status, gone.body) == (200, None)
        assert await service.status(made) == "REDEPLOYING"
        assert (await service.call("GET", path)).status == 404

    serving.run(tmp_path, story)


def authority() -> str:
    from steward.outside import clock

    return certificates.EllipticCertificates(clock.SystemClock()).authority("somebody").certificate


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"issuerUrl": "http://id.example.org"}, "is not an https URL"),
        ({"issuerUrl": "https://id.example.org?x=1"}, "is not an https URL"),
        ({"issuerUrl": "https://me@id.example.org"}, "is not an https URL"),
        ({"issuerUrl": "https://[::1"}, "is not an https URL"),
        ({"issuerUrl": "https://id:99999"}, "is not an https URL"),
        ({"issuerUrl": ""}, "[issuerUrl] is mandatory"),
        ({"clientId": ""}, "[clientId] is mandatory"),
        ({"clientId": None}, "[clientId] Given data (null) is not valid"),
        ({"clientId": "a\nb"}, "control characters"),
        ({"requiredClaim": ["tenant"]}, "is not of the form key=value"),
        ({"requiredClaim": ["a=1", "a=2"]}, "names a claim twice"),
        ({"signingAlgorithms": ["none"]}, "'none' is not one of ES256"),
        ({"groupsClaim": ["a", "b"], "signingAlgorithms": ["RS256"]}, "cannot go together"),
        ({"groupsClaim": "groups"}, "is not valid for type array"),
        ({"caContent": "!"}, "[caContent] is not a certificate"),
        ({"caContent": base64.b64encode(b"no certificate").decode()}, "[caContent] is not a certificate"),
    ],
)
def test_an_openid_connect_that_cannot_be(tmp_path: Path, asked: dict[str, Any], said: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        answer = await service.call("POST", f"{service.kube}/{made['id']}/openIdConnect", {**LOGIN, **asked})
        assert answer.status == 400, answer.body
        check_form(answer)
        assert said in answer.body["message"]

    serving.run(tmp_path, story)


@pytest.mark.parametrize("body", [None, {}, {"force": False}, {"force": None}, {"force": True}])
def test_a_restart_is_busy_before_the_answer_leaves(tmp_path: Path, body: dict[str, Any] | None) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        service.woken.clear()
        answer = await service.call("POST", f"{service.kube}/{made['id']}/restart", body)
        assert (answer.status, answer.body) == (200, None)
        assert await service.status(made) == "REDEPLOYING"
        assert service.woken == [f"cluster:{made['id']}"]
        async with service.records.read() as work:
            found = await work.clusters.get(clusters.ClusterId(made["id"]))
        assert found is not None
        assert (found.generation, found.at_once) == (1, bool(body and body.get("force")))

    serving.run(tmp_path, story)


def test_what_is_busy_is_not_changed(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        installing, ready = await service.order(), await service.ready()
        busy = f"{service.kube}/{ready['id']}"
        await service.call("POST", f"{busy}/restart", {})
        for cluster, said in ((installing, "INSTALLING (The cluster is being installed)"),
                              (ready, "REDEPLOYING (The API server is being restarted)")):  # fmt: skip
            for method, path, body in (
                ("PUT", "customization", OFF),
                ("POST", "openIdConnect", LOGIN),
                ("POST", "restart", {"force": True}),
            ):
                answer = await service.call(method, f"{service.kube}/{cluster['id']}/{path}", body)
                assert answer.status == 409
                check_form(answer)
                assert f"{cluster['id']} is {said}: it can be changed once it is READY" in answer.body["message"]
        assert (await service.call("PUT", f"{busy}/updatePolicy", {"updatePolicy": "NEVER_UPDATE"})).status == 200

    serving.run(tmp_path, story)


def test_an_update_policy_of_its_own_route(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        path = f"{service.kube}/{made['id']}"
        answer = await service.call("PUT", f"{path}/updatePolicy", {"updatePolicy": "MINIMAL_DOWNTIME"})
        assert (answer.status, answer.body) == (200, None)
        seen = (await service.call("GET", path)).body
        assert (seen["updatePolicy"], seen["status"]) == ("MINIMAL_DOWNTIME", "READY")
        for body in ({}, {"updatePolicy": "SOMETIMES"}):
            assert (await service.call("PUT", f"{path}/updatePolicy", body)).status == 400

    serving.run(tmp_path, story)


def test_the_usage_of_etcd_is_asked_of_what_runs(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        installing, ready = await service.order(), await service.ready()
        early = await service.call("GET", f"{service.kube}/{installing['id']}/metrics/etcdUsage")
        assert (early.status, early.body) == (200, {"quota": 400 << 20, "usage": 0})
        none = await service.call("GET", f"{service.kube}/{ready['id']}/metrics/etcdUsage")
        assert none.status == 503
        check_form(none)

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "customization"),
        ("PUT", "customization"),
        ("GET", "openIdConnect"),
        ("POST", "openIdConnect"),
        ("PUT", "openIdConnect"),
        ("DELETE", "openIdConnect"),
        ("POST", "restart"),
        ("PUT", "updatePolicy"),
        ("GET", "metrics/etcdUsage"),
    ],
)
def test_a_stranger_finds_nothing(tmp_path: Path, method: str, path: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        project, keys = await service.customer_of("zz9-local")
        body = {**LOGIN, "updatePolicy": "NEVER_UPDATE"} if method in ("POST", "PUT") else None
        for project_id in (service.project, project):
            whole = f"/cloud/project/{project_id}/kube/{made['id']}/{path}"
            assert (await service.call(method, whole, body, keys=keys)).status == 404

    serving.run(tmp_path, story)
