"""Ways out to people: a letter to a mailbox, a signed message to an address of the customer's choosing.

Called by the delivery of notices and of the ledger's checkpoints. One call is one attempt; who calls decides when
to try again, with the same `message_id`, so that a receiver that got it twice can tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class NotSent(Exception):
    """It did not arrive; the text says why, without any secret. `final`: another attempt brings nothing either."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        self.final = final
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`message_id` is a UUID."""

    message_id: str
    to: str
    subject: str
    text: str


class Mail(Protocol):
    async def send(self, letter: Letter) -> str:
        """The receipt: what the mail server answered when it took the letter. Raises `NotSent`."""
        ...


class Webhooks(Protocol):
    def check(self, url: str) -> None:
        """`errors.BadInput` for what is never sent to: no https, an address inside, one with a password."""
        ...

    async def send(self, url: str, secret: str, message_id: str, type: str, payload: Mapping[str, Any]) -> str:
        """The receipt: the 2xx and the message's id. `secret` is `whsec_…`. Raises `NotSent`."""
        ...


class NoMail:
    """Where no mail server is set."""

    async def send(self, letter: Letter) -> str:
        raise NotSent("The provider has set no mail server (STEWARD_SMTP_URL)")


class NoWebhooks:
    """Where nothing may leave: tests, and programs without a network."""

    def check(self, url: str) -> None:
        """Nothing is ever sent to it."""

    async def send(self, url: str, secret: str, message_id: str, type: str, payload: Mapping[str, Any]) -> str:
        raise NotSent("This service sends no webhooks")


NO_MAIL, NO_WEBHOOKS = NoMail(), NoWebhooks()
