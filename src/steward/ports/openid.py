"""Signing people in by an OpenID provider: where a browser is sent to, and whom it comes back as."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What ties a browser's way there to its way back; nobody but that browser knows it."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    back_to: str  # the address that the provider sends the browser to, exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Proven by the provider's signature. `second_factor`: it says so in a way that the operator believes."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    second_factor: bool


class OpenIdProvider(Protocol):
    """Raises `errors.Unavailable` where the provider does not answer."""

    @property
    def name(self) -> str:
        """By which people know it."""
        ...

    @property
    def issuer(self) -> str: ...

    async def address(self, attempt: Attempt) -> str:
        """Where the browser goes."""
        ...

    async def claims(self, attempt: Attempt, code: str) -> Claims:
        """`errors.Unauthenticated` where the code or what it was exchanged for is not right."""
        ...
