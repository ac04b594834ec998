"""Mail through a real SMTP server: with STARTTLS, TLS from the start, sign-in, refusals, and without trust."""

import asyncio
import email
import email.policy
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd import smtp

from steward.domain import errors
from steward.outside import clock, mail
from steward.ports import messengers
from tests import authorities

loopback = pytest.mark.loopback
FROM = "steward <notices@steward.example>"


class Handler:
    """Keeps what it gets; answers as told."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.to_recipient = ""
        self.to_data = "250 2.0.0 taken as 4711"
        self.slow = 0.0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.slow)
        self.kept.append((session, envelope))
        return self.to_data

    def message(self) -> email.message.EmailMessage:
        found = email.message_from_bytes(self.kept[-1][1].content, policy=email.policy.default)
        assert isinstance(found, email.message.EmailMessage)
        return found


@asynccontextmanager
async def served(handler: Handler, *, implicit: ssl.SSLContext | None = None, **how: Any) -> AsyncIterator[int]:
    def made() -> smtp.SMTP:
        return smtp.SMTP(handler, hostname="localhost", **how)

    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0, ssl=implicit)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def letter(**changes: str) -> messengers.Letter:
    fields = {"message_id": str(uuid.uuid4()), "to": "ann@example.org", "subject": "It is done", "text": "All of it.\n"}
    return messengers.Letter(**{**fields, **changes})


def sender(url: str, authority: authorities.Authority | None = None, **how: Any) -> mail.SmtpMail:
    trusted = None if authority is None else authority.trusting()
    return mail.SmtpMail(mail.server(url), FROM, clock.SystemClock(), authority=trusted, **how)


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


@pytest.fixture
def authority(tmp_path: Path) -> authorities.Authority:
    return authorities.Authority(tmp_path)


@loopback
def test_starttls_and_sign_in(authority: authorities.Authority) -> None:
    async def story() -> None:
        handler, asked = Handler(), []

        def sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> smtp.AuthResult:
            asked.append((data.login, data.password))
            return smtp.AuthResult(success=data.password == b"p@ss word", handled=False)

        how = {"tls_context": authority.server("localhost"), "require_starttls": True}
        async with served(handler, authenticator=sign_in, auth_required=True, **how) as port:
            sent = letter(subject="Ends: über\nBcc: eve@example.org")
            answer = await sender(f"smtp://user:p%40ss%20word@localhost:{port}", authority).send(sent)
            assert answer == "250 2.0.0 taken as 4711"
            assert asked == [(b"user", b"p@ss word")]
            session, envelope = handler.kept[0]
            assert session.ssl is not None
            assert envelope.mail_from == "notices@steward.example"
            assert envelope.rcpt_tos == ["ann@example.org"]
            found = handler.message()
            assert found["Message-ID"] == f"<{sent.message_id}@steward.example>"
            assert found["Subject"] == "Ends: über Bcc: eve@example.org"
            assert found["Bcc"] is None
            assert found["Auto-Submitted"] == "auto-generated"
            assert abs(datetime.now(UTC) - found["Date"].datetime) < timedelta(minutes=1)
            assert found.get_content().replace("\r\n", "\n") == "All of it.\n"
            with pytest.raises(messengers.NotSent, match="answered 535") as refused:
                await sender(f"smtp://user:wrong-one@localhost:{port}", authority).send(letter())
            assert not refused.value.final
            assert "wrong-one" not in str(refused.value)

    run(story)


@loopback
def test_tls_from_the_start(authority: authorities.Authority) -> None:
    async def story() -> None:
        handler = Handler()
        async with served(handler, implicit=authority.server("localhost")) as port:
            assert (await sender(f"smtps://localhost:{port}", authority).send(letter())).startswith("250 ")
        assert len(handler.kept) == 1

    run(story)


@loopback
@pytest.mark.parametrize("case", ["another authority", "another name", "no TLS offered"])
def test_nothing_is_sent_without_tls_that_is_verified(
    case: str, authority: authorities.Authority, tmp_path: Path
) -> None:
    async def story() -> None:
        handler = Handler()
        name = "elsewhere.example" if case == "another name" else "localhost"
        how = {} if case == "no TLS offered" else {"tls_context": authority.server(name)}
        trusted = authority
        if case == "another authority":
            (tmp_path / "other").mkdir()
            trusted = authorities.Authority(tmp_path / "other")
        async with served(handler, **how) as port:
            with pytest.raises(messengers.NotSent) as refused:
                await sender(f"smtp://localhost:{port}", trusted).send(letter())
        assert not refused.value.final
        assert handler.kept == []

    run(story)


@loopback
@pytest.mark.parametrize(
    ("answer", "final"), [("550 5.1.1 no such mailbox", True), ("450 4.2.0 come back later", False)]
)
def test_a_refused_mailbox(answer: str, final: bool) -> None:
    async def story() -> None:
        handler = Handler()
        handler.to_recipient = answer
        async with served(handler) as port:
            with pytest.raises(messengers.NotSent, match=answer[:3]) as refused:
                await sender(f"smtp://127.0.0.1:{port}?tls=none").send(letter())
        assert refused.value.final is final

    run(story)


@loopback
def test_a_refused_letter_and_a_slow_server_and_none() -> None:
    async def story() -> None:
        handler = Handler()
        handler.to_data = "451 4.3.0 disk full"
        async with served(handler) as port:
            url = f"smtp://127.0.0.1:{port}?tls=none"
            with pytest.raises(messengers.NotSent, match="451"):
                await sender(url).send(letter())
            handler.slow = 5.0
            with pytest.raises(messengers.NotSent, match=r"within 0\.2 s"):
                await sender(url, timeout=0.2).send(letter())
        with pytest.raises(messengers.NotSent, match="could not be used"):
            await sender(url).send(letter())

    run(story)


@pytest.mark.parametrize(
    ("url", "host", "port", "implicit"),
    [
        ("smtp://mail.example", "mail.example", 587, False),
        ("smtps://u:p@mail.example", "mail.example", 465, True),
        ("smtp://mail.example:2525", "mail.example", 2525, False),
    ],
)
def test_what_a_url_says(url: str, host: str, port: int, implicit: bool) -> None:
    found = mail.server(url)
    assert (found.host, found.port, found.implicit, found.plain) == (host, port, implicit, False)


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp://u:secret@mail.example:port", "smtp://u:secret@mail.example?tls=none",
     "smtps://127.0.0.1?tls=none"],
)  # fmt: skip
def test_a_url_that_cannot_be_used_stops_the_service_without_telling_its_password(url: str) -> None:
    with pytest.raises(errors.Unavailable, match="STEWARD_SMTP_URL") as refused:
        mail.server(url)
    assert "secret" not in refused.value.message


def test_a_password_is_not_in_what_is_printed_of_a_server() -> None:
    assert "secret" not in repr(mail.server("smtps://u:secret@mail.example"))


def test_a_sender_without_an_address_stops_the_service() -> None:
    with pytest.raises(errors.Unavailable, match="STEWARD_MAIL_FROM"):
        mail.SmtpMail(mail.server("smtps://mail.example"), "steward", clock.SystemClock())
