"""The signature's published vectors, and every way of not being let in."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from steward.api.ovh import signatures
from tests.api import serving

SECRET, CONSUMER = "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF", "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1"


@pytest.mark.parametrize(
    ("method", "url", "body", "timestamp", "expected"),
    [
        ("GET", "https://eu.api.ovh.com/1.0/domain/zone", b"", "1366560945",
         "$1$eba73e191a24380e0d8f7ab822e7166c788b2dec"),
        ("POST", "https://eu.api.ovh.com/1.0/domain/zone/example.com/record",
         b'{"fieldType":"TXT","subDomain":"_acme-challenge","target":"token","ttl":60}', "1700000000",
         "$1$d68776e39398b3f168e6a439b19ca5b276f19929"),
    ],
)  # fmt: skip
def test_published_vectors(method: str, url: str, body: bytes, timestamp: str, expected: str) -> None:
    made = signatures.signature(
        secret=SECRET, consumer_key=CONSUMER, method=method, url=url, body=body, timestamp=timestamp
    )
    assert made == expected


def test_the_url_is_the_one_that_was_typed() -> None:
    typed = signatures.urls("https://x.example/base", "other", "/1.0/a%2Fb", "q=%20&a=1", loopback_names=False)
    assert typed == ["https://x.example/base/1.0/a%2Fb?q=%20&a=1"]


@pytest.mark.parametrize(
    ("base_url", "signed"),
    [
        ("https://x.example:8443", "https://x.example/1.0/me"),
        ("https://x.example:8443/base", "https://x.example/base/1.0/me"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]/1.0/me"),
    ],
)
def test_a_client_may_leave_the_port_out(base_url: str, signed: str) -> None:
    assert signatures.urls(base_url, "other", "/1.0/me", "", loopback_names=False) == [f"{base_url}/1.0/me", signed]


@pytest.mark.parametrize(
    ("host", "accepted"),
    [
        ("localhost:8080", True),
        ("[::1]:8080", True),
        ("127.0.0.1:8080", False),
        ("evil.example:8080", False),
        ("[", False),
    ],
)
def test_other_names_count_only_on_loopback(host: str, accepted: bool) -> None:
    typed = signatures.urls("http://127.0.0.1:8080", host, "/1.0/me", "", loopback_names=True)
    assert (len(typed) == 2) == accepted
    assert signatures.urls("http://127.0.0.1:8080", host, "/1.0/me", "", loopback_names=False) == typed[:1]


@pytest.mark.parametrize("timestamp", ["", "x", "-5", "1.5", "9" * 40, "١٢٣"])
def test_strange_timestamps_are_out_of_time(timestamp: str) -> None:
    assert not signatures.in_time(timestamp, 0, 60)


async def refusal(service: serving.Service, **changes: Any) -> tuple[int, str, str]:
    answer = await service.call("GET", "/cloud/project", **changes)
    assert answer.headers["x-ovh-queryid"] == answer.body["details"]["queryId"]
    return answer.status, answer.body["errorCode"], answer.body["class"]


def test_every_way_of_not_being_let_in(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        keys = service.keys
        wrong_secret = serving.Keys(keys.application, "wrong", keys.consumer)
        wrong_consumer = serving.Keys(keys.application, keys.secret, "nobody")
        wrong_application = serving.Keys("nobody", keys.secret, keys.consumer)
        unauthorized, bad, forbidden = "Client::Unauthorized", "Client::BadRequest", "Client::Forbidden"
        assert await refusal(service, keys=wrong_secret) == (400, "INVALID_SIGNATURE", bad)
        assert await refusal(service, keys=wrong_consumer) == (403, "INVALID_CREDENTIAL", forbidden)
        assert await refusal(service, keys=wrong_application) == (403, "INVALID_KEY", forbidden)
        assert await refusal(service, keys=serving.Keys("a" * 65, "", "b")) == (403, "INVALID_KEY", forbidden)
        assert await refusal(service, keys=serving.Keys("a", "", "b" * 65)) == (403, "INVALID_CREDENTIAL", forbidden)
        assert await refusal(service, headers={"X-Ovh-Application": ""}) == (401, "NOT_CREDENTIAL", unauthorized)
        nothing = serving.Answer(await service.http.get("/1.0/cloud/project"))
        assert (nothing.status, nothing.body["message"]) == (401, "You must login first")

    serving.run(tmp_path, story)


def test_another_application_cannot_use_a_consumer_key(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        _, others = await service.customer_of("zz9-local")
        mixed = serving.Keys(others.application, others.secret, service.keys.consumer)
        assert await refusal(service, keys=mixed) == (403, "INVALID_CREDENTIAL", "Client::Forbidden")

    serving.run(tmp_path, story)


@pytest.mark.parametrize(("offset", "status"), [(-61, 400), (-60, 200), (0, 200), (60, 200), (61, 400)])
def test_the_window_is_sixty_seconds_either_way(tmp_path: Path, offset: int, status: int) -> None:
    async def story(service: serving.Service) -> None:
        at = int(service.clock.now().timestamp()) + offset
        headers = service.signed("GET", f"{serving.BASE}/1.0/cloud/project", b"", service.keys, at)
        answer = serving.Answer(await service.http.get("/1.0/cloud/project", headers=headers))
        assert answer.status == status
        if status == 400:
            assert answer.body["errorCode"] == "QUERY_TIME_OUT"
            assert answer.body["message"].startswith("Query out of time")

    serving.run(tmp_path, story)


def test_a_changed_body_breaks_the_signature(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        headers = service.signed("POST", f"{serving.BASE}/1.0{service.kube}", b'{"region":"LOCAL1"}', service.keys)
        answer = serving.Answer(
            await service.http.post(f"/1.0{service.kube}", content=b'{"region":"LOCAL2"}', headers=headers)
        )
        assert (answer.status, answer.body["errorCode"]) == (400, "INVALID_SIGNATURE")
        assert service.woken == []

    serving.run(tmp_path, story)


def test_rules_are_matched_against_the_path_without_its_prefix(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        rules = [{"method": "GET", "path": f"/cloud/project/{service.project}/kube*"}]
        path = f"/native/projects/{service.project}/credentials"
        issued = await service.call("POST", path, {"rules": rules}, prefix="")
        keys = serving.Keys(issued.body["applicationKey"], issued.body["applicationSecret"], issued.body["consumerKey"])
        for prefix in ("/1.0", "/v1"):
            assert (await service.call("GET", service.kube, keys=keys, prefix=prefix)).status == 200
        project = f"/cloud/project/{service.project}"
        for method, path, action in (("POST", service.kube, "kube/create"), ("GET", project, None)):
            answer = await service.call(method, path, keys=keys)
            assert (answer.status, answer.body["errorCode"]) == (403, "NOT_GRANTED_CALL")
            assert answer.body["message"] == "This call has not been granted"
            missing = {key: text for key, text in answer.body["details"].items() if key.startswith("unauthorized")}
            by_rules = {"unauthorizedActionsByAuthentication": f"publicCloudProject:apiovh:{action}"}
            assert missing == ({**by_rules, "unauthorizedActionsByIAM": ""} if action else {}), "where it has a name"
        assert (await service.call("GET", "/auth/currentCredential", keys=keys)).body["rules"] == rules

    serving.run(tmp_path, story)


def test_the_same_signed_write_is_one_effect(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        first = await service.call("POST", service.kube, {"region": "LOCAL1", "name": "one"})
        await service.clock.sleep(0.5)
        again = await service.call("POST", service.kube, {"region": "LOCAL1", "name": "one"})
        assert (first.status, again.text) == (200, first.text)
        assert again.headers["x-ovh-queryid"] != first.headers["x-ovh-queryid"]
        await service.clock.sleep(1)
        later = await service.call("POST", service.kube, {"region": "LOCAL1", "name": "one"})
        assert later.body["id"] != first.body["id"]
        assert len((await service.call("GET", service.kube)).body) == 2

    serving.run(tmp_path, story)


def test_duplicates_at_the_same_time_wait_for_the_first(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        body = {"region": "LOCAL1", "name": "one"}
        made = await asyncio.gather(*(service.call("POST", service.kube, body) for _ in range(5)))
        assert len({each.text for each in made}) == 1
        assert len((await service.call("GET", service.kube)).body) == 1

    serving.run(tmp_path, story)


def test_refusals_are_repeated_as_well(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        first = await service.call("POST", service.kube, {"region": "MARS"})
        again = await service.call("POST", service.kube, {"region": "MARS"})
        assert (first.status, again.text) == (400, first.text)

    serving.run(tmp_path, story)


def test_loopback_names_are_an_option(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        headers = service.signed("GET", "http://localhost:80/1.0/cloud/project", b"", service.keys)
        answer = await service.http.get("/1.0/cloud/project", headers={**headers, "host": "localhost:80"})
        assert answer.status_code == 200

    serving.run(tmp_path, story, loopback_names=True)
