"""The signature against the vectors of OVHcloud's documentation, and against the rule in its words."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.client import signing

SECRET = "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF"
CONSUMER = "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1"


@pytest.mark.parametrize(
    ("method", "url", "body", "timestamp", "expected"),
    [
        (
            "GET",
            "https://eu.api.ovh.com/1.0/domain/zone",
            b"",
            1366560945,
            "$1$eba73e191a24380e0d8f7ab822e7166c788b2dec",
        ),
        (
            "post",
            "https://eu.api.ovh.com/1.0/domain/zone/example.com/record",
            b'{"fieldType":"TXT","subDomain":"_acme-challenge","target":"token","ttl":60}',
            1700000000,
            "$1$d68776e39398b3f168e6a439b19ca5b276f19929",
        ),
    ],
)
def test_vectors(method: str, url: str, body: bytes, timestamp: int, expected: str) -> None:
    made = signing.signature(
        application_secret=SECRET, consumer_key=CONSUMER, method=method, url=url, body=body, timestamp=timestamp
    )
    assert made == expected


@given(body=st.text(), url=st.text(), timestamp=st.integers(min_value=0))
def test_parts_are_joined_by_plus_signs(body: str, url: str, timestamp: int) -> None:
    made = signing.signature(
        application_secret=SECRET,
        consumer_key=CONSUMER,
        method="PUT",
        url=url,
        body=body.encode(),
        timestamp=timestamp,
    )
    text = "+".join([SECRET, CONSUMER, "PUT", url, body, str(timestamp)])
    assert made == "$1$" + hashlib.sha1(text.encode()).hexdigest()
