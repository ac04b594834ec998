"""A customer's log stream with a receiver behind it, and the audit log of a cluster that is subscribed to it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests import receivers
from tests.system import waiting
from tests.system.ordered import Cluster
from tests.system.service import Service


@contextlib.contextmanager
def listening(receiver: receivers.Gelf | receivers.Http, tls: Any = None) -> Iterator[int]:
    """A receiver in a thread of its own; its port."""
    loop, up, port = asyncio.new_event_loop(), threading.Event(), list[int]()
    over = asyncio.Event()

    async def serve() -> None:
        async with receivers.served(receiver, tls) as number:
            port.append(number)
            up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert up.wait(30)
    try:
        yield port[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()


def native(service: Service, method: str, path: str, **body: Any) -> Any:
    """Signed: python-ovh knows the paths below `/1.0`, so its base is another one for a moment."""
    link = service.api
    before, link._endpoint = link._endpoint, service.url
    try:
        return link.call(method, path, body or None)
    finally:
        link._endpoint = before


@contextlib.contextmanager
def stream(service: Service, **destination: Any) -> Iterator[str]:
    """One that leads there; its id."""
    (name,) = service.api.get("/dbaas/logs")
    streams = f"/dbaas/logs/{name}/output/graylog/stream"
    made = service.api.post(streams, title="of the tests", description="")["streamId"]
    native(service, "PUT", f"/native/logs/streams/{made}/destination", **destination)
    yield made
    service.api.delete(f"{streams}/{made}")


@contextlib.contextmanager
def subscribed(cluster: Cluster, **destination: Any) -> Iterator[str]:
    """To a stream that leads there; as a client of OVHcloud's does it."""
    service = cluster.service
    with stream(service, **destination) as stream_id:
        begun = service.api.post(f"{cluster.path}/log/subscription", kind="audit", streamId=stream_id)
        subscription = over(cluster, begun)["subscriptionId"]
        assert cluster.wait_ready().see()["auditLogsSubscribed"] is True
        try:
            yield subscription
        finally:
            over(cluster, service.api.delete(f"{cluster.path}/log/subscription/{subscription}"))
            assert cluster.wait_ready().see()["auditLogsSubscribed"] is False


def over(cluster: Cluster, begun: dict[str, str]) -> dict[str, Any]:
    path = f"/dbaas/logs/{begun['serviceName']}/operation/{begun['operationId']}"
    found: list[dict[str, Any]] = []

    def success() -> bool:
        found[:] = [cluster.service.api.get(path)]
        return bool(found[0]["state"] == "SUCCESS")

    waiting.until(success, "the operation's success", within=60)
    return found[0]


def made(cluster: Cluster, receiver: receivers.Gelf | receivers.Http, *names: str) -> list[dict[str, Any]]:
    """What arrived of the making of these."""
    found = [each for each in list(receiver.got) if each.get("_verb") == "create" and each.get("_name") in names]
    return [each for each in found if each["_cluster_id"] == cluster.id]


def all_made(cluster: Cluster, receiver: receivers.Gelf | receivers.Http, *names: str) -> Callable[[], bool]:
    return lambda: {each["_name"] for each in made(cluster, receiver, *names)} == set(names)
