"""Keys and certificates of clusters with the `cryptography` library: P-256, PKCS 8, X.509 version 3.

Called by the reconcilers through `ports.certificates`. Where keys are kept, sealed or written is the
business of others: nothing in here touches a file.
"""

import ipaddress
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from steward.ports import certificates, clock

AUTHORITY_LIFE = timedelta(days=3650)
# Certificates begin a little before now, because the clocks of machines differ.
CLOCK_SKEW = timedelta(minutes=5)


class EllipticCertificates:
    def __init__(self, clock: clock.Clock) -> None:
        self._clock = clock

    def authority(self, common_name: str) -> certificates.KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            self._builder(name, key.public_key(), AUTHORITY_LIFE)
            .issuer_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        )
        return _pair(key, builder.sign(key, hashes.SHA256()))

    def issue(self, authority: certificates.KeyPair, request: certificates.Request) -> certificates.KeyPair:
        issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
        key = ec.generate_private_key(ec.SECP256R1())
        # Nothing outlives the authority that vouches for it.
        life = min(request.valid_for, issuer.not_valid_after_utc - self._clock.now())
        builder = (
            self._builder(_subject(request), key.public_key(), life)
            .issuer_name(issuer.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(authority=False), critical=True)
            .add_extension(_uses(request), critical=False)
            .add_extension(_identifier_of(issuer), critical=False)
        )
        if request.names:
            names = x509.SubjectAlternativeName([_general_name(each) for each in request.names])
            builder = builder.add_extension(names, critical=False)
        return _pair(key, builder.sign(_signer(authority), hashes.SHA256()))

    def signing_key(self) -> certificates.KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return certificates.KeyPair(key=_private_pem(key), certificate=public.decode())

    def remaining(self, certificate: str) -> timedelta:
        return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc - self._clock.now()

    def names(self, certificate: str) -> frozenset[str]:
        extensions = x509.load_pem_x509_certificate(certificate.encode()).extensions
        try:
            found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return frozenset()
        addresses = map(str, found.get_values_for_type(x509.IPAddress))
        return frozenset((*found.get_values_for_type(x509.DNSName), *addresses))

    def user(self, certificate: str) -> str:
        subject = x509.load_pem_x509_certificate(certificate.encode()).subject
        return "".join(str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)[:1])

    def fingerprint(self, certificate: str) -> str:
        return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256()).hex()

    def _builder(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, life: timedelta
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + life)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )


def _subject(request: certificates.Request) -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in request.organizations]
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, request.common_name)])


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,  # a use of RSA keys
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _uses(request: certificates.Request) -> x509.ExtendedKeyUsage:
    uses = [ExtendedKeyUsageOID.SERVER_AUTH] if request.names else []
    if request.client:
        uses.append(ExtendedKeyUsageOID.CLIENT_AUTH)
    if not uses:
        raise ValueError(f"the certificate of {request.common_name!r} would be of no use: no names, and no client")
    return x509.ExtendedKeyUsage(uses)


def _identifier_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _signer(authority: certificates.KeyPair) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(authority.key.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("an authority's key is an elliptic one; this is another kind")
    return key


def _pair(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> certificates.KeyPair:
    return certificates.KeyPair(
        key=_private_pem(key), certificate=certificate.public_bytes(serialization.Encoding.PEM).decode()
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
