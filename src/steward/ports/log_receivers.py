"""Where customers' logs are handed over to: addresses of their choosing, outside of the service.

One call is one attempt with one batch; who calls decides when to try again. A batch whose attempt ended with an error
may have arrived in part: receivers tell what they have already by `_audit_id`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from steward.ports.messengers import NotSent


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`url` is `gelf+tls://host:port`, `gelf+tcp://host:port` or `https://…`.

    `authority` is PEM. The token goes into the HTTP header of that name, or into each GELF message.
    """

    url: str
    authority: str = ""
    header: str = ""
    token: str = field(default="", repr=False)


class LogReceivers(Protocol):
    def check(self, target: Target) -> None:
        """`errors.BadInput` for what nothing is ever handed over to: an address inside, without TLS, no authority."""
        ...

    async def send(self, target: Target, messages: Sequence[Mapping[str, Any]]) -> None:
        """Returns once the receiver has taken all of them; raises `NotSent`, without any secret in its text."""
        ...


class NoLogReceivers:
    """Where nothing may leave: tests, and programs without a network."""

    def check(self, target: Target) -> None:
        """Nothing is ever handed over to it."""

    async def send(self, target: Target, messages: Sequence[Mapping[str, Any]]) -> None:
        raise NotSent("This service hands over no logs")


NO_LOG_RECEIVERS = NoLogReceivers()
