"""Codes by time, against the vectors of RFC 6238 and the drift of telephones."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from steward.kit import totp

RFC_SECRET = b"12345678901234567890"
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_published_vectors(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.code(RFC_SECRET, at) == code
    assert totp.step(RFC_SECRET, code, at) == seconds // 30


@pytest.mark.parametrize(("drift", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(drift: int, accepted: bool) -> None:
    secret = totp.new_secret()
    at = NOW + timedelta(seconds=drift)
    wanted = int(at.timestamp()) // 30 if accepted else None
    assert totp.step(secret, totp.code(secret, at), NOW) == wanted


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "é" * 6, "\ud800", "0" * 10_000])
def test_strange_codes_are_wrong(given: str) -> None:
    assert totp.step(RFC_SECRET, given, NOW) is None


def test_both_ways_to_an_authenticator_say_the_same() -> None:
    secret = totp.new_secret()
    address = urlsplit(totp.address(secret, person="ann@x.example", issuer="steward"))
    given = parse_qs(address.query)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert given["secret"] == [totp.shown(secret)]
    assert (given["issuer"], given["period"], given["digits"]) == (["steward"], ["30"], ["6"])
