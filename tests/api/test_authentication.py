"""Who calls, where that could be read in two ways: proxies, headers twice or of two kinds, tokens in addresses.

Nothing of it may ever be read as somebody else, nor break the service.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Scope

from steward.api import authentication, proxies
from tests.api import persons, serving
from tests.api.test_credentials_on_the_wire import validated

TRUSTED = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.7, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.7", "198.51.100.1, 10.1.1.1"], "198.51.100.1"),
        ("127.0.0.1", ["10.9.9.9"], "10.9.9.9"),
        ("127.0.0.1", ["192.0.2.7, unknown"], ""),
        ("127.0.0.1", ["192.0.2.7, "], "192.0.2.7"),
        ("127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("127.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("::ffff:127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("fd00::1", ["::ffff:192.0.2.7"], "192.0.2.7"),
        ("", [], ""),
    ],
)
def test_the_client_behind_proxies(peer: str, said: list[str], client: str) -> None:
    headers = [(b"x-forwarded-for", each.encode()) for each in said]
    scope: Scope = {"type": "http", "headers": headers, "client": (peer, 1) if peer else None}
    assert proxies.client(scope, TRUSTED) == client


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_whatever_a_client_says_is_read_or_nobodys(said: list[bytes]) -> None:
    scope: Scope = {"type": "http", "headers": [(b"x-forwarded-for", each) for each in said], "client": ("10.0.0.1", 1)}
    proxies.client(scope, TRUSTED)


async def tied(service: serving.Service, *allowed: str) -> serving.Keys:
    wanted = {"accessRules": [{"method": "GET", "path": "/*"}], "allowedIPs": list(allowed)}
    application = {"X-Ovh-Application": service.keys.application}
    made = (await service.http.post("/1.0/auth/credential", json=wanted, headers=application)).json()
    assert (await validated(service, made["validationUrl"])).status == 200
    await service.clock.sleep(1)
    return serving.Keys(service.keys.application, service.keys.secret, made["consumerKey"])


@pytest.mark.parametrize("trusted", [False, True])
def test_allowed_addresses_are_those_that_trusted_proxies_name(tmp_path: Path, trusted: bool) -> None:
    async def story(service: serving.Service) -> None:
        keys = await tied(service, "198.51.100.0/24")
        said = {"X-Forwarded-For": "198.51.100.9"}
        answer = await service.call("GET", "/cloud/project", keys=keys, headers=said)
        assert answer.status == (200 if trusted else 403)
        for others in ("192.0.2.1", "198.51.100.9, 192.0.2.1", "198.51.100.9, x"):
            refused = await service.call("GET", "/cloud/project", keys=keys, headers={"X-Forwarded-For": others})
            assert (refused.status, refused.body["errorCode"]) == (403, "FORBIDDEN")

    serving.run(tmp_path, story, trusted_proxies=TRUSTED if trusted else ())


@pytest.mark.parametrize("way", ["asked", "made"])
def test_a_key_ends_when_it_was_said_to(tmp_path: Path, way: str) -> None:
    async def story(service: serving.Service) -> None:
        if way == "made":
            path = f"/native/projects/{service.project}/credentials"
            made = (await service.call("POST", path, {"days": 7}, prefix="")).body
            keys = serving.Keys(made["applicationKey"], made["applicationSecret"], made["consumerKey"])
        else:
            keys = await tied(service)
            assert (await service.call("GET", "/auth/currentCredential", keys=keys)).body["expiration"] is None
            return
        current = (await service.call("GET", "/auth/currentCredential", keys=keys)).body
        assert (current["expiration"], current["status"]) == ("2030-01-08T00:00:00Z", "validated")
        await service.clock.sleep(7 * 86400)
        refused = await service.call("GET", "/auth/currentCredential", keys=keys)
        assert (refused.status, refused.body["errorCode"]) == (403, "INVALID_CREDENTIAL")
        shown = (await service.call("GET", f"/me/api/credential/{current['credentialId']}")).body
        assert shown["status"] == "expired"
        for days in (0, 100_000, True, "7"):
            assert (await service.call("POST", path, {"days": days}, prefix="")).status == 400

    serving.run(tmp_path, story)


def test_what_was_asked_for_and_never_granted_expires(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wanted = {"accessRules": [{"method": "GET", "path": "/*"}]}
        application = {"X-Ovh-Application": service.keys.application}
        link = (await service.http.post("/1.0/auth/credential", json=wanted, headers=application)).json()
        await service.clock.sleep(86400)
        late = await validated(service, link["validationUrl"])
        assert (late.status, "expired" in late.body["message"]) == (409, True)
        assert "This request is expired" in (await service.http.get(link["validationUrl"])).text

    serving.run(tmp_path, story)


def test_a_grant_for_some_days(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wanted = {"accessRules": [{"method": "GET", "path": "/*"}]}
        application = {"X-Ovh-Application": service.keys.application}
        made = (await service.http.post("/1.0/auth/credential", json=wanted, headers=application)).json()
        id, token = httpx2.URL(made["validationUrl"]).params["id"], httpx2.URL(made["validationUrl"]).params["token"]
        path = f"/native/credentials/{id}/validate"
        done = await service.call("POST", path, {"token": token, "days": 30}, prefix="")
        assert done.body["expiresAt"] == "2030-01-31T00:00:00Z"

    serving.run(tmp_path, story)


def test_signing_out_ends_what_was_borne(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        session = (await ann.signs_in()).body["token"]
        for token in (session, ann.token):
            assert (await service.operator("GET", "/1.0/auth/details", token=token)).body["method"] == "user"
            current = await service.operator("GET", "/1.0/auth/currentCredential", token=token)
            assert (current.status, current.body["errorCode"]) == (403, "NOT_CREDENTIAL")
            assert (await service.operator("POST", "/v1/auth/logout", token=token)).text == "null"
            refused = await service.operator("GET", "/1.0/auth/details", token=token)
            assert (refused.status, refused.body["errorCode"]) == (403, "INVALID_CREDENTIAL")

    serving.run(tmp_path, story)


def test_who_a_person_is(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "admin")
        details = (await ann.call("GET", "/1.0/auth/details")).body
        assert details == {
            "account": "ab1-local",
            "allowedRoutes": None,
            "description": None,
            "identities": [
                "urn:v1:local:identity:account:ab1-local",
                f"urn:v1:local:identity:user:ab1-local/{ann.email}",
            ],
            "method": "user",
            "roles": ["admin"],
            "user": ann.email,
        }
        signed = (await service.call("GET", "/auth/details")).body
        assert (signed["method"], signed["roles"], signed["user"]) == ("account", [], None)
        assert {"method": "GET", "path": "/cloud/project/*"} in signed["allowedRoutes"]
        assert signed["identities"] == ["urn:v1:local:identity:account:ab1-local"]

    serving.run(tmp_path, story)


Headers = list[tuple[str, str]]


def test_what_can_be_read_in_two_ways_is_nobodys(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        url = f"{serving.BASE}/1.0/cloud/project"
        signed = list(service.signed("GET", url, b"", service.keys).items())
        borne = ("Authorization", f"Bearer {serving.TOKEN}")
        for headers in ([*signed, borne], [*signed, signed[1]], [*signed, signed[3]], [borne, borne]):
            answer = serving.Answer(await service.http.get(url, headers=headers))
            assert (answer.status, answer.body["errorCode"]) == (400, "AMBIGUOUS_CREDENTIAL")
        # As the autoscaler sends it.
        answer = serving.Answer(await service.http.get(url, headers=[borne, ("X-Ovh-Application", "none")]))
        assert answer.status == 200

    serving.run(tmp_path, story)


def test_tokens_in_addresses_are_not_taken(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ann = await persons.present(service, "owner")
        for path in (f"/1.0/cloud/project?access_token={ann.token}", f"/native/me?a=b&access_token={ann.token}"):
            for headers in ({}, {"Authorization": f"Bearer {ann.token}"}):
                answer = serving.Answer(await service.http.get(path, headers=headers))
                assert (answer.status, answer.body["errorCode"]) == (400, "TOKEN_IN_ADDRESS")
                assert ann.token not in answer.text
        nobody = await service.http.get(f"/1.0/cloud/project?token={ann.token}")
        assert nobody.status_code == 401

    serving.run(tmp_path, story)


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "bearer x", "Digest x", "Bearer OpenStack/abc"])
def test_wrong_headers(tmp_path: Path, header: str) -> None:
    async def story(service: serving.Service) -> None:
        for path in ("/1.0/cloud/project", "/native/me", "/1.0/me"):
            answer = serving.Answer(await service.http.get(path, headers={"Authorization": header}))
            assert answer.status in (401, 403)

    serving.run(tmp_path, story)


def combinations(service: serving.Service, tokens: list[str]) -> st.SearchStrategy[Headers]:
    """Right ones, with what is wrong, mixed up, missing or beside them."""
    right = list(service.signed("GET", f"{serving.BASE}/1.0/cloud/project", b"", service.keys).items())
    borne = [[("Authorization", f"Bearer {each}")] for each in tokens]
    strange = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=80)
    values = {
        name: st.one_of(st.just(value), st.just(""), st.just(value[:-1]), st.just(value.upper()), strange)
        for name, value in right
    }
    values["Authorization"] = st.one_of(
        st.sampled_from([each[0][1] for each in borne]), st.just("Bearer"), strange.map("Bearer {}".format)
    )
    values["X-Forwarded-For"] = st.one_of(st.just("127.0.0.1"), strange)
    more = st.sampled_from(sorted(values)).flatmap(lambda name: st.tuples(st.just(name), values[name]))
    base = st.sampled_from([right, right[1:], right[:3], *borne, []])
    return st.tuples(base, st.lists(more, max_size=3)).flatmap(lambda both: st.permutations([*both[0], *both[1]]))


def is_right(headers: Headers, service: serving.Service, good: str) -> bool:
    """As simply as it can be said: one whole right signature, or one right token, and nothing beside it."""
    who = [(name, value.strip()) for name, value in headers if name != "X-Forwarded-For"]
    right = service.signed("GET", f"{serving.BASE}/1.0/cloud/project", b"", service.keys)
    if sorted(who) == sorted(right.items()):
        return True
    beside = {name for name, _ in who} - {"X-Ovh-Application", "X-Ovh-Timestamp"}
    once = len({name for name, _ in who}) == len(who)
    return once and beside == {"Authorization"} and ("Authorization", f"Bearer {good}") in who


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def combined(folder: Path, data: st.DataObject) -> None:
    async def story(service: serving.Service) -> None:
        bob = await persons.present(service, "viewer")
        ended = await persons.present(service, "viewer")
        await ended.call("DELETE", f"/native/me/tokens/{ended.token_id}")
        headers = combinations(service, [bob.token, ended.token, bob.invitation, "stw_at_x"])
        for _ in range(150):
            drawn = data.draw(headers)
            raw = [(name.encode(), value.encode("latin-1")) for name, value in drawn]
            answer = serving.Answer(await service.http.get("/1.0/cloud/project", headers=raw))
            assert (answer.status == 200) == is_right(drawn, service, bob.token), (drawn, answer.text)
            assert answer.status in (200, 400, 401, 403), (drawn, answer.text)

    serving.run(folder, story)


def test_no_combination_of_headers_lets_anybody_in(tmp_path_factory: pytest.TempPathFactory) -> None:
    for _ in range(2):
        combined(tmp_path_factory.mktemp("combined"))


def test_a_stranger_costs_what_a_known_key_costs(tmp_path: Path) -> None:
    """Neither the look-ups nor the time tell whether a key exists; the answer says it, as OVHcloud's does."""

    async def story(service: serving.Service) -> None:
        reads = counted(service)
        known = serving.Keys(service.keys.application, "wrong", service.keys.consumer)
        unknown = serving.Keys("nobody", "wrong", "nobody")
        half = serving.Keys(service.keys.application, "wrong", "nobody")
        costs = {}
        for name, keys in (("known", known), ("unknown", unknown), ("half", half)):
            await service.clock.sleep(authentication.CACHED_SECONDS * 2)
            before = reads()
            for _ in range(5):
                await service.call("GET", "/cloud/project", keys=keys)
            costs[name] = reads() - before
        assert len(set(costs.values())) == 1, costs
        took: dict[str, list[float]] = {"known": [], "unknown": []}
        for _ in range(60):
            for name, keys in (("known", known), ("unknown", unknown)):
                took[name].append(await timed(service.call("GET", "/cloud/project", keys=keys)))
        middle = {name: statistics.median(each) for name, each in took.items()}
        assert 0.5 < middle["known"] / middle["unknown"] < 2, middle

    serving.run(tmp_path, story)


async def timed(call: Awaitable[Any]) -> float:
    began = time.perf_counter()
    await call
    return time.perf_counter() - began


def counted(service: serving.Service) -> Callable[[], int]:
    """How often the records were opened."""
    opened, count = service.records.read, [0]

    def read() -> Any:
        count[0] += 1
        return opened()

    service.records.read = read  # type: ignore[method-assign]
    return lambda: count[0]
