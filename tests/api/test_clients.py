"""What real clients send, to the letter, and what they need in the answers: Terraform, the CLI, the autoscaler."""

from pathlib import Path
from typing import Any

import pytest

from tests.api import serving

CLUSTER = {
    "region": "LOCAL1",
    "name": "shop",
    "version": "1.36",
    "customization": {"apiServer": {"admissionPlugins": {}}, "kubeProxy": {"iptables": {}, "ipvs": {}}},
    "privateNetworkConfiguration": {"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": False},
}
POOL = {
    "name": "web", "flavorName": "b2-7", "desiredNodes": 2, "minNodes": 1, "maxNodes": 5, "antiAffinity": False,
    "autoscale": False, "monthlyBilled": False, "autoscaling": {}, "availabilityZones": [],
    "template": {
        "metadata": {"annotations": {}, "finalizers": [], "labels": {}},
        "spec": {"taints": [], "unschedulable": False},
    },
}  # fmt: skip
# What Terraform's waiters go on waiting for; any other word ends the run with an error.
AFTER_CREATION = {"INSTALLING", "UNKNOWN"}
AFTER_CUSTOMIZATION = {"UPDATING", "REDEPLOYING", "RESETTING"}
AFTER_SIGN_IN = {"INSTALLING", "UPDATING", "REDEPLOYING"}
AFTER_SIGN_IN_ENDS = {"REDEPLOYING", "UPDATING"}
AFTER_RESTRICTIONS = {"REDEPLOYING", "RESETTING", "READY"}
AFTER_POOL = {"INSTALLING", "UPDATING", "REDEPLOYING", "RESIZING", "DOWNSCALING", "UPSCALING", "UNKNOWN", "READY"}


async def status(service: serving.Service, path: str) -> str:
    answer = await service.call("GET", path)
    assert answer.status == 200, answer.text
    return str(answer.body["status"])


async def changed(service: serving.Service, method: str, path: str, body: Any = None) -> Any:
    """A second later than the last write; the answer of one that was accepted."""
    await service.clock.sleep(1)
    answer = await service.call(method, path, body)
    assert answer.status == 200, answer.text
    return answer.body


def test_terraform_configures_itself_and_makes_a_cluster(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        assert isinstance((await service.call("GET", "/auth/time")).body, int)
        assert (await service.call("GET", "/auth/details")).body["account"] == "ab1-local"
        made = await changed(service, "POST", service.kube, CLUSTER)
        path = f"{service.kube}/{made['id']}"
        found = (await service.call("GET", path)).body
        assert found["status"] in AFTER_CREATION
        assert found["version"].rpartition(".")[0] == "1.36"
        assert isinstance(found["customization"]["apiServer"]["admissionPlugins"], dict)
        early = await service.call("POST", f"{path}/nodepool", POOL)
        assert early.status == 409  # Terraform waits for READY before it orders a pool
        await changed(service, "DELETE", path)
        assert await status(service, path) == "DELETING"

    serving.run(tmp_path, story)


def test_terraform_makes_a_pool(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready(**CLUSTER))['id']}"
        pool = await changed(service, "POST", f"{path}/nodepool", POOL)
        assert pool["status"] in AFTER_POOL
        assert (await service.call("GET", f"{path}/nodepool/{pool['id']}")).body["template"] == POOL["template"]
        await changed(service, "DELETE", f"{path}/nodepool/{pool['id']}")
        assert await status(service, f"{path}/nodepool/{pool['id']}") == "DELETING"

    serving.run(tmp_path, story)


def test_terraform_changes_one_branch_and_waits(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready(**CLUSTER))['id']}"
        sent = {"kubeProxy": {"iptables": {"minSyncPeriod": "PT30S", "syncPeriod": "PT30S"}}}
        told = await changed(service, "PUT", f"{path}/customization", sent)
        assert isinstance(told["message"], str)
        assert await status(service, path) in AFTER_CUSTOMIZATION
        kept = (await service.call("GET", f"{path}/customization")).body
        assert kept["kubeProxy"]["iptables"]["syncPeriod"] == "PT30S"
        assert kept["apiServer"]["admissionPlugins"]["enabled"] == ["AlwaysPullImages", "NodeRestriction"]

    serving.run(tmp_path, story)


def test_terraform_signs_people_in_and_ends_that(tmp_path: Path) -> None:
    """What is not set comes as empty texts and lists."""
    sent = {
        "clientId": "shop", "issuerUrl": "https://login.example", "usernameClaim": "", "usernamePrefix": "",
        "groupsClaim": [], "groupsPrefix": "", "requiredClaim": [], "signingAlgorithms": [], "caContent": "",
    }  # fmt: skip

    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready())['id']}"
        await changed(service, "POST", f"{path}/openIdConnect", sent)
        assert await status(service, path) in AFTER_SIGN_IN
        found = (await service.call("GET", f"{path}/openIdConnect")).body
        assert (found["clientId"], found["issuerUrl"]) == ("shop", "https://login.example")

    serving.run(tmp_path, story)


def test_terraform_ends_signing_in(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        path = f"{service.kube}/{made['id']}"
        sent = {"clientId": "shop", "issuerUrl": "https://login.example"}
        await changed(service, "POST", f"{path}/openIdConnect", sent)
        await service.settle(made["id"])
        await changed(service, "DELETE", f"{path}/openIdConnect")
        assert await status(service, path) in AFTER_SIGN_IN_ENDS

    serving.run(tmp_path, story)


@pytest.mark.parametrize("ips", [["10.0.0.0/8", "192.0.2.7/32"], []])
def test_terraform_replaces_restrictions(tmp_path: Path, ips: list[str]) -> None:
    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready())['id']}"
        answered = await changed(service, "PUT", f"{path}/ipRestrictions", {"ips": ips})
        assert sorted(answered) == sorted(ips)
        assert await status(service, path) in AFTER_RESTRICTIONS

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [("PUT", "", {"name": "other"}), ("PUT", "/updatePolicy", {"updatePolicy": "NEVER_UPDATE"})],
)
def test_what_terraform_does_not_wait_for_leaves_the_cluster_ready(
    tmp_path: Path, method: str, below: str, body: dict[str, str]
) -> None:
    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready())['id']}"
        assert await changed(service, method, f"{path}{below}", body) is None
        found = (await service.call("GET", path)).body
        assert found["status"] == "READY"
        assert {name: found[name] for name in body} == body

    serving.run(tmp_path, story)


def test_the_autoscaler_grows_and_shrinks_a_pool(tmp_path: Path) -> None:
    """It decodes the answer to the PUT and reads the status there; it names nodes by their providers' ids."""

    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready(nodepools=[POOL | {'autoscale': True}]))['id']}"
        (pool,) = (await service.call("GET", f"{path}/nodepool")).body
        assert (pool["autoscale"], pool["minNodes"], pool["maxNodes"], pool["currentNodes"]) == (True, 1, 5, 2)
        flavors = {each["name"]: each for each in (await service.call("GET", f"{path}/flavors")).body}
        assert flavors[pool["flavor"]]["ram"] == 7
        grown = await changed(service, "PUT", f"{path}/nodepool/{pool['id']}", {"desiredNodes": 3})
        assert (grown["status"], grown["desiredNodes"]) == ("UPSCALING", 3)
        nodes = (await service.call("GET", f"{path}/nodepool/{pool['id']}/nodes")).body
        leaving = {"desiredNodes": 1, "nodesToRemove": [f"openstack:///{nodes[0]['instanceId']}"]}
        shrunk = await changed(service, "PUT", f"{path}/nodepool/{pool['id']}", leaving)
        assert shrunk["desiredNodes"] == 1
        assert shrunk["status"] in AFTER_POOL

    serving.run(tmp_path, story)


def test_the_command_line_sends_back_what_it_read(tmp_path: Path) -> None:
    """`edit` reads a pool or a cluster, and sends every field that can be written, nulls included."""

    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready(nodepools=[POOL]))['id']}"
        found = (await service.call("GET", path)).body
        await changed(service, "PUT", path, {"name": found["name"], "updatePolicy": found["updatePolicy"]})
        (pool,) = (await service.call("GET", f"{path}/nodepool")).body
        writable = ("attachFloatingIps", "autoscale", "autoscaling", "desiredNodes", "maxNodes", "minNodes", "template")
        sent = {name: pool[name] for name in writable} | {"nodesToRemove": None, "desiredNodes": 3}
        edited = await changed(service, "PUT", f"{path}/nodepool/{pool['id']}", sent)
        assert edited["desiredNodes"] == 3
        assert {name: edited[name] for name in ("autoscaling", "template", "minNodes")} == {
            name: pool[name] for name in ("autoscaling", "template", "minNodes")
        }

    serving.run(tmp_path, story)


@pytest.mark.parametrize("body", [None, {}])
def test_orders_without_a_body_and_with_an_empty_one(tmp_path: Path, body: Any) -> None:
    async def story(service: serving.Service) -> None:
        path = f"{service.kube}/{(await service.ready())['id']}"
        assert (await changed(service, "POST", f"{path}/kubeconfig", body))["content"].startswith("apiVersion")
        assert (await changed(service, "POST", f"{path}/auditLogs", body))["url"].startswith("http")

    serving.run(tmp_path, story)
