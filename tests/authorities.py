"""A certificate authority of the tests, and servers' certificates from it for names on loopback."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from steward.outside import certificates as certificates_
from steward.ports import certificates


class _Now:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing in here sleeps")


class Authority:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maker = certificates_.EllipticCertificates(_Now())
        self._own = self._maker.authority("authority of the tests")
        self.file = folder / "authority.pem"
        self.file.write_text(self._own.certificate)

    def trusting(self) -> ssl.SSLContext:
        """Of a client."""
        return ssl.create_default_context(cafile=str(self.file))

    def server(self, *names: str) -> ssl.SSLContext:
        request = certificates.Request(common_name=names[0], names=names, valid_for=timedelta(days=1))
        made = self._maker.issue(self._own, request)
        both = self._folder / f"{names[0]}.pem"
        both.write_text(made.certificate + made.key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(both)
        return context
