"""Certificates as peers see them: fields by parsing, trust by a TLS handshake in memory."""

import ipaddress
import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from steward.outside import certificates as certificates_
from steward.ports import certificates


class Clock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing in here sleeps")


# Certificates have whole seconds.
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def maker(clock: Clock) -> certificates_.EllipticCertificates:
    return certificates_.EllipticCertificates(clock)


@pytest.fixture
def authority(maker: certificates_.EllipticCertificates) -> certificates.KeyPair:
    return maker.authority("kubernetes")


def parsed(pair: certificates.KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.encode())


def uses(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_an_authority_signs_leaves_and_nothing_else(authority: certificates.KeyPair) -> None:
    made = parsed(authority)
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = made.extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.value.ca, constraints.value.path_length, constraints.critical) == (True, 0, True)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature
    assert made.subject == made.issuer
    assert made.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert made.not_valid_after_utc == NOW + timedelta(days=3650)


def test_keys_are_p256_in_pkcs8(maker: certificates_.EllipticCertificates, authority: certificates.KeyPair) -> None:
    leaf = maker.issue(authority, certificates.Request(common_name="x"))
    for pair in (authority, leaf, maker.signing_key()):
        assert pair.key.startswith("-----BEGIN PRIVATE KEY-----\n")
        key = serialization.load_pem_private_key(pair.key.encode(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert isinstance(key.curve, ec.SECP256R1)


def test_a_client_has_its_user_and_groups_and_may_not_serve(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair
) -> None:
    request = certificates.Request(
        common_name="system:node:one", organizations=["system:nodes", "b"], valid_for=timedelta(minutes=10)
    )
    made = parsed(maker.issue(authority, request))
    assert [each.value for each in made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["system:node:one"]
    groups = [each.value for each in made.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert groups == ["system:nodes", "b"]
    assert uses(made) == {ExtendedKeyUsageOID.CLIENT_AUTH}
    assert made.not_valid_after_utc == NOW + timedelta(minutes=10)
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    with pytest.raises(x509.ExtensionNotFound):
        made.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_server_has_names_and_addresses_told_apart(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair
) -> None:
    names = ["kubernetes.default.svc", "10.3.0.1", "fd00::1"]
    made = parsed(maker.issue(authority, certificates.Request(common_name="x", names=names, client=False)))
    listed = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert listed.get_values_for_type(x509.DNSName) == ["kubernetes.default.svc"]
    assert listed.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("10.3.0.1"),
        ipaddress.ip_address("fd00::1"),
    ]
    assert uses(made) == {ExtendedKeyUsageOID.SERVER_AUTH}


def test_a_peer_may_serve_and_ask(maker: certificates_.EllipticCertificates, authority: certificates.KeyPair) -> None:
    made = parsed(maker.issue(authority, certificates.Request(common_name="etcd", names=["127.0.0.1"])))
    assert uses(made) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_a_certificate_of_no_use_is_refused(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair
) -> None:
    with pytest.raises(ValueError, match="no names, and no client"):
        maker.issue(authority, certificates.Request(common_name="x", client=False))


def test_key_identifiers_lead_from_leaf_to_authority(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair
) -> None:
    leaf = parsed(maker.issue(authority, certificates.Request(common_name="x")))
    issuer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    subject = parsed(authority).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert issuer.key_identifier == subject.digest
    leaf.verify_directly_issued_by(parsed(authority))


def test_serials_differ(maker: certificates_.EllipticCertificates, authority: certificates.KeyPair) -> None:
    request = certificates.Request(common_name="x")
    serials = {parsed(maker.issue(authority, request)).serial_number for _ in range(20)}
    assert len(serials) == 20
    assert min(serials) > 2**64


def test_nothing_outlives_its_authority(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair, clock: Clock
) -> None:
    clock.moment = NOW + timedelta(days=3600)
    leaf = parsed(maker.issue(authority, certificates.Request(common_name="x", valid_for=timedelta(days=365))))
    assert leaf.not_valid_after_utc == parsed(authority).not_valid_after_utc


def test_remaining_counts_down_and_below_zero(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair, clock: Clock
) -> None:
    request = certificates.Request(common_name="x", valid_for=timedelta(hours=1))
    leaf = maker.issue(authority, request).certificate
    assert maker.remaining(leaf) == timedelta(hours=1)
    clock.moment += timedelta(hours=2)
    assert maker.remaining(leaf) == timedelta(hours=-1)


def test_a_signing_key_comes_with_its_public_half(maker: certificates_.EllipticCertificates) -> None:
    pair = maker.signing_key()
    private = serialization.load_pem_private_key(pair.key.encode(), password=None)
    public = serialization.load_pem_public_key(pair.certificate.encode())
    assert private.public_key() == public


def test_no_key_shows_in_a_log(authority: certificates.KeyPair) -> None:
    assert "PRIVATE" not in repr(authority)


def context(purpose: int, pair: certificates.KeyPair, authority: certificates.KeyPair) -> ssl.SSLContext:
    made = ssl.SSLContext(purpose)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.load_verify_locations(cadata=authority.certificate)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(pair.certificate + pair.key)
        file.flush()
        os.chmod(file.name, 0o600)
        made.load_cert_chain(file.name)
    return made


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(back, there, server_hostname=host),
        server.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_both_sides_of_a_strict_handshake_are_satisfied(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair
) -> None:
    served = maker.issue(authority, certificates.Request(common_name="api", names=["10.3.0.1"], client=False))
    asking = maker.issue(authority, certificates.Request(common_name="me"))
    server = context(ssl.PROTOCOL_TLS_SERVER, served, authority)
    client = context(ssl.PROTOCOL_TLS_CLIENT, asking, authority)
    handshake(client, server, "10.3.0.1")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        handshake(client, server, "10.3.0.2")


def test_a_leaf_of_another_authority_of_the_same_name_is_refused(
    maker: certificates_.EllipticCertificates, authority: certificates.KeyPair
) -> None:
    other = maker.authority("kubernetes")
    served = maker.issue(other, certificates.Request(common_name="api", names=["10.3.0.1"]))
    server = context(ssl.PROTOCOL_TLS_SERVER, served, other)
    client = context(ssl.PROTOCOL_TLS_CLIENT, maker.issue(other, certificates.Request(common_name="me")), authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(client, server, "10.3.0.1")
