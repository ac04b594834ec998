"""The rules of `ports/certificates.py`."""

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from steward.outside import certificates as certificates_
from steward.outside import clock as clock_
from steward.ports import certificates
from steward.ports.certificates import KeyPair, Request

LEAF = Request(common_name="leaf", organizations=["group"], names=["leaf.internal", "127.0.0.1"])


@pytest.fixture
def maker() -> certificates.Certificates:
    return certificates_.EllipticCertificates(clock_.SystemClock())


def parsed(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.encode())


def test_all_keys_are_p256(maker: certificates.Certificates) -> None:
    authority = maker.authority("an authority")
    for pair in (authority, maker.issue(authority, LEAF), maker.signing_key()):
        key = serialization.load_pem_private_key(pair.key.encode(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.curve.name == "secp256r1"


def test_a_leaf_is_vouched_for_by_its_authority_alone(maker: certificates.Certificates) -> None:
    authority, other = maker.authority("an authority"), maker.authority("an authority")
    leaf = parsed(maker.issue(authority, LEAF))
    leaf.verify_directly_issued_by(parsed(authority))
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(parsed(other))


def test_a_certificate_belongs_to_its_key(maker: certificates.Certificates) -> None:
    authority = maker.authority("an authority")
    for pair in (authority, maker.issue(authority, LEAF)):
        key = serialization.load_pem_private_key(pair.key.encode(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.public_key() == parsed(pair).public_key()


def test_a_signing_key_has_its_public_half_beside_it(maker: certificates.Certificates) -> None:
    pair = maker.signing_key()
    key = serialization.load_pem_private_key(pair.key.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == serialization.load_pem_public_key(pair.certificate.encode())


def test_no_two_leaves_share_key_or_number(maker: certificates.Certificates) -> None:
    authority = maker.authority("an authority")
    one, other = maker.issue(authority, LEAF), maker.issue(authority, LEAF)
    assert one.key != other.key
    assert parsed(one).serial_number != parsed(other).serial_number


def test_remaining_is_what_was_asked_for(maker: certificates.Certificates) -> None:
    authority = maker.authority("an authority")
    for valid_for in (timedelta(minutes=10), timedelta(days=365)):
        leaf = maker.issue(authority, Request(common_name="leaf", valid_for=valid_for))
        assert valid_for - timedelta(seconds=10) < maker.remaining(leaf.certificate) <= valid_for


def test_nothing_outlives_its_authority(maker: certificates.Certificates) -> None:
    authority = maker.authority("an authority")
    leaf = maker.issue(authority, Request(common_name="leaf", valid_for=timedelta(days=36500)))
    assert parsed(leaf).not_valid_after_utc <= parsed(authority).not_valid_after_utc


def test_the_end_of_a_certificate_is_negative(maker: certificates.Certificates) -> None:
    leaf = maker.issue(maker.authority("an authority"), Request(common_name="leaf", valid_for=timedelta(seconds=-60)))
    assert maker.remaining(leaf.certificate) < timedelta(0)


def test_no_key_shows_in_a_log(maker: certificates.Certificates) -> None:
    assert "PRIVATE KEY" not in repr(maker.authority("an authority"))


def test_a_certificate_is_known_by_its_fingerprint_and_its_user(maker: certificates.Certificates) -> None:
    authority = maker.authority("an authority")
    first, second = (maker.issue(authority, LEAF) for _ in range(2))
    found = parsed(first)
    assert maker.fingerprint(first.certificate) == hashlib.sha256(found.public_bytes(Encoding.DER)).hexdigest()
    assert maker.fingerprint(first.certificate) != maker.fingerprint(second.certificate)
    assert maker.user(first.certificate) == "leaf"
    for text in ("", "no certificate"):
        with pytest.raises(ValueError, match="PEM"):
            maker.user(text)


def test_a_certificate_serves_for_the_names_that_were_asked_for(maker: certificates.Certificates) -> None:
    authority, names = maker.authority("an authority"), ["a.example", "203.0.113.7", "2001:db8::1"]
    serving = maker.issue(authority, certificates.Request(common_name="served", names=names, client=False))
    assert maker.names(serving.certificate) == set(names)
    assert maker.names(maker.issue(authority, certificates.Request(common_name="a client")).certificate) == set()
