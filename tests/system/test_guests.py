"""HttpGuests against a real API server: what unit tests only believe about Kubernetes is proven here."""

import asyncio
import os
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steward.catalogue import addons
from steward.domain import clusters, nodepools
from steward.outside import certificates as certificates_
from steward.outside import guests as guests_
from steward.ports import certificates, guests
from tests.system import asked, loopback

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

NOW = datetime.now(UTC)
CLUSTER = clusters.ClusterId("loopback")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[asked.Cluster]:
    with loopback.running(tmp_path_factory.mktemp("plane")) as plane:
        cluster = asked.Cluster(plane)
        try:
            cluster.run(asked.installed(cluster))
            yield cluster
        finally:
            cluster.close()


def identity(name: str, **template: Any) -> guests.NodeIdentity:
    return guests.NodeIdentity(
        name=name,
        provider_id=f"steward:///{name}",
        pods="10.2.7.0/24",
        labels={"nodepool": "pool"},
        template=nodepools.Template(**template),
    )


def test_version_is_the_servers(cluster: asked.Cluster) -> None:
    assert cluster.run(cluster.guests.version(cluster.daily)).major == 1


def test_the_default_account_is_seen_with_the_daily_rights(cluster: asked.Cluster) -> None:
    assert cluster.run(cluster.guests.has_default_account(cluster.daily))


def test_a_missing_default_account_is_no_failure(cluster: asked.Cluster) -> None:
    async def story() -> None:
        await cluster.ask("DELETE", "/api/v1/namespaces/default/serviceaccounts/default")
        await cluster.guests.has_default_account(cluster.administrator)  # either answer: controllers race us
        await asked.eventually(lambda: cluster.guests.has_default_account(cluster.administrator), bool)

    cluster.run(story())


def test_all_addons_are_applied_and_a_second_time_changes_nothing(cluster: asked.Cluster) -> None:
    manifests = addons.manifests(dns_address="10.3.0.10", coredns_version="1.15.0", metrics_server_version="0.9.0")

    async def versions_of() -> dict[str, str]:
        paths = [
            "/api/v1/namespaces/kube-system/configmaps/coredns",
            "/api/v1/namespaces/kube-system/services/kube-dns",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:coredns",
            "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io",
        ]
        documents = [await cluster.ask("GET", path) for path in paths]
        deployment = await cluster.ask("GET", "/apis/apps/v1/namespaces/kube-system/deployments/coredns")
        generation = {"deployment": str(deployment["metadata"]["generation"])}
        assert deployment["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "steward"
        # Controllers write the status of these, so only what is wanted is compared.
        return generation | {each["kind"]: str(each.get("spec") or each["metadata"]["uid"]) for each in documents}

    async def story() -> None:
        await cluster.guests.apply(cluster.administrator, manifests)
        first = await versions_of()
        await cluster.guests.apply(cluster.administrator, manifests)
        assert await versions_of() == first

    cluster.run(story())


def test_applying_puts_ours_back_and_leaves_others_fields(cluster: asked.Cluster) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps/coredns"

    async def story() -> None:
        await cluster.guests.apply(cluster.administrator, addons.coredns(dns_address="10.3.0.10", version="1.15.0"))
        change = {"metadata": {"labels": {"mine": "stays"}}, "data": {"Corefile": "broken", "extra": "stays"}}
        await cluster.ask("PATCH", path, change, kind=asked.MERGE)
        await cluster.guests.apply(cluster.administrator, addons.coredns(dns_address="10.3.0.10", version="1.15.0"))
        after = await cluster.ask("GET", path)
        assert after["data"]["Corefile"].startswith(".:53 {")
        assert after["data"]["extra"] == "stays"
        assert after["metadata"]["labels"]["mine"] == "stays"

    cluster.run(story())


def test_a_namespace_and_what_stands_in_it_are_applied_in_one_call(cluster: asked.Cluster) -> None:
    manifests = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it", "namespace": "fresh"}, "data": {}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fresh"}},
    ]
    cluster.run(cluster.guests.apply(cluster.administrator, manifests))


def test_a_wrong_manifest_shows_the_apis_own_words(cluster: asked.Cluster) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "it", "namespace": "default"},
        "spec": {"clusterIP": "192.0.2.1", "ports": [{"port": 53}]},
    }
    with pytest.raises(guests.NotAnswering, match=r"was answered 422: Service .* is invalid.*192\.0\.2\.1"):
        cluster.run(cluster.guests.apply(cluster.administrator, [manifest]))


def test_the_daily_rights_are_no_more_than_nodes_and_their_pods(cluster: asked.Cluster) -> None:
    with pytest.raises(guests.NotAnswering, match=r"403: .*steward:3.2.2-4:nodes.* cannot patch resource"):
        cluster.run(cluster.guests.apply(cluster.daily, addons.rights()))


def test_a_node_is_made_closed_to_pods_until_its_kubelet_reports(cluster: asked.Cluster) -> None:
    taint = nodepools.Taint(key="gpu", value="yes", effect="NoSchedule")
    made = identity("made", labels={"a": "1"}, annotations={"b": "2"}, taints=(taint,), finalizers=("own.org/x",))

    async def story() -> None:
        await cluster.guests.register_node(cluster.daily, made)
        node = await cluster.node("made")
        assert node["metadata"]["labels"] == {"a": "1", "nodepool": "pool"}
        assert node["metadata"]["annotations"]["b"] == "2"
        assert node["metadata"]["finalizers"] == ["own.org/x"]
        assert node["spec"]["providerID"] == "steward:///made"
        assert node["spec"]["podCIDRs"] == ["10.2.7.0/24"]
        await asyncio.sleep(1)  # time for the controllers to do what they should not
        node = await cluster.node("made")
        taints = {(each["key"], each["effect"]) for each in node["spec"]["taints"]}
        assert {("gpu", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoSchedule")} <= taints
        (seen,) = [each for each in await cluster.guests.nodes(cluster.daily) if each.name == "made"]
        assert not seen.ready
        assert not seen.unschedulable
        ready = {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "posted"}]}
        await cluster.ask("PATCH", "/api/v1/nodes/made/status", {"status": ready}, kind=asked.MERGE)
        await asked.eventually(
            lambda: cluster.node("made"),
            lambda node: [each["key"] for each in node["spec"]["taints"] if each["effect"] == "NoSchedule"] == ["gpu"],
        )
        await cluster.guests.register_node(cluster.daily, replace(made, template=nodepools.Template()))
        await cluster.guests.remove_node(cluster.daily, "made")
        assert "made" not in [each.name for each in await cluster.guests.nodes(cluster.daily)]

    cluster.run(story())


def test_registering_again_without_a_change_writes_nothing(cluster: asked.Cluster) -> None:
    same = identity("same", labels={"a": "1"}, taints=(nodepools.Taint(key="t", value="", effect="NoExecute"),))

    async def stable() -> str:
        first = (await cluster.node("same"))["metadata"]["resourceVersion"]
        await asyncio.sleep(0.5)
        second = (await cluster.node("same"))["metadata"]["resourceVersion"]
        return first if first == second else ""

    async def story() -> None:
        await cluster.guests.register_node(cluster.daily, same)
        before = await asked.eventually(stable, bool)
        await cluster.guests.register_node(cluster.daily, same)
        assert (await cluster.node("same"))["metadata"]["resourceVersion"] == before
        await cluster.guests.remove_node(cluster.daily, "same")

    cluster.run(story())


def test_a_changed_template_reaches_a_node_and_others_entries_stay(cluster: asked.Cluster) -> None:
    taint = nodepools.Taint(key="ours", value="1", effect="NoSchedule")
    before = identity("old", labels={"keep": "1", "drop": "1"}, annotations={"gone": "x"}, taints=(taint,))
    other = nodepools.Taint(key="ours", value="2", effect="NoSchedule")
    after = identity("old", labels={"keep": "2"}, taints=(other,), unschedulable=True, finalizers=("own.org/y",))

    async def story() -> None:
        await cluster.guests.register_node(cluster.daily, before)
        node = await cluster.node("old")
        theirs = {"key": "theirs", "value": "z", "effect": "PreferNoSchedule"}
        change = {"labels": {"theirs": "1"}, "annotations": {"theirs": "1"}, "finalizers": ["theirs.org/z"]}
        await cluster.patch_node("old", {"metadata": change, "spec": {"taints": [*node["spec"]["taints"], theirs]}})
        await cluster.guests.register_node(cluster.daily, after)
        node = await cluster.node("old")
        assert node["metadata"]["labels"] == {"keep": "2", "nodepool": "pool", "theirs": "1"}
        assert "gone" not in node["metadata"]["annotations"]
        assert node["metadata"]["annotations"]["theirs"] == "1"
        assert node["metadata"]["finalizers"] == ["theirs.org/z", "own.org/y"]
        taints = {each["key"]: each.get("value", "") for each in node["spec"]["taints"]}
        assert taints["ours"] == "2"
        assert taints["theirs"] == "z"
        assert node["spec"]["unschedulable"]
        await cluster.guests.register_node(cluster.daily, identity("old"))
        node = await cluster.node("old")
        assert "unschedulable" not in node["spec"]
        assert "ours" not in {each["key"] for each in node["spec"]["taints"]}
        assert node["metadata"]["finalizers"] == ["theirs.org/z"]
        await cluster.patch_node("old", {"metadata": {"finalizers": None}})
        await cluster.guests.remove_node(cluster.daily, "old")

    cluster.run(story())


def test_a_node_that_its_kubelet_made_first_is_completed(cluster: asked.Cluster) -> None:
    async def story() -> None:
        await cluster.ask("POST", "/api/v1/nodes", {"metadata": {"name": "first", "labels": {"own": "1"}}})
        await cluster.guests.register_node(cluster.daily, identity("first"))
        node = await cluster.node("first")
        assert node["spec"]["podCIDR"] == "10.2.7.0/24"
        assert node["spec"]["providerID"] == "steward:///first"
        assert node["metadata"]["labels"] == {"own": "1", "nodepool": "pool"}
        await cluster.guests.remove_node(cluster.daily, "first")

    cluster.run(story())


def test_another_pod_range_for_a_node_is_refused_in_the_apis_words(cluster: asked.Cluster) -> None:
    async def story() -> None:
        await cluster.guests.register_node(cluster.daily, identity("fixed"))
        await cluster.guests.register_node(cluster.daily, replace(identity("fixed"), pods="10.2.8.0/24"))

    with pytest.raises(guests.NotAnswering, match=r"422: .*node updates may not change podCIDR"):
        cluster.run(story())
    cluster.run(cluster.guests.remove_node(cluster.daily, "fixed"))


def test_many_writers_of_one_node_all_come_through(cluster: asked.Cluster) -> None:
    async def story() -> None:
        taints = tuple(nodepools.Taint(key=f"t{number}", value="", effect="NoSchedule") for number in range(3))
        await cluster.guests.register_node(cluster.daily, identity("busy"))
        wanted = identity("busy", taints=taints)
        await asyncio.gather(*(cluster.guests.register_node(cluster.daily, wanted) for _ in range(4)))
        keys = [each["key"] for each in (await cluster.node("busy"))["spec"]["taints"]]
        assert [key for key in keys if key.startswith("t")] == ["t0", "t1", "t2"]
        await cluster.guests.remove_node(cluster.daily, "busy")

    cluster.run(story())


def test_removing_a_node_that_is_gone_is_fine(cluster: asked.Cluster) -> None:
    cluster.run(cluster.guests.remove_node(cluster.daily, "never-was"))


def drained(cluster: asked.Cluster, node: str, *, force: bool = False) -> Awaitable[guests.Draining]:
    return cluster.guests.drain(cluster.daily, node, since=NOW, force=force)


def test_draining_asks_pods_to_leave_and_says_which_still_stand(cluster: asked.Cluster) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "1", "controller": True}

    async def story() -> None:
        await cluster.guests.register_node(cluster.daily, identity("full"))
        await cluster.pod("plain", "full")
        await cluster.pod("stays", "full", ownerReferences=[owner])
        await cluster.pod("mirror", "full", annotations={"kubernetes.io/config.mirror": "x"})
        await cluster.pod("finished", "full")
        await cluster.started("plain")
        await cluster.started("finished", "Succeeded")
        assert await drained(cluster, "full") == guests.Draining(left=["default/plain"])
        assert (await cluster.node("full"))["spec"]["unschedulable"]
        pod = await cluster.ask("GET", "/api/v1/namespaces/default/pods/plain")
        assert "deletionTimestamp" in pod["metadata"]
        # No kubelet here: asked to leave, it stands until somebody deletes it for good.
        assert (await drained(cluster, "full")).left == ["default/plain"]
        await cluster.ask("DELETE", "/api/v1/namespaces/default/pods/plain", {"gracePeriodSeconds": 0})
        assert await drained(cluster, "full") == guests.Draining(left=[])
        await cluster.guests.remove_node(cluster.daily, "full")

    cluster.run(story())


def test_a_disruption_budget_holds_a_pod_back_and_force_does_not_ask_it(cluster: asked.Cluster) -> None:
    budget = {
        "metadata": {"name": "keep"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

    async def story() -> None:
        await cluster.guests.register_node(cluster.daily, identity("held"))
        await cluster.pod("web", "held", app="web")
        await cluster.started("web")
        await cluster.ask("POST", budgets, budget)
        seen = lambda found: found.get("status", {}).get("observedGeneration") == 1  # noqa: E731
        await asked.eventually(lambda: cluster.ask("GET", f"{budgets}/keep"), seen)
        answer = await drained(cluster, "held")
        assert answer.left == ["default/web"]
        assert "default/web may not leave: The disruption budget keep needs 1 healthy pods" in answer.held_back
        forced = await drained(cluster, "held", force=True)
        assert forced == guests.Draining(left=["default/web"])
        pod = await cluster.ask("GET", "/api/v1/namespaces/default/pods/web")
        assert pod["metadata"]["deletionGracePeriodSeconds"] == guests_.FORCED_GRACE_SECONDS
        later = guests_.HttpGuests(loopback.Ahead(timedelta(minutes=1)), cluster.lines)
        last = await later.drain(cluster.daily, "held", since=NOW, force=True)
        assert last == guests.Draining(left=[])
        assert await drained(cluster, "held") == guests.Draining(left=[])
        await cluster.ask("DELETE", f"{budgets}/keep")
        await cluster.guests.remove_node(cluster.daily, "held")

    cluster.run(story())


def test_draining_a_node_that_is_gone_leaves_nothing(cluster: asked.Cluster) -> None:
    assert cluster.run(_drained(cluster, "never-was")) == guests.Draining(left=[])


async def _drained(cluster: asked.Cluster, node: str) -> guests.Draining:
    return await drained(cluster, node)


def test_a_certificate_of_another_authority_is_not_served(cluster: asked.Cluster) -> None:
    stranger = cluster.plane.access("x", "system:masters", authority=cluster.plane.maker.authority("other"))
    with pytest.raises(guests.NotAnswering, match="401: Unauthorized"):
        cluster.run(cluster.guests.nodes(stranger))


def test_an_expired_certificate_is_not_served(cluster: asked.Cluster) -> None:
    past = certificates_.EllipticCertificates(loopback.Ahead(timedelta(days=-2)))
    request = certificates.Request(common_name="x", organizations=["system:masters"], valid_for=timedelta(days=1))
    expired = cluster.plane.access_with(past.issue(cluster.plane.authority, request))
    with pytest.raises(guests.NotAnswering, match="401: Unauthorized"):
        cluster.run(cluster.guests.version(expired))


def test_a_server_of_another_authority_is_not_trusted(cluster: asked.Cluster) -> None:
    wrong = replace(cluster.daily, authority=cluster.plane.maker.authority("kubernetes").certificate)
    with pytest.raises(guests.NotAnswering, match=r"GET https://127.0.0.1.* failed: .*certificate verify failed"):
        cluster.run(cluster.guests.version(wrong))


def test_a_port_where_nobody_listens_is_told_as_such(cluster: asked.Cluster) -> None:
    nobody = replace(cluster.daily, server="https://127.0.0.1:1")
    with pytest.raises(guests.NotAnswering, match=r"GET https://127.0.0.1:1/version failed: "):
        cluster.run(cluster.guests.version(nobody))


def test_forgetting_closes_the_connections(cluster: asked.Cluster) -> None:
    def sockets() -> int:
        links = [os.path.join("/proc/self/fd", each) for each in os.listdir("/proc/self/fd")]
        return sum(1 for link in links if os.path.lexists(link) and os.readlink(link).startswith("socket:"))

    async def story() -> None:
        await cluster.guests.forget(CLUSTER)
        before = sockets()
        await asyncio.gather(*(cluster.guests.nodes(cluster.daily) for _ in range(4)))
        assert sockets() > before
        await cluster.guests.forget(CLUSTER)
        assert sockets() == before
        assert await cluster.guests.version(cluster.daily)

    cluster.run(story())


def test_a_server_that_was_started_again_is_found_again(cluster: asked.Cluster) -> None:
    plane = cluster.plane

    async def story() -> None:
        assert await cluster.guests.version(cluster.daily)
        plane.restart_api_server()
        await asked.eventually(lambda: cluster.guests.version(cluster.daily), bool)

    cluster.run(story())
