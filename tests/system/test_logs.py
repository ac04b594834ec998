"""The audit log of a real cluster at real receivers: GELF over TLS, HTTP, under a link; and across a kill."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from steward.domain import logs
from steward.reconcile import credentials
from tests import authorities, receivers
from tests.system import ordered, streams, waiting
from tests.system import service as service_
from tests.system.ordered import Cluster
from tests.system.service import Service

pytestmark = [pytest.mark.system, pytest.mark.root, pytest.mark.timeout(900)]

ARRIVES_WITHIN = 15.0  # seconds from the write


@pytest.fixture(scope="module")
def own() -> Iterator[Service]:
    """Of these tests alone: it is killed, and may reach loopback."""
    with service_.running("stwl", STEWARD_WEBHOOK_NETWORKS='["127.0.0.0/8"]') as running:
        yield running


@pytest.fixture(scope="module")
def cluster(own: Service) -> Iterator[Cluster]:
    with ordered.ready(own, nodes=None, name="logged") as made:
        made.kubeconfig()
        yield made


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> authorities.Authority:
    return authorities.Authority(tmp_path_factory.mktemp("authority"))


def test_what_kubectl_creates_arrives_over_gelf_with_its_user_and_its_verb(
    cluster: Cluster, authority: authorities.Authority
) -> None:
    receiver = receivers.Gelf()
    with streams.listening(receiver, authority.server("127.0.0.1")) as port:
        url = f"gelf+tls://127.0.0.1:{port}"
        with streams.subscribed(cluster, url=url, authority=authority.file.read_text(), token="a-token"):
            cluster.kubectl("create", "configmap", "shipped")
            waiting.until(
                streams.all_made(cluster, receiver, "shipped"), "the event at the receiver", within=ARRIVES_WITHIN
            )
        (event,) = streams.made(cluster, receiver, "shipped")
        assert (event["_user"], event["_resource"], event["_namespace"]) == (credentials.ADMIN, "configmaps", "default")
        assert event["_code"] == 201
        assert event["_user_agent"].startswith("kubectl/")
        assert event["_X-OVH-TOKEN"] == "a-token"
        assert json.loads(event["full_message"])["user"]["username"] == credentials.ADMIN
        cluster.kubectl("create", "configmap", "not-shipped")
        assert not streams.made(cluster, receiver, "not-shipped")


def test_a_kill_of_the_service_loses_nothing(cluster: Cluster) -> None:
    receiver, names = receivers.Http(), [f"killed-{number}" for number in range(30)]
    with streams.listening(receiver) as port, streams.subscribed(cluster, url=f"http://127.0.0.1:{port}/gelf"):
        for number, name in enumerate(names):
            cluster.kubectl("create", "configmap", name)
            if number == 10:
                waiting.until(streams.all_made(cluster, receiver, *names[:5]), "the first ones", within=ARRIVES_WITHIN)
                cluster.service.kill()
            if number == 20:
                cluster.service.start()
        waiting.until(streams.all_made(cluster, receiver, *names), "all of them", within=60)
        found = streams.made(cluster, receiver, *names)
        assert len({each["_audit_id"] for each in found}) == len(names)
        assert len(found) - len(names) <= len(names), "little is repeated"


def test_a_receiver_that_is_down_is_told_and_gets_it_all_once_it_is_up(cluster: Cluster) -> None:
    receiver = receivers.Http(answers=["503 Busy"] * 4)
    with streams.listening(receiver) as port, streams.subscribed(cluster, url=f"http://127.0.0.1:{port}/gelf"):
        cluster.kubectl("create", "configmap", "patient")
        waiting.until(lambda: "answered 503" in forwarded(cluster)["message"], "the condition", within=60)
        assert forwarded(cluster)["whoseTurn"] == "customer"
        assert cluster.see()["status"] == "READY"
        waiting.until(streams.all_made(cluster, receiver, "patient"), "what waited", within=120)
        waiting.until(lambda: forwarded(cluster)["status"], "the condition's end", within=30)
    types = [each["type"] for each in cluster.events()]
    assert types.index("logs:not-delivered") < types.index("logs:delivered-again")


def forwarded(cluster: Cluster) -> dict[str, Any]:
    path = f"/native/projects/{cluster.service.project}/kube/{cluster.id}/conditions"
    found = next(each for each in cluster.service.native("GET", path) if each["subject"] == f"cluster:{cluster.id}")
    return next(each for each in found["conditions"] if each["type"] == "LogsForwarded")


def test_a_link_shows_the_log_live_without_a_key_and_ends(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "recent")
    url = cluster.service.api.post(f"{cluster.path}/log/url", kind="audit")["url"]
    seen: list[str] = []
    with urllib.request.urlopen(url, timeout=60) as answer:
        reading = threading.Thread(target=lambda: _read(answer, seen))
        reading.start()
        waiting.until(lambda: "recent" in seen, "what was there", within=ARRIVES_WITHIN)
        cluster.kubectl("create", "configmap", "live")
        waiting.until(lambda: "live" in seen, "what came", within=ARRIVES_WITHIN)
        for _ in range(logs.MOST_LINKS):
            cluster.service.api.post(f"{cluster.path}/auditLogs")
            time.sleep(1.05)  # the same signed write of one second is one write
        reading.join(30)
        assert not reading.is_alive(), "the oldest of many links ends while it is read"
    with pytest.raises(urllib.error.HTTPError) as gone:
        urllib.request.urlopen(url, timeout=60)
    assert gone.value.code == 404
    gone.value.close()


def _read(answer: http.client.HTTPResponse, seen: list[str]) -> None:
    """Names of what was created."""
    for line in answer:
        event = json.loads(line) if line.strip() else {}
        if event.get("verb") == "create":
            seen.append(event["objectRef"].get("name", ""))
