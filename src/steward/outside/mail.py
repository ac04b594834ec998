"""Letters by SMTP, over TLS that is verified. One connection for each: notices are few, and none waits for another.

The server is a setting of the provider's: `smtps://` speaks TLS from the start, `smtp://` must offer STARTTLS. A server
on this machine may do without (`smtp://127.0.0.1:25?tls=none`); no other may.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from steward.domain import errors
from steward.ports import clock, messengers

TIMEOUT = 20.0  # seconds for all of one letter
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    implicit: bool  # TLS from the first byte
    plain: bool  # no TLS at all


def server(url: str) -> Server:
    """`errors.Unavailable`, without the password in it, for what cannot be used: the service then does not start."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise errors.Unavailable("STEWARD_SMTP_URL is no URL") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise errors.Unavailable("STEWARD_SMTP_URL must be smtp://… (with STARTTLS) or smtps://…, and name a host")
    plain = parse_qs(parts.query).get("tls") == ["none"]
    if plain and not (parts.scheme == "smtp" and _here(parts.hostname)):
        raise errors.Unavailable("STEWARD_SMTP_URL does without TLS, which only a server at a loopback address may")
    return Server(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit=parts.scheme == "smtps",
        plain=plain,
    )


class SmtpMail:
    def __init__(
        self,
        server: Server,
        sender: str,
        clock: clock.Clock,
        *,
        authority: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        address = parseaddr(sender)[1]
        if "@" not in address:
            raise errors.Unavailable("STEWARD_MAIL_FROM must be an address, such as steward@example.org")
        self._server = server
        self._sender = sender
        self._domain = address.rpartition("@")[2]
        self._clock = clock
        self._timeout = timeout
        self._authority = None if server.plain else authority or ssl.create_default_context()

    async def send(self, letter: messengers.Letter) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._sent(letter)
        except TimeoutError:
            raise messengers.NotSent(f"The mail server did not take it within {self._timeout:g} s") from None

    async def _sent(self, letter: messengers.Letter) -> str:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=self._timeout,
            use_tls=server.implicit,
            start_tls=not server.implicit and not server.plain,
            tls_context=self._authority,
        )
        try:
            async with client:
                if server.username:
                    await client.login(server.username, server.password)
                _, answer = await client.send_message(self._message(letter))
        except aiosmtplib.SMTPRecipientsRefused as reason:
            refused = reason.recipients[0]
            raise messengers.NotSent(
                f"The mail server refused the address: {refused.code} {_line(refused.message)}",
                final=refused.code >= 500,
            ) from None
        except aiosmtplib.SMTPResponseException as reason:
            raise messengers.NotSent(f"The mail server answered {reason.code} {_line(reason.message)}") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as reason:
            raise messengers.NotSent(f"The mail server could not be used ({type(reason).__name__})") from None
        return f"250 {_line(answer)}"

    def _message(self, letter: messengers.Letter) -> EmailMessage:
        made = EmailMessage()
        made["From"] = self._sender
        made["To"] = letter.to
        made["Subject"] = _line(letter.subject)
        made["Date"] = self._clock.now()
        made["Message-ID"] = f"<{letter.message_id}@{self._domain}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(letter.text)
        return made


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _line(text: str) -> str:
    """One line: no text of ours or of a server's adds a header."""
    return " ".join(text.split())[:200]
