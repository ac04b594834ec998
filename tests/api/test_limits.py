"""How often somebody may ask: buckets by virtual time, and 429 on the wire."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.api import limits
from tests.api import serving, visiting
from tests.api.test_bad_input import check_form


class TestBuckets:
    def test_a_burst_and_then_the_rate(self) -> None:
        buckets = limits.Buckets(2, 5)
        assert [buckets.take("a", 0.0) for _ in range(6)] == [0, 0, 0, 0, 0, 0.5]
        assert buckets.take("a", 0.4) == pytest.approx(0.1)
        assert buckets.take("a", 0.5) == 0
        assert buckets.take("a", 0.5) == 0.5
        assert [buckets.take("a", 1000.0) for _ in range(6)] == [0, 0, 0, 0, 0, 0.5]

    def test_everybody_has_a_bucket_of_its_own(self) -> None:
        buckets = limits.Buckets(1, 1)
        assert (buckets.take("a", 0), buckets.take("b", 0), buckets.take("a", 0)) == (0, 0, 1)

    def test_a_clock_that_went_back_gives_nothing_away(self) -> None:
        buckets = limits.Buckets(1, 1)
        assert buckets.take("a", 100) == 0
        assert buckets.take("a", 50) == 1
        assert buckets.take("a", 101) == 0

    def test_waiting_takes_nothing(self) -> None:
        buckets = limits.Buckets(1, 1)
        assert [buckets.wait("a", 0) for _ in range(9)] == [0] * 9
        assert len(buckets) == 0
        buckets.take("a", 0)
        assert [buckets.wait("a", 0.5) for _ in range(9)] == [0.5] * 9

    def test_a_rate_of_zero_limits_nobody(self) -> None:
        buckets = limits.Buckets(0, 1)
        assert [buckets.take("a", 0) for _ in range(100)] == [0] * 100
        assert len(buckets) == 0

    def test_memory_is_bounded_and_who_asks_now_is_remembered(self) -> None:
        buckets = limits.Buckets(1, 1, most=10)
        for number in range(1000):
            buckets.take("busy", number / 1000)
            buckets.take(f"stranger {number}", number / 1000)
        assert len(buckets) == 10
        assert buckets.wait("busy", 0.999) > 0

    @given(st.lists(st.floats(0, 5), max_size=60))
    def test_nobody_gets_more_than_burst_and_rate_give(self, pauses: list[float]) -> None:
        buckets, now, taken = limits.Buckets(3, 7), 0.0, 0
        for pause in pauses:
            now += pause
            taken += buckets.take("a", now) == 0
        assert taken <= 7 + 3 * now + 1e-6


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("testclient", "testclient", True),
    ],
)
def test_one_address_or_one_network_of_version_6(one: str, other: str, same: bool) -> None:
    assert (limits._address({"client": (one, 1)}) == limits._address({"client": (other, 2)})) == same
    assert limits._address({"client": None}) == ""


def check_refused(answer: serving.Answer, seconds: int) -> None:
    check_form(answer)
    assert (answer.status, answer.body["class"], answer.body["errorCode"]) == (
        *(429, "Client::TooManyRequests"),
        "TOO_MANY_REQUESTS",
    )
    assert answer.headers["retry-after"] == answer.body["details"]["retryAfter"] == str(seconds)


def test_a_credential_has_its_rate_and_no_other_one_suffers(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        _, others = await service.customer_of("zz9-local")
        for _ in range(5):
            assert (await service.call("GET", service.kube)).status == 200
        check_refused(await service.call("GET", service.kube), 1)
        check_refused(await service.call("POST", service.kube, {"region": "LOCAL1"}), 1)
        assert service.woken == []
        assert (await service.call("GET", "/cloud/project", keys=others)).status == 200
        await service.clock.sleep(1)
        assert (await service.call("GET", service.kube)).status == 200
        assert (await service.call("POST", service.kube, {"region": "LOCAL1"})).status == 200
        check_refused(await service.call("GET", service.kube), 1)

    serving.run(tmp_path, story, request_rate=2, request_burst=5)


def test_strangers_are_limited_by_their_address_and_who_is_known_is_not(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        wrong = serving.Keys(service.keys.application, "wrong", service.keys.consumer)
        asked: list[Any] = [
            await service.call("GET", "/cloud/project", keys=wrong),
            serving.Answer(await service.http.get("/1.0/auth/time")),
            serving.Answer(await service.http.get("/1.0/nowhere")),
            serving.Answer(await service.http.post("/native/sessions", json={"email": "a@b.c", "password": "x"})),
        ]
        assert 429 not in [each.status for each in asked]
        check_refused(serving.Answer(await service.http.get("/1.0/auth/time")), 10)
        elsewhere = httpx2.ASGITransport(app=service.app, client=("203.0.113.9", 5))
        async with httpx2.AsyncClient(transport=elsewhere, base_url=serving.BASE) as other:
            for _ in range(9):
                signed = service.signed("GET", f"{serving.BASE}/1.0/cloud/project", b"", service.keys)
                assert (await other.get("/1.0/cloud/project", headers=signed)).status_code == 200
        await service.clock.sleep(10)
        assert (await service.http.get("/1.0/auth/time")).status_code == 200

    serving.run(tmp_path, story, stranger_rate=0.1, stranger_burst=4)


def test_guessing_keys_from_one_address_ends_soon_even_with_a_right_one(tmp_path: Path) -> None:
    """Nothing is looked at once the bucket is empty: neither key nor signature."""

    async def story(service: serving.Service) -> None:
        wrong = serving.Keys(service.keys.application, "wrong", service.keys.consumer)
        seen = [(await service.call("GET", "/cloud/project", keys=wrong)).status for _ in range(10)]
        assert seen == [400] * 4 + [429] * 6
        check_refused(await service.call("GET", "/cloud/project"), 10)

    serving.run(tmp_path, story, stranger_rate=0.1, stranger_burst=4)


def test_people_and_their_pages_are_limited_as_well(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        browser = await visiting.customer(service)
        pages = [await browser.see("/console/inbox") for _ in range(10)]
        assert {each.status for each in pages} == {200, 429}
        late = pages[-1]
        assert late.headers["retry-after"] == "10"
        operators = [await service.operator("GET", "/native/projects") for _ in range(10)]
        check_refused(operators[-1], 10)

    serving.run(tmp_path, story, request_rate=0.1, request_burst=6)
