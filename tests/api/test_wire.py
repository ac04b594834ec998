"""The wire contract: every field of every model, the words of the state table, `null` for void."""

import asyncio
import re
from pathlib import Path

import pytest

from steward.domain import clusters, progress
from tests.api import serving
from tests.api.models import check_model

CLUSTER = {
    "id": str, "region": str, "name": str, "url": str, "nodesUrl": str, "version": str, "nextUpgradeVersions": list,
    "plan": str, "kubeProxyMode": str, "customization": dict, "status": str, "updatePolicy": str, "isUpToDate": bool,
    "controlPlaneIsUpToDate": bool, "auditLogsSubscribed": bool, "privateNetworkId": None, "nodesSubnetId": None,
    "loadBalancersSubnetId": None, "privateNetworkConfiguration": None, "ipAllocationPolicy": None,
    "createdAt": str, "updatedAt": str,
}  # fmt: skip
POOL = {
    "id": str, "projectId": str, "name": str, "flavor": str, "status": str, "sizeStatus": str, "autoscale": bool,
    "monthlyBilled": bool, "antiAffinity": bool, "desiredNodes": int, "minNodes": int, "maxNodes": int,
    "currentNodes": int, "availableNodes": int, "upToDateNodes": int, "autoscaling": dict, "template": dict,
    "availabilityZones": list, "attachFloatingIps": None, "createdAt": str, "updatedAt": str,
}  # fmt: skip
NODE = {
    "id": str, "projectId": str, "nodePoolId": str, "name": str, "instanceId": str, "flavor": str, "version": str,
    "isUpToDate": bool, "status": str, "createdAt": str, "updatedAt": str, "deployedAt": str, "deletedAt": None,
}  # fmt: skip
FLAVOR = {"name": str, "category": str, "state": str, "vCPUs": int, "gpus": int, "ram": int}
PROJECT = {
    "project_id": str, "projectName": None, "description": str, "planCode": str, "status": str, "access": str,
    "creationDate": str, "expiration": None, "orderId": None, "unleash": bool, "manualQuota": bool, "iam": dict,
}  # fmt: skip
REGION = {
    "name": str, "type": str, "status": str, "continentCode": str, "countryCode": str, "datacenterLocation": str,
    "availabilityZones": list, "ipCountries": list, "services": list,
}  # fmt: skip

# What terraform-provider-ovh sends for the smallest cluster and pool.
TERRAFORM_CLUSTER = {
    "region": "LOCAL1",
    "customization": {"apiServer": {"admissionPlugins": {}}, "kubeProxy": {"iptables": {}, "ipvs": {}}},
    "privateNetworkConfiguration": {"defaultVrackGateway": "", "privateNetworkRoutingAsDefault": False},
}
TERRAFORM_POOL = {
    "flavorName": "b2-7", "name": "web", "desiredNodes": 2, "antiAffinity": False, "autoscale": False,
    "monthlyBilled": False, "autoscaling": {}, "availabilityZones": [], "attachFloatingIps": {"enabled": False},
    "template": {
        "metadata": {"annotations": {}, "finalizers": [], "labels": {}},
        "spec": {"taints": [], "unschedulable": False},
    },
}  # fmt: skip


def test_a_cluster_as_terraform_orders_it(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.call("POST", service.kube, TERRAFORM_CLUSTER)
        assert made.status == 200
        check_model(made.body, CLUSTER)
        assert made.body["status"] == "INSTALLING"
        assert (made.body["url"], made.body["nodesUrl"]) == ("100.64.0.2:6443", "100.65.0.1")
        assert made.body["customization"] == {
            "apiServer": {"admissionPlugins": {"enabled": ["AlwaysPullImages", "NodeRestriction"], "disabled": []}},
            "kubeProxy": {"iptables": {}, "ipvs": {}},
        }
        assert (await service.call("GET", service.kube)).body == [made.body["id"]]
        one = await service.call("GET", f"{service.kube}/{made.body['id']}", prefix="/v1")
        assert one.body == made.body
        assert "x-steward-ignored-fields" not in made.headers
        for name, value in (
            ("access-control-allow-origin", "*"),
            ("cache-control", "no-cache, no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-type", "application/json; charset=utf-8"),
        ):
            assert one.headers[name] == value
        assert re.fullmatch(r"LOCAL\.ext-1\.[0-9a-f]{8}\.\d+\.[0-9a-f]{32}", one.headers["x-ovh-queryid"])

    serving.run(tmp_path, story)


def test_pools_ordered_with_the_cluster(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order(nodepool=TERRAFORM_POOL, nodepools=[{"flavorName": "d2-4"}])
        pools = (await service.call("GET", f"{service.kube}/{made['id']}/nodepool")).body
        for each in pools:
            check_model(each, POOL)
            assert (each["status"], each["sizeStatus"]) == ("INSTALLING", "UNDER_CAPACITY")
        assert sorted(each["currentNodes"] for each in pools) == [1, 2]
        web = next(each for each in pools if each["name"] == "web")
        assert web["template"] == TERRAFORM_POOL["template"]
        assert web["autoscaling"] == {
            "scaleDownUnneededTimeSeconds": 600,
            "scaleDownUnreadyTimeSeconds": 1200,
            "scaleDownUtilizationThreshold": 0.5,
        }
        assert len(service.woken) == 3

    serving.run(tmp_path, story)


def test_standard_answers_its_ranges(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order(plan="standard", nodepools=[{"flavorName": "d2-4"}], version="1.36")
        assert made["ipAllocationPolicy"] == {"podsIpv4Cidr": "10.240.0.0/13", "servicesIpv4Cidr": "10.3.0.0/16"}
        assert (made["version"], made["nextUpgradeVersions"], made["isUpToDate"]) == ("1.36.3", ["1.37"], True)
        (pool,) = (await service.call("GET", f"{service.kube}/{made['id']}/nodepool")).body
        assert pool["attachFloatingIps"] == {"enabled": False}

    serving.run(tmp_path, story)


def test_a_ready_cluster_and_its_nodes(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(nodepool=TERRAFORM_POOL)
        kube = f"{service.kube}/{made['id']}"
        found = (await service.call("GET", kube)).body
        check_model(found, CLUSTER)
        assert (found["status"], found["nodesUrl"]) == ("READY", "100.65.0.10")
        (pool,) = (await service.call("GET", f"{kube}/nodepool")).body
        assert (pool["status"], pool["sizeStatus"], pool["availableNodes"]) == ("READY", "CAPACITY_OK", 2)
        nodes = (await service.call("GET", f"{kube}/node")).body
        assert nodes == (await service.call("GET", f"{kube}/nodepool/{pool['id']}/nodes")).body
        for each in nodes:
            check_model(each, NODE)
            assert each["status"] == "READY"
            assert re.fullmatch(r"web-node-[0-9a-f]{6}", each["name"])
            assert (await service.call("GET", f"{kube}/node/{each['id']}")).body == each
        assert (await service.call("GET", f"{kube}/node?history=true")).body == []
        config = await service.call("POST", f"{kube}/kubeconfig")
        assert config.body == {"content": "apiVersion: v1\nkind: Config\n"}
        await service.clock.sleep(1)
        assert (await service.call("POST", f"{kube}/kubeconfig", {})).body == config.body

    serving.run(tmp_path, story)


def test_pools_are_resized_and_answered(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(nodepool=TERRAFORM_POOL)
        pools = f"{service.kube}/{made['id']}/nodepool"
        (pool,) = (await service.call("GET", pools)).body
        body = {"desiredNodes": 3, "flavorName": "b2-7", "name": "web", "antiAffinity": False}
        grown = await service.call("PUT", f"{pools}/{pool['id']}", body)
        check_model(grown.body, POOL)
        assert (grown.body["status"], grown.body["desiredNodes"]) == ("UPSCALING", 3)
        assert grown.headers["x-steward-ignored-fields"] == "flavorName, name, antiAffinity"
        nodes = (await service.call("GET", f"{pools}/{pool['id']}/nodes")).body
        named = [f"openstack:///{nodes[0]['instanceId']}"]
        shrunk = await service.call("PUT", f"{pools}/{pool['id']}", {"desiredNodes": 1, "nodesToRemove": named})
        assert (shrunk.body["status"], shrunk.body["sizeStatus"]) == ("DOWNSCALING", "OVER_CAPACITY")
        too_small = await service.call("PUT", f"{pools}/{pool['id']}", {"maxNodes": 0})
        assert too_small.status == 400
        fresh = await service.call("POST", pools, {"flavorName": "d2-4", "desiredNodes": 0})
        check_model(fresh.body, POOL)
        assert (fresh.body["status"], fresh.body["sizeStatus"]) == ("INSTALLING", "CAPACITY_OK")
        double = await service.call("POST", pools, {"flavorName": "d2-4", "name": "web"})
        assert (double.status, double.body["class"]) == (409, "Client::Conflict")
        assert (await service.call("DELETE", f"{pools}/{fresh.body['id']}")).text == "null"
        gone = await service.call("GET", f"{pools}/{fresh.body['id']}")
        assert gone.body["status"] == "DELETING"

    serving.run(tmp_path, story)


def test_void_is_null(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.ready(nodepool=TERRAFORM_POOL)
        kube = f"{service.kube}/{made['id']}"
        (node, _) = (await service.call("GET", f"{kube}/node")).body
        for method, path, body in (
            ("PUT", f"/cloud/project/{service.project}", {"description": "Shop"}),
            ("PUT", kube, {"name": "renamed", "updatePolicy": "MINIMAL_DOWNTIME"}),
            ("PUT", kube, {}),
            ("DELETE", f"{kube}/node/{node['id']}", None),
            ("DELETE", kube, None),
            ("POST", "/auth/logout", None),
        ):
            answer = await service.call(method, path, body)
            assert (answer.status, answer.text) == (200, "null"), path
        after = await service.call("GET", kube)
        assert (after.status, after.body["errorCode"]) == (403, "INVALID_CREDENTIAL")

    serving.run(tmp_path, story)


def test_busy_clusters_refuse_with_a_backend_message(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        kube = f"{service.kube}/{made['id']}"
        for path, body in (("/nodepool", {"flavorName": "d2-4"}), ("/kubeconfig", None)):
            answer = await service.call("POST", kube + path, body)
            assert (answer.status, answer.body["errorCode"]) == (409, "CONFLICT")
            assert re.match(r"\[ConflictError\] 409: .* \(request ID: [0-9a-f-]{36}\)$", answer.body["message"])
        await service.call("DELETE", kube)
        assert (await service.call("GET", kube)).body["status"] == "DELETING"
        assert (await service.call("POST", f"{kube}/nodepool", {"flavorName": "d2-4"})).status == 409

    serving.run(tmp_path, story)


def test_a_removed_cluster_is_not_found(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        async with service.records.begin() as work:
            await work.clusters.remove(clusters.ClusterId(made["id"]))
        assert (await service.call("GET", f"{service.kube}/{made['id']}")).status == 404
        events = await service.call("GET", f"/native/projects/{service.project}/kube/{made['id']}/events", prefix="")
        assert [each["type"] for each in events.body] == ["cluster:ordered"]

    serving.run(tmp_path, story)


def test_what_can_be_ordered(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        project = f"/cloud/project/{service.project}"
        for path in ("/region", "/capabilities/kube/regions", "/kube/regions"):
            assert (await service.call("GET", project + path)).body == ["LOCAL1", "LOCAL-3AZ"]
        check_model((await service.call("GET", f"{project}/region/LOCAL1")).body, REGION)
        flavors = (await service.call("GET", f"{project}/capabilities/kube/flavors")).body
        for each in flavors:
            check_model(each, FLAVOR)
        assert {"name": "b2-7", "category": "b", "state": "available", "vCPUs": 2, "gpus": 0, "ram": 7} in flavors
        assert all(each["ram"] <= 16 for each in flavors)
        by_region = await service.call("GET", f"{project}/capabilities/kube/flavors?region=LOCAL1")
        assert by_region.body == flavors
        made = await service.order()
        assert (await service.call("GET", f"{service.kube}/{made['id']}/flavors")).body == flavors
        found = (await service.call("GET", project)).body
        check_model(found, PROJECT)
        assert found["project_id"] == service.project

    serving.run(tmp_path, story)


def test_events_and_progress(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order(nodepools=[{"flavorName": "d2-4"}])
        native = f"/native/projects/{service.project}/kube/{made['id']}"
        listed = (await service.call("GET", f"{native}/events", prefix="")).body
        assert [each["type"] for each in listed] == ["cluster:ordered", "nodepool:ordered"]
        assert listed == (await service.operator("GET", f"{native}/events")).body
        rest = (await service.operator("GET", f"{native}/events?after={listed[0]['id']}&limit=1")).body
        assert rest == listed[1:]
        assert (await service.operator("GET", f"{native}/events?limit=0")).status == 400
        assert (await service.call("GET", f"{native}/progress")).body == []
        _, others = await service.customer_of("zz9-local")
        assert (await service.call("GET", f"{native}/events", prefix="", keys=others)).status == 404
        await report(service, made["id"], progress.State.RUNNING)
        (found,) = (await service.operator("GET", f"{native}/progress")).body
        assert (found["flow"], found["fraction"], found["steps"][0]["state"]) == ("Install", 0.0, "running")

    serving.run(tmp_path, story)


async def report(service: serving.Service, cluster_id: str, state: progress.State) -> None:
    now = service.clock.now()
    step = progress.StepProgress(name="Start etcd", activity="2.1-1", state=state, started_at=now)
    made = progress.Progress(subject=f"cluster:{cluster_id}", flow="Install", steps=(step,), started_at=now)
    async with service.records.begin() as work:
        await work.progress.save(clusters.ClusterId(cluster_id), made)


def test_progress_as_a_stream(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        await report(service, made["id"], progress.State.RUNNING)

        async def work() -> None:
            await service.clock.sleep(3)
            await report(service, made["id"], progress.State.DONE)
            await service.clock.sleep(40)
            async with service.records.begin() as work:
                await work.clusters.remove(clusters.ClusterId(made["id"]))

        working = asyncio.create_task(work())
        answer = await service.http.get(
            f"/native/projects/{service.project}/kube/{made['id']}/progress",
            headers={"authorization": f"Bearer {serving.TOKEN}", "accept": "text/event-stream"},
            timeout=None,
        )
        await working
        assert answer.headers["content-type"].startswith("text/event-stream")
        messages = [each for each in answer.text.split("\n\n") if each and not each.startswith(":")]
        assert [each.split("\n")[:2] for each in messages] == [
            ["id: 1", "event: progress"],
            ["id: 2", "event: progress"],
            ["id: 3", "event: gone"],
        ]
        assert ": still here" in answer.text

    serving.run(tmp_path, story)


def test_a_stream_ends_with_its_credential(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = await service.order()
        path = f"/native/projects/{service.project}/kube/{made['id']}/progress"
        headers = service.signed("GET", f"{serving.BASE}{path}", b"", service.keys)

        async def end() -> None:
            await service.clock.sleep(5)
            assert (await service.call("POST", "/auth/logout")).status == 200

        ending = asyncio.create_task(end())
        began = service.clock.now()
        answer = await service.http.get(path, headers={**headers, "accept": "text/event-stream"}, timeout=None)
        await ending
        assert "event: ended" in answer.text.split("\n\n")[-2]
        assert (service.clock.now() - began).total_seconds() < 7

    serving.run(tmp_path, story)


def test_health(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(service: serving.Service) -> None:
        good = serving.Answer(await service.http.get("/native/health"))
        assert (good.status, good.body) == (200, {"status": "ok"})
        assert "access-control-allow-origin" not in good.headers

        def broken() -> None:
            raise OSError("disk is gone")

        monkeypatch.setattr(service.records, "read", broken)
        bad = serving.Answer(await service.http.get("/native/health"))
        assert bad.status == 503

    serving.run(tmp_path, story)


def test_answers_are_of_one_cluster_each(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        made = [await service.order(name=name) for name in ("one", "one", "two")]
        assert len({each["url"] for each in made}) == 3

    serving.run(tmp_path, story)


def test_a_body_needs_no_content_type(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        raw = b'{"region": "LOCAL1"}'
        headers = service.signed("POST", f"{serving.BASE}/1.0{service.kube}", raw, service.keys)
        answer = await service.http.post(f"/1.0{service.kube}", content=raw, headers=headers)
        assert answer.status_code == 200

    serving.run(tmp_path, story)
