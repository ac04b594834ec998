"""Stories that run on both databases: the main way, strange texts, orders at the same time."""

import asyncio

from tests.api import serving


async def the_main_way(service: serving.Service) -> None:
    made = await service.ready(name="shop", nodepool={"flavorName": "d2-4", "name": "web", "desiredNodes": 2})
    kube = f"{service.kube}/{made['id']}"
    assert (await service.call("GET", kube)).body["status"] == "READY"
    (pool,) = (await service.call("GET", f"{kube}/nodepool")).body
    grown = await service.call("PUT", f"{kube}/nodepool/{pool['id']}", {"desiredNodes": 3})
    assert grown.body["status"] == "UPSCALING"
    (node, _) = (await service.call("GET", f"{kube}/node")).body
    assert (await service.call("DELETE", f"{kube}/node/{node['id']}")).text == "null"
    (pool,) = (await service.call("GET", f"{kube}/nodepool")).body
    assert pool["desiredNodes"] == 2
    assert (await service.call("POST", f"{kube}/kubeconfig")).status == 200
    await service.call("DELETE", kube)
    events = (await service.call("GET", f"/native/projects/{service.project}/kube/{made['id']}/events")).body
    assert [each["type"] for each in events] == [
        "cluster:ordered",
        "nodepool:ordered",
        "nodepool:resize-asked",
        "node:delete-asked",
        "cluster:kubeconfig-handed-out",
        "cluster:delete-asked",
    ]


async def strange_texts(service: serving.Service) -> None:
    for path in ("%00", "%ff", "'; --", "x" * 5000):
        assert (await service.call("GET", f"{service.kube}/{path.replace(' ', '%20')}")).status == 404
    for keys in (serving.Keys("a\x7f", "b", "c"), serving.Keys(service.keys.application, "b", "\x7f")):
        assert (await service.call("GET", service.kube, keys=keys)).status == 403
    for text in ("\x00", "\ud800"):
        assert (await service.call("PUT", f"/cloud/project/{service.project}", {"description": text})).status == 400
        template = {
            "metadata": {"annotations": {"a": text}, "finalizers": [], "labels": {}},
            "spec": {"taints": [], "unschedulable": False},
        }
        order = {"region": "LOCAL1", "nodepool": {"flavorName": "d2-4", "template": template}}
        assert (await service.call("POST", service.kube, order)).status == 400
        asked = {"accessRules": [{"method": "GET", "path": f"/{text}"}]}
        answer = await service.call("POST", "/auth/credential", asked)
        assert answer.status == 400, answer.text


async def many_orders_at_once(service: serving.Service) -> None:
    orders = [{"region": "LOCAL1", "name": f"c{number}"} for number in range(24)]
    made = await asyncio.gather(*(service.call("POST", service.kube, order) for order in orders))
    assert sorted(each.status for each in made) == [200] * 20 + [412] * 4
    assert len({each.body["url"] for each in made if each.status == 200}) == 20


ALL = [the_main_way, strange_texts, many_orders_at_once]
