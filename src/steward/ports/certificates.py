"""Keys and certificates of clusters, all of them P-256."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """PEM texts; `certificate` is empty for a bare key (service-account signing)."""

    key: str = field(repr=False)
    certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A leaf's subject and use. `names` are DNS names or IP addresses; with any, it may serve."""

    common_name: str
    organizations: Sequence[str] = ()
    names: Sequence[str] = ()
    client: bool = True
    valid_for: timedelta = timedelta(days=365)


class Certificates(Protocol):
    def authority(self, common_name: str) -> KeyPair: ...

    def issue(self, authority: KeyPair, request: Request) -> KeyPair: ...

    def signing_key(self) -> KeyPair:
        """A bare key pair: `key` private, `certificate` the public key, both PEM."""
        ...

    def remaining(self, certificate: str) -> timedelta:
        """How long a certificate is still valid; negative after its end."""
        ...

    def names(self, certificate: str) -> frozenset[str]:
        """DNS names and IP addresses that it serves for; none where it does not serve."""
        ...

    def user(self, certificate: str) -> str:
        """The common name of its subject; ValueError where it is no certificate."""
        ...

    def fingerprint(self, certificate: str) -> str:
        """SHA-256 of its DER form, hex: what audit logs call the credential."""
        ...
