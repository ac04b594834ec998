"""Logs on the wire: subscriptions as Terraform makes them, streams and their destinations, links that need no key."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from steward.api import readers
from steward.domain import clusters, errors, logs
from steward.ports import audit_logs
from steward.ports.audit_logs import Glance, Piece, Place
from steward.reconcile import logs as forwarding
from tests import receivers
from tests.api import serving
from tests.api.models import check_model

URL = "gelf+tls://logs.example.org:12202"
OPERATION = {
    "operationId": str, "state": str, "createdAt": str, "updatedAt": str, "subscriptionId": None, "streamId": str,
    "aliasId": None, "dashboardId": None, "encryptionKeyId": None, "indexId": None, "inputId": None, "kibanaId": None,
    "osdId": None, "roleId": None, "tokenId": None,
}  # fmt: skip
SUBSCRIPTION = {
    "subscriptionId": str, "kind": str, "streamId": str, "serviceName": str, "resource": dict, "createdAt": str,
    "updatedAt": str,
}  # fmt: skip
KIND = {
    "kindId": str, "name": str, "displayName": str, "additionalReturnedFields": list, "createdAt": str,
    "updatedAt": str,
}  # fmt: skip


class Log:
    """Of every cluster the same; it grows as a test says."""

    def __init__(self) -> None:
        self.lines = [b'{"verb":"list","n":1}']

    def glance(self, cluster_id: clusters.ClusterId) -> Glance:
        return Glance(inode=1, size=len(self.lines), writer="")

    async def read(self, cluster_id: clusters.ClusterId, place: Place, *, most: int) -> Piece:
        return Piece(lines=self.lines[place.offset :], place=Place(inode=1, offset=len(self.lines)))

    async def latest(self, cluster_id: clusters.ClusterId, *, most: int) -> Piece:
        return Piece(lines=self.lines[-3:], place=Place(inode=1, offset=len(self.lines)))

    async def search(self, cluster_id: clusters.ClusterId, word: str, *, limit: int) -> Sequence[bytes]:
        return ()


def wired(service: serving.Service) -> tuple[receivers.Simulated, Log]:
    """What the application reaches outside, which these tests want to see."""
    outside, log = receivers.Simulated(service.clock), Log()
    object.__setattr__(service.needs, "log_receivers", outside)
    object.__setattr__(service.needs, "audit_logs", log)
    return outside, log


async def service_name(service: serving.Service) -> str:
    (name,) = (await service.call("GET", "/dbaas/logs")).body
    assert isinstance(name, str)
    return name


async def stream(service: serving.Service, title: str = "mine") -> str:
    base = f"/dbaas/logs/{await service_name(service)}/output/graylog/stream"
    await service.clock.sleep(1)
    made = await service.call("POST", base, {"title": title, "description": "of the tests", "retentionId": None})
    assert made.status == 200, made.text
    check_model(made.body, OPERATION)
    assert made.body["state"] == "SUCCESS"
    stream_id = made.body["streamId"]
    assert isinstance(stream_id, str)
    return stream_id


async def forwarded(service: serving.Service) -> None:
    """The forwarder's settling, as the service's job would do it."""
    forwarder = forwarding.Forwarder(service.needs)  # type: ignore[arg-type] # has what settling takes
    await forwarder._settle()


def test_a_subscription_as_terraform_makes_and_ends_it(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wired(service)
        cluster = await service.ready()
        kube = f"{service.kube}/{cluster['id']}"
        stream_id = await stream(service)
        assert (await service.call("GET", kube)).body["auditLogsSubscribed"] is False
        begun = (await service.call("POST", f"{kube}/log/subscription", {"kind": "audit", "streamId": stream_id})).body
        check_model(begun, {"operationId": str, "serviceName": str})
        seen = (await service.call("GET", kube)).body
        assert (seen["status"], seen["auditLogsSubscribed"]) == ("REDEPLOYING", True)
        assert "job:log-forwarding" in service.woken
        polled = f"/dbaas/logs/{begun['serviceName']}/operation/{begun['operationId']}"
        waiting = (await service.call("GET", polled)).body
        check_model(waiting, {**OPERATION, "subscriptionId": str})
        assert waiting["state"] == "PENDING"
        await forwarded(service)
        done = (await service.call("GET", polled)).body
        assert (done["state"], done["streamId"]) == ("SUCCESS", stream_id)
        seen = (await service.call("GET", kube)).body
        assert (seen["status"], seen["auditLogsSubscribed"]) == ("READY", True)
        one = f"{kube}/log/subscription/{done['subscriptionId']}"
        for query in ("", "?kind=audit"):
            listed = await service.call("GET", f"{kube}/log/subscription{query}")
            assert listed.body == [done["subscriptionId"]]
        assert (await service.call("GET", f"{kube}/log/subscription?kind=other")).body == []
        shown = (await service.call("GET", one)).body
        check_model(shown, SUBSCRIPTION)
        assert shown["resource"]["name"] == cluster["id"]
        ended = (await service.call("DELETE", one)).body
        check_model(ended, {"operationId": str, "serviceName": str})
        seen = (await service.call("GET", kube)).body
        assert (seen["status"], seen["auditLogsSubscribed"]) == ("REDEPLOYING", False)
        assert (await service.call("GET", one)).status == 404
        await forwarded(service)
        assert (await service.call("GET", kube)).body["status"] == "READY"
        polled = f"/dbaas/logs/{ended['serviceName']}/operation/{ended['operationId']}"
        assert (await service.call("GET", polled)).body["state"] == "SUCCESS"

    serving.run(tmp_path, story)


def test_kinds(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        base = f"/cloud/project/{service.project}/capabilities/kube/log/kind"
        assert (await service.call("GET", base)).body == ["audit"]
        check_model((await service.call("GET", f"{base}/audit")).body, KIND)
        assert (await service.call("GET", f"{base}/other")).status == 404
        assert (await service.call("GET", base.replace(service.project, "0" * 32))).status == 404

    serving.run(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"kind": "audit"}, 400, "streamId is mandatory"),
        ({"kind": "audit", "streamId": "x"}, 400, "not valid for type uuid"),
        ({"kind": "other", "streamId": "STREAM"}, 400, "kind isn't formated correctly"),
        ({"kind": 1, "streamId": "STREAM"}, 400, "not valid for type string"),
        ({"kind": "audit", "streamId": "00000000-0000-4000-8000-000000000000"}, 404, "does not exist"),
        ({"kind": "audit", "streamId": "FOREIGN"}, 404, "does not exist"),
    ],
)
def test_what_cannot_be_subscribed(tmp_path: Path, body: dict[str, Any], status: int, said: str) -> None:
    async def story(service: serving.Service) -> None:
        cluster = await service.ready()
        own = await stream(service)
        _, keys = await service.customer_of("other")
        mine, service.keys = service.keys, keys
        foreign = await stream(service)
        service.keys = mine
        asked = {name: {"STREAM": own, "FOREIGN": foreign}.get(value, value) for name, value in body.items()}
        answer = await service.call("POST", f"{service.kube}/{cluster['id']}/log/subscription", asked)
        assert (answer.status, said in answer.body["message"]) == (status, True), answer.text
        assert (await service.call("GET", f"{service.kube}/{cluster['id']}")).body["status"] == "READY"

    serving.run(tmp_path, story)


def test_a_log_goes_to_a_stream_once_and_a_stream_in_use_stays(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        cluster = await service.ready()
        kube = f"{service.kube}/{cluster['id']}"
        base = f"/dbaas/logs/{await service_name(service)}/output/graylog/stream"
        stream_id = await stream(service)
        order = {"kind": "audit", "streamId": stream_id}
        assert (await service.call("POST", f"{kube}/log/subscription", order)).status == 200
        await service.clock.sleep(1)
        assert (await service.call("POST", f"{kube}/log/subscription", order)).status == 409
        refused = await service.call("DELETE", f"{base}/{stream_id}")
        assert (refused.status, cluster["id"] in refused.body["message"]) == (409, True)
        (one,) = (await service.call("GET", f"{kube}/log/subscription")).body
        await service.call("DELETE", f"{kube}/log/subscription/{one}")
        await forwarded(service)
        await service.clock.sleep(1)
        assert (await service.call("DELETE", f"{base}/{stream_id}")).body["state"] == "SUCCESS"
        assert (await service.call("GET", f"{base}/{stream_id}")).status == 404
        for _ in range(logs.MOST_SUBSCRIPTIONS):
            order = {"kind": "audit", "streamId": await stream(service)}
            assert (await service.call("POST", f"{kube}/log/subscription", order)).status == 200
        order = {"kind": "audit", "streamId": await stream(service)}
        assert (await service.call("POST", f"{kube}/log/subscription", order)).status == 412
        await service.call("DELETE", kube)
        await service.clock.sleep(1)
        assert (await service.call("POST", f"{kube}/log/subscription", order)).status == 409

    serving.run(tmp_path, story)


def test_streams_are_made_changed_and_seen_by_their_account_alone(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        name = await service_name(service)
        assert name.startswith("ldp-ab-")
        found = (await service.call("GET", f"/dbaas/logs/{name}")).body
        assert (found["serviceName"], found["state"]) == (name, "ENABLED")
        base = f"/dbaas/logs/{name}/output/graylog/stream"
        stream_id = await stream(service)
        assert (await service.call("GET", base)).body == [stream_id]
        shown = (await service.call("GET", f"{base}/{stream_id}")).body
        assert (shown["title"], shown["isEditable"], shown["parentStreamId"]) == ("mine", True, None)
        changed = await service.call("PUT", f"{base}/{stream_id}", {"title": "renamed"})
        check_model(changed.body, OPERATION)
        shown = (await service.call("GET", f"{base}/{stream_id}")).body
        assert (shown["title"], shown["description"]) == ("renamed", "of the tests")
        for body in ({"title": ""}, {"title": "x" * 300}, {"title": "a\x00b"}, {"description": "\ud800"}):
            assert (await service.call("PUT", f"{base}/{stream_id}", body)).status == 400
        _, keys = await service.customer_of("other")
        assert (await service.call("GET", f"{base}/{stream_id}", keys=keys)).status == 404
        assert (await service.call("GET", f"/dbaas/logs/{name}", keys=keys)).status == 404
        other = (await service.call("GET", "/dbaas/logs", keys=keys)).body[0]
        foreign = f"/dbaas/logs/{other}/output/graylog/stream/{stream_id}"
        for method, body in (("GET", None), ("PUT", {"title": "x"}), ("DELETE", None)):
            assert (await service.call(method, foreign, body, keys=keys)).status == 404
        path = f"/native/logs/streams/{stream_id}/destination"
        assert (await service.call("PUT", path, {"url": URL}, keys=keys, prefix="")).status == 404
        assert (await service.operator("GET", "/1.0/dbaas/logs")).body == []
        assert (await service.operator("PUT", path, {"url": URL})).status == 404

    serving.run(tmp_path, story)


def test_a_destination_keeps_its_secret_to_itself(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        outside, _ = wired(service)
        stream_id = await stream(service)
        path = f"/native/logs/streams/{stream_id}"
        tried = await service.call("POST", f"{path}/test", prefix="")
        assert tried.body == {"arrived": False, "answer": "The stream has no destination yet"}
        wanted = {"url": URL, "token": "a-secret-of-the-receiver"}
        made = await service.call("PUT", f"{path}/destination", wanted, prefix="")
        assert (made.body["url"], made.body["hasToken"]) == (URL, True)
        listed = await service.call("GET", "/native/logs/streams", prefix="")
        assert "a-secret" not in made.text + listed.text
        assert b"a-secret" not in (tmp_path / "steward.db").read_bytes()
        await service.clock.sleep(1)
        tried = await service.call("POST", f"{path}/test", prefix="")
        assert tried.body["arrived"] is True
        assert outside.tokens == ["a-secret-of-the-receiver"]
        same = await service.call("PUT", f"{path}/destination", {"url": URL, "header": "X-Key"}, prefix="")
        assert (same.body["header"], same.body["hasToken"]) == ("X-Key", True)
        moved = await service.call("PUT", f"{path}/destination", {"url": "https://elsewhere.example.org"}, prefix="")
        assert moved.body["hasToken"] is False, "a secret of one receiver goes to no other"
        assert (await service.call("DELETE", f"{path}/destination", prefix="")).text == "null"
        assert (await service.call("GET", f"{path}/destination", prefix="")).body["url"] is None
        unknown = await service.call("PUT", f"{path}/destination", {"url": URL, "secret": "x"}, prefix="")
        assert unknown.status == 400

    serving.run(tmp_path, story)


@pytest.mark.parametrize("way", ["log/url", "auditLogs"])
def test_a_link_needs_no_key_and_ends(tmp_path: Path, way: str) -> None:
    async def story(service: serving.Service) -> None:
        _, log = wired(service)
        cluster = await service.ready()
        body = {"kind": "audit"} if way == "log/url" else None
        made = await service.call("POST", f"{service.kube}/{cluster['id']}/{way}", body)
        check_model(made.body, {"url": str, "expirationDate": str})
        url = made.body["url"]
        assert url.startswith(f"{serving.BASE}/native/logs/tail/")
        token = url.rpartition("/")[2]
        assert len(token) >= 43
        assert token.encode() not in (tmp_path / "steward.db").read_bytes()
        log.lines += [b'{"verb":"create","n":2}']
        recent = await service.http.get(f"{url}?follow=false")
        assert [json.loads(each)["n"] for each in recent.text.splitlines()] == [1, 2]
        assert recent.headers["content-type"] == "application/x-ndjson"
        whole = await service.http.get(url, headers={"accept": "text/event-stream"})
        assert whole.text.startswith('data: {"verb":"list","n":1}\n\n')
        assert ": still here" in whole.text
        gone = await service.http.get(url)
        assert gone.status_code == 404, "half an hour is over"
        wrong = await service.http.get(f"{serving.BASE}/native/logs/tail/{'x' * 43}")
        assert gone.json()["message"] == wrong.json()["message"]

    serving.run(tmp_path, story)


def test_a_link_ends_with_its_cluster(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wired(service)
        cluster = await service.ready()
        kube = f"{service.kube}/{cluster['id']}"
        url = (await service.call("POST", f"{kube}/log/url", {"kind": "audit"})).body["url"]
        assert (await service.call("POST", f"{kube}/log/url", {"kind": "other"})).status == 400
        assert (await service.http.get(f"{url}?follow=false")).status_code == 200
        await service.call("DELETE", kube)
        assert (await service.http.get(f"{url}?follow=false")).status_code == 404

    serving.run(tmp_path, story)


def test_who_tries_tokens_is_slowed_down_and_who_has_one_is_not(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wired(service)
        cluster = await service.ready()
        url = (await service.call("POST", f"{service.kube}/{cluster['id']}/log/url", {"kind": "audit"})).body["url"]
        for _ in range(10):
            assert (await service.http.get(f"{url}?follow=false")).status_code == 200
        for _ in range(5):
            assert (await service.http.get("/native/logs/tail/guess")).status_code == 404
        refused = await service.http.get("/native/logs/tail/guess")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        await service.clock.sleep(2)
        assert (await service.http.get("/native/logs/tail/guess")).status_code == 404

    serving.run(tmp_path, story, stranger_rate=1.0, stranger_burst=5)


def test_few_read_under_one_link_at_a_time(tmp_path: Path) -> None:
    room = readers.Readers()
    for _ in range(readers.OF_ONE_LINK):
        room.check_room("one")
        room.enter("one")
    with pytest.raises(errors.TooManyRequests):
        room.check_room("one")
    room.check_room("two")
    room.leave("one")
    room.check_room("one")


def test_the_customers_log_is_not_the_providers_to_read(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        cluster = await service.ready()
        path = f"/1.0{service.kube}/{cluster['id']}"
        for answer in (
            await service.operator("POST", f"{path}/log/url", {"kind": "audit"}),
            await service.operator("POST", f"{path}/auditLogs"),
        ):
            assert (answer.status, answer.body["details"]["activity"]) == (403, "3.1.3-5")

    serving.run(tmp_path, story)


def test_how_far_each_subscription_got(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wired(service)
        cluster = await service.ready()
        order = {"kind": "audit", "streamId": await stream(service)}
        await service.call("POST", f"{service.kube}/{cluster['id']}/log/subscription", order)
        path = f"/native/projects/{service.project}/kube/{cluster['id']}/logs/subscriptions"
        (found,) = (await service.call("GET", path, prefix="")).body
        assert (found["takenUpAt"], found["handedOver"]) == (None, 0)
        await forwarded(service)
        await service.clock.sleep(1)
        (found,) = (await service.call("GET", path, prefix="")).body
        assert found["takenUpAt"] is not None

    serving.run(tmp_path, story)


def test_without_clusters_there_are_no_logs() -> None:
    nothing = audit_logs.NO_AUDIT_LOGS
    assert nothing.glance(clusters.ClusterId("x")) is None
