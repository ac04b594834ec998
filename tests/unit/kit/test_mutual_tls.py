"""Contexts of TLS, shaken hands with in memory: whom they trust, as whom they come, and that keys leave no file."""

import os
import ssl

import pytest

from steward.kit import mutual_tls
from steward.outside import certificates as certificates_
from steward.outside import clock
from steward.ports import certificates

MAKES = certificates_.EllipticCertificates(clock.SystemClock())
OURS, OTHER = MAKES.authority("ours"), MAKES.authority("another")
CLIENT = MAKES.issue(OURS, certificates.Request(common_name="look"))
SERVER = certificates.Request(common_name="api", names=["api.example"], client=False)


def _server(authority: certificates.KeyPair) -> ssl.SSLContext:
    made = MAKES.issue(authority, SERVER)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with open(os.memfd_create("server"), "wb") as file:
        file.write(f"{made.certificate}\n{made.key}".encode())
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    context.load_verify_locations(cadata=OURS.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _met(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "api.example") -> tuple[str, str]:
    """Whom the server met, and over which protocol."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    waiting = [ours, theirs]
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
    subject = dict(each[0] for each in (theirs.getpeercert() or {}).get("subject", ()))
    return str(subject.get("commonName", "")), str(theirs.version())


def test_one_comes_as_who_it_is() -> None:
    context = mutual_tls.identified(OURS.certificate, certificate=CLIENT.certificate, key=CLIENT.key)
    assert _met(context, _server(OURS)) == ("look", "TLSv1.3")


def test_one_comes_as_nobody() -> None:
    assert _met(mutual_tls.trusting(OURS.certificate), _server(OURS))[0] == ""


def test_nobody_elses_authority_is_trusted() -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _met(mutual_tls.trusting(OURS.certificate), _server(OTHER))


def test_another_name_is_refused() -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        _met(mutual_tls.trusting(OURS.certificate), _server(OURS), "other.example")


def test_old_protocols_are_not_spoken() -> None:
    assert mutual_tls.trusting(OURS.certificate).minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_key_of_somebody_else_is_refused_and_nothing_stays_open() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(ssl.SSLError):
        mutual_tls.identified(OURS.certificate, certificate=CLIENT.certificate, key=OTHER.key)
    mutual_tls.identified(OURS.certificate, certificate=CLIENT.certificate, key=CLIENT.key)
    assert sorted(os.listdir("/proc/self/fd")) == before
