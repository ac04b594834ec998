"""`steward logs`: what is asked of the service, and what is shown."""

from pathlib import Path

import httpx2

from tests.unit.cli.fakes import CLUSTER, KUBE, NATIVE, Desk

STREAM = "cccccccc-2222-4333-8444-555555555555"
SERVICE = "/1.0/dbaas/logs"
SHOWN = {
    "id": STREAM,
    "title": "mine",
    "url": "gelf+tls://logs.example.org:12202",
    "authority": None,
    "header": None,
    "hasToken": True,
    "createdAt": "2030-01-01T00:00:00Z",
    "updatedAt": "2030-01-01T00:00:00Z",
}
BEGUN = {"operationId": "one", "serviceName": "ldp-ab-12345"}


def test_a_stream_is_made_with_where_it_goes_and_its_token_is_asked_for(desk: Desk, tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("a certificate")
    desk.service.says("GET", SERVICE, ["ldp-ab-12345"])
    desk.service.says("POST", f"{SERVICE}/ldp-ab-12345/output/graylog/stream", {"streamId": STREAM})
    path = f"/native/logs/streams/{STREAM}/destination"
    desk.service.says("PUT", path, SHOWN)
    how = ("--to", SHOWN["url"], "--authority", str(authority), "--token")
    result = desk.run("logs", "stream", "mine", *map(str, how), typed="a-secret\n")
    assert result.code == 0, result.err
    sent = desk.service.sent("PUT", path)
    assert sent == {"url": SHOWN["url"], "authority": "a certificate", "token": "a-secret"}
    assert "a-secret" not in result.out + result.err
    assert STREAM in result.out


def test_streams_are_listed_and_tried_out(desk: Desk) -> None:
    desk.service.says("GET", "/native/logs/streams", [SHOWN])
    assert "gelf+tls://logs.example.org:12202" in desk.run("logs", "streams").out
    desk.service.says("POST", f"/native/logs/streams/{STREAM}/test", {"arrived": False, "answer": "It answered 503"})
    result = desk.run("logs", "test", STREAM)
    assert result.code != 0
    assert "It answered 503" in result.out


def test_a_stream_is_removed_once_its_name_was_typed(desk: Desk) -> None:
    path = f"{SERVICE}/ldp-ab-12345/output/graylog/stream/{STREAM}"
    desk.service.says("GET", SERVICE, ["ldp-ab-12345"])
    desk.service.says("DELETE", path, {"state": "SUCCESS"})
    assert desk.run("logs", "remove", STREAM, "--yes").code == 0
    assert len(desk.service.asked("DELETE", path)) == 1


def test_a_cluster_is_subscribed_and_unsubscribed(desk: Desk) -> None:
    path = f"{KUBE}/{CLUSTER}/log/subscription"
    desk.service.says("POST", path, BEGUN)
    assert desk.run("logs", "subscribe", CLUSTER, STREAM).code == 0
    assert desk.service.sent("POST", path) == {"kind": "audit", "streamId": STREAM}
    desk.service.says("DELETE", f"{path}/one", BEGUN)
    assert desk.run("logs", "unsubscribe", CLUSTER, "one").code == 0
    desk.service.says("GET", f"{NATIVE}/logs/subscriptions", [])
    assert "It goes nowhere" in (result := desk.run("logs", "list", CLUSTER)).out + result.err


def test_a_link_is_shown_or_followed(desk: Desk) -> None:
    made = {"url": "http://127.0.0.1:8080/native/logs/tail/token", "expirationDate": "2030-01-01T00:30:00Z"}
    desk.service.says("POST", f"{KUBE}/{CLUSTER}/log/url", made)
    assert made["url"] in desk.run("logs", "url", CLUSTER).out
    lines = b'{"n":1}\n\n{"n":2}\n'
    desk.service.then("GET", "/native/logs/tail/token", lambda _: httpx2.Response(200, content=lines))
    assert desk.run("logs", "url", CLUSTER, "--follow").out.splitlines() == ['{"n":1}', '{"n":2}']
