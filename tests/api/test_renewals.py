"""Updates, new keys and resets on the wire: what is answered, what is refused, and the words that clients wait for."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from steward.domain import clusters, nodes, versions
from tests.api import serving
from tests.api.test_bad_input import check_form

OLD: dict[str, Any] = {"version": "1.36", "nodepools": [{"flavorName": "d2-4"}]}


async def words(service: serving.Service, made: dict[str, Any]) -> tuple[str, set[str]]:
    """Of the cluster, and of its pools."""
    path = f"{service.kube}/{made['id']}"
    pools = (await service.call("GET", f"{path}/nodepool")).body
    return (await service.call("GET", path)).body["status"], {each["status"] for each in pools}


async def stored(service: serving.Service, made: dict[str, Any]) -> clusters.Cluster:
    async with service.records.read() as work:
        found = await work.clusters.get(clusters.ClusterId(made["id"]))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("update", {"strategy": "NEXT_MINOR", "force": True}, "UPDATING"),
        ("kubeconfig/reset", None, "REDEPLOYING"),
        ("reset", {}, "RESETTING"),
        ("reset", None, "RESETTING"),
        ("reset", {"workerNodesPolicy": "reinstall", "version": "1.37", "name": "again"}, "RESETTING"),
    ],
)
def test_the_busy_word_stands_before_the_answer_leaves(
    tmp_path: Path, path: str, body: dict[str, Any] | None, word: str
) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(**OLD)
        own = f"{service.kube}/{made['id']}"
        answer = await service.call("POST", f"{own}/{path}", body)
        assert (answer.status, answer.body) == (200, None)
        assert await words(service, made) == (word, {word})
        await service.clock.sleep(1)
        again = await service.call("POST", f"{own}/{path}", body)
        assert (again.status, again.body["class"]) == (409, "Client::Conflict")
        assert f"is {word}" in again.body["message"]
        check_form(again)

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("version", "body", "status", "told"),
    [
        ("1.37", {}, 409, "no later patch of 1.37 is offered"),
        ("1.36", {"strategy": "LATEST_PATCH"}, 409, "no later patch of 1.36 is offered"),
        ("1.37", {"strategy": "NEXT_MINOR"}, 409, "no later minor version is offered"),
        ("1.36", {"strategy": "DOWN"}, 400, "Body parameter strategy isn't formated correctly"),
        ("1.36", {"strategy": 7}, 400, ""),
        ("1.36", {"force": "yes"}, 400, ""),
    ],
)
def test_what_cannot_be_updated_is_refused(
    tmp_path: Path, version: str, body: dict[str, Any], status: int, told: str
) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(**{**OLD, "version": version})
        answer = await service.call("POST", f"{service.kube}/{made['id']}/update", body)
        assert answer.status == status, answer.body
        assert told in answer.body["message"]
        check_form(answer)
        assert (await words(service, made))[0] == "READY"

    serving.run(tmp_path, story)


def test_the_policy_refuses_in_ovhclouds_words(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(**OLD, updatePolicy="NEVER_UPDATE")
        answer = await service.call("POST", f"{service.kube}/{made['id']}/update", {"strategy": "NEXT_MINOR"})
        assert (answer.status, answer.body["class"]) == (409, "Client::Conflict")
        told = f"409: Update aborted for service {made['id']} because of policy NEVER_UPDATE (request ID: "
        assert answer.body["message"].startswith(told)

    serving.run(tmp_path, story)


def test_a_node_that_is_behind_keeps_the_next_minor_version_away(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(**OLD)
        async with service.records.begin() as work:
            (node, *_) = await work.nodes.of_cluster(clusters.ClusterId(made["id"]))
            old = dataclasses.replace(node, installed_version=versions.Version(1, 35, 4))
            await work.nodes.save(old)
        answer = await service.call("POST", f"{service.kube}/{made['id']}/update", {"strategy": "NEXT_MINOR"})
        assert (answer.status, f"{old.name} (1.35.4)" in answer.body["message"]) == (409, True)
        seen = (await service.call("GET", f"{service.kube}/{made['id']}/node/{old.id}")).body
        assert (seen["version"], seen["isUpToDate"]) == ("1.35.4", False)

    serving.run(tmp_path, story)


def test_the_old_kubeconfig_is_handed_out_no_more(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        async with service.records.begin() as work:
            await work.secrets.put(made["id"], "admin-kubeconfig", b"the old one")
        path = f"{service.kube}/{made['id']}/kubeconfig"
        assert (await service.call("POST", path)).body == {"content": "the old one"}
        await service.call("POST", f"{path}/reset", {})
        await service.clock.sleep(1)
        assert (await service.call("POST", path)).status == 409
        assert (await stored(service, made)).node_generation == 1

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"workerNodesPolicy": "keep"}, "workerNodesPolicy"),
        ({"version": "1.1"}, "1.1"),
        ({"updatePolicy": "LATER"}, "updatePolicy"),
        ({"kubeProxyMode": "ebpf"}, "kubeProxyMode"),
        ({"ipAllocationPolicy": {"podsIpv4Cidr": "10.8.0.0/16"}}, "standard plan"),
        ({"customization": {"apiServer": {"admissionPlugins": {"disabled": ["NodeRestriction"]}}}}, "NodeRestriction"),
        ({"privateNetworkId": "pn-1"}, "uuid"),
        ({"privateNetworkId": "11111111-2222-4333-8444-555555555555"}, "does not exist"),
        ({"nodesSubnetId": "11111111-2222-4333-8444-555555555555"}, "only together with privateNetworkId"),
        ({"privateNetworkConfiguration": {"privateNetworkRoutingAsDefault": True}}, "needs privateNetworkId"),
        ({"name": 5}, ""),
    ],
)
def test_a_reset_that_is_wrong_is_refused(tmp_path: Path, body: dict[str, Any], told: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        before = await stored(service, made)
        answer = await service.call("POST", f"{service.kube}/{made['id']}/reset", body)
        assert answer.status == 400, answer.body
        assert told in answer.body["message"]
        check_form(answer)
        assert await stored(service, made) == before

    serving.run(tmp_path, story)


def test_a_reset_takes_all_of_its_parameters(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(plan="standard", nodepools=[{"flavorName": "d2-4"}])
        body = {
            "name": "again",
            "version": "1.36",
            "updatePolicy": "MINIMAL_DOWNTIME",
            "kubeProxyMode": "ipvs",
            "customization": {"kubeProxy": {"ipvs": {"scheduler": "rr", "syncPeriod": "PT40S"}}},
            "ipAllocationPolicy": {"podsIpv4Cidr": "172.16.0.0/16", "servicesIpv4Cidr": "172.20.0.0/16"},
            "privateNetworkConfiguration": {"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": False},
            "workerNodesPolicy": "delete",
        }
        assert (await service.call("POST", f"{service.kube}/{made['id']}/reset", body)).status == 200
        seen = (await service.call("GET", f"{service.kube}/{made['id']}")).body
        for field in ("name", "updatePolicy", "kubeProxyMode", "ipAllocationPolicy"):
            assert seen[field] == body[field]
        assert seen["customization"]["kubeProxy"] == {"iptables": {}, **body["customization"]["kubeProxy"]}  # type: ignore[index, dict-item]
        assert (await stored(service, made)).version == versions.Version(1, 36, 3)
        members = (await service.call("GET", f"{service.kube}/{made['id']}/node")).body
        assert {each["status"] for each in members} <= {nodes.Status.DELETING.value}
        pools = (await service.call("GET", f"{service.kube}/{made['id']}/nodepool")).body
        assert {each["desiredNodes"] for each in pools} == {0}

    serving.run(tmp_path, story)


@pytest.mark.parametrize("path", ["update", "kubeconfig/reset", "reset"])
def test_what_is_anothers_is_not_there(tmp_path: Path, path: str) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready()
        other, keys = await service.customer_of("zz9-other")
        own = service.kube.replace(made["id"], "")
        answer = await service.call("POST", f"{own}/{made['id']}/{path}", {}, keys=keys)
        assert answer.status == 404
        assert other not in answer.body["message"]

    serving.run(tmp_path, story)
