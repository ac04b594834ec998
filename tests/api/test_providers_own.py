"""What is the provider's alone is refused to customers by the contract, whichever way they come in."""

from pathlib import Path
from typing import Any

import pytest

from tests.api import persons, serving

SOON = "2030-03-01T00:00:00Z"
WRITES: list[tuple[str, str, Any, str]] = [
    (
        "POST",
        "/native/risks",
        {"title": "t", "owner": "o", "treatment": "reduce", "reviewBy": SOON},
        "3.1.6-2",
    ),
    ("PUT", "/native/risks/0b6e0000-0000-4000-8000-000000000000", {"title": "t"}, "3.1.6-2"),
    ("POST", "/native/risks/0b6e0000-0000-4000-8000-000000000000/accept", {"until": SOON}, "3.1.6-2"),
    ("DELETE", "/native/risks/0b6e0000-0000-4000-8000-000000000000", None, "3.1.6-2"),
    ("POST", "/native/ledger/keys", None, "3.1.2-2"),
    ("POST", "/native/ledger/entries/0/erase", None, "3.1.2-2"),
    ("POST", "/native/attestations", {"activity": "3.1.2-2", "statement": "s", "until": SOON}, "3.1.2-2"),
    ("POST", "/native/reviews/register", {"digest": "0" * 64, "statement": "s"}, "3.1.2-2"),
]


@pytest.mark.parametrize(("method", "path", "body", "activity"), WRITES)
def test_a_customer_is_refused_with_the_row(tmp_path: Path, method: str, path: str, body: Any, activity: str) -> None:
    async def story(service: serving.Service) -> None:
        ada = await persons.present(service, "owner")
        for answer in (await service.call(method, path, body, prefix=""), await ada.call(method, path, body)):
            assert answer.status == 403, answer.text
            details = answer.body["details"]
            assert (details["activity"], details["lettersCustomer"]) == (activity, "")
            assert details["whoMay"]
            why = await service.operator("GET", f"/native/decisions/{details['decision']}")
            assert why.body["activity"] == activity

    serving.run(tmp_path, story)


def test_what_concerns_all_customers_is_read_by_the_provider_alone(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        for path in ("/native/risks", "/native/attestations", "/native/ledger", "/native/reviews/register"):
            answer = await service.call("GET", path, prefix="")
            assert answer.status in (403, 404), (path, answer.text)

    serving.run(tmp_path, story)


def test_a_customers_word_is_about_a_project_of_its_own(tmp_path: Path) -> None:
    async def story(service: serving.Service) -> None:
        ada = await persons.present(service, "owner")
        body = {"activity": "3.1.6-3", "statement": "s", "until": SOON}
        assert (await ada.call("POST", "/native/attestations", body)).status == 400
        async with service.records.read() as work:
            assert await work.attestations.all() == []

    serving.run(tmp_path, story)
