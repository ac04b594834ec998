"""Logs handed over to real receivers, that take them, break off, hang or are not who they should be."""

import asyncio
import ipaddress
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from steward.domain import errors
from steward.outside import log_receivers
from steward.outside.log_receivers import NetworkLogReceivers
from steward.ports import messengers
from steward.ports.log_receivers import Target
from tests import authorities, receivers

loopback = pytest.mark.loopback
HERE = ipaddress.ip_network("127.0.0.1/32")
SECRET = "a-secret-of-the-receiver"
FEW = [{"version": "1.1", "short_message": f"line {number}", "_name": "nul \0 and ü"} for number in range(3)]
MANY = [{"short_message": "x" * 1000, "_number": number} for number in range(3000)]


def sender(**how: Any) -> NetworkLogReceivers:
    return NetworkLogReceivers(**{"allowed": [HERE], "timeout": 5.0, **how})


def to(*addresses: str) -> Callable[[str, int], Coroutine[Any, Any, Sequence[str]]]:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> authorities.Authority:
    return authorities.Authority(tmp_path_factory.mktemp("authority"))


def pem(authority: authorities.Authority) -> str:
    return authority.file.read_text()


@loopback
@pytest.mark.parametrize("messages", [FEW, MANY])
def test_gelf_over_tls_arrives_whole_with_its_token(
    authority: authorities.Authority, messages: list[dict[str, Any]]
) -> None:
    async def story() -> None:
        receiver = receivers.Gelf()
        async with receivers.served(receiver, authority.server("127.0.0.1")) as port:
            target = Target(url=f"gelf+tls://127.0.0.1:{port}", authority=pem(authority), token=SECRET)
            for _ in range(2):
                await sender().send(target, messages)
        assert receiver.got == [{**each, log_receivers.TOKEN_FIELD: SECRET} for each in [*messages, *messages]]

    asyncio.run(story())


@loopback
def test_gelf_without_tls_arrives_where_the_operator_allows_it() -> None:
    async def story() -> None:
        receiver = receivers.Gelf()
        async with receivers.served(receiver) as port:
            await sender().send(Target(url=f"gelf+tcp://127.0.0.1:{port}"), MANY)
            with pytest.raises(messengers.NotSent, match="sends nothing to"):
                await sender(allowed=[]).send(Target(url=f"gelf+tcp://127.0.0.1:{port}"), FEW)
        assert receiver.got == MANY

    asyncio.run(story())


@loopback
@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize(("manner", "said"), [("resets", "could not be reached"), ("hangs", "did not take the batch")])
def test_what_was_not_read_to_its_end_was_not_handed_over(
    authority: authorities.Authority, encrypted: bool, manner: str, said: str
) -> None:
    async def story() -> None:
        receiver = receivers.Gelf(manner=manner)
        tls = authority.server("127.0.0.1") if encrypted else None
        async with receivers.served(receiver, tls) as port:
            target = Target(
                url=f"gelf+{'tls' if encrypted else 'tcp'}://127.0.0.1:{port}",
                authority=pem(authority) if encrypted else "",
                token=SECRET,
            )
            with pytest.raises(messengers.NotSent, match=said) as reason:
                await sender(timeout=1.0).send(target, MANY)
        assert SECRET not in str(reason.value)
        assert receiver.got == []

    asyncio.run(story())


@loopback
def test_a_receiver_that_keeps_its_side_open_has_not_said_that_it_read_all() -> None:
    async def story() -> None:
        receiver = receivers.Gelf(manner="keeps")
        async with receivers.served(receiver) as port:
            with pytest.raises(messengers.NotSent, match="did not take the batch"):
                await sender(timeout=0.5).send(Target(url=f"gelf+tcp://127.0.0.1:{port}"), FEW)

    asyncio.run(story())


@loopback
@pytest.mark.parametrize("scheme", ["gelf+tls", "https"])
def test_who_is_not_who_it_should_be_gets_nothing(authority: authorities.Authority, scheme: str) -> None:
    async def story() -> None:
        receiver: receivers.Gelf | receivers.Http = receivers.Http() if scheme == "https" else receivers.Gelf()
        async with receivers.served(receiver, authority.server("other.example.org")) as port:
            for host, trusted in (("127.0.0.1", pem(authority)), ("127.0.0.1", ""), ("logs.example.org", "")):
                target = Target(url=f"{scheme}://{host}:{port}", authority=trusted, token=SECRET)
                with pytest.raises(messengers.NotSent, match="certificate not trusted"):
                    await sender(resolve=to("127.0.0.1")).send(target, FEW)
            named = Target(url=f"{scheme}://other.example.org:{port}", authority=pem(authority))
            await sender(resolve=to("127.0.0.1")).send(named, FEW)
        assert receiver.got == FEW

    asyncio.run(story())


@loopback
def test_http_gets_a_line_for_each_and_the_secret_in_its_header(authority: authorities.Authority) -> None:
    async def story() -> None:
        receiver = receivers.Http(answers=["500 Broken", "302 Found", "413 Too Large"])
        async with receivers.served(receiver, authority.server("127.0.0.1")) as port:
            url = f"https://127.0.0.1:{port}/gelf?x=1"
            target = Target(url=url, authority=pem(authority), token=SECRET)
            for status in ("500", "302", "413"):
                with pytest.raises(messengers.NotSent, match=f"answered {status}"):
                    await sender().send(target, FEW)
            await sender().send(target, FEW)
            await sender().send(Target(url=url, authority=pem(authority), header="X-Key", token=SECRET), FEW)
        assert receiver.got == [*FEW, *FEW]
        assert receiver.heads[3][""] == "POST /gelf?x=1 HTTP/1.1"
        assert receiver.heads[3]["authorization"] == f"Bearer {SECRET}"
        assert receiver.heads[3]["content-type"] == "application/x-ndjson"
        assert (receiver.heads[4]["x-key"], receiver.heads[4].get("authorization")) == (SECRET, None)

    asyncio.run(story())


@loopback
def test_nobody_there_is_said() -> None:
    async def story() -> None:
        for url in ("gelf+tcp://127.0.0.1:1", "http://127.0.0.1:1"):
            with pytest.raises(messengers.NotSent, match="could not be reached"):
                await sender().send(Target(url=url), FEW)

    asyncio.run(story())


@pytest.mark.parametrize("scheme", ["gelf+tls", "gelf+tcp", "https"])
@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.2", "::1", "::ffff:10.0.0.1"])
def test_a_name_that_leads_inside_is_not_followed(scheme: str, inside: str) -> None:
    async def story() -> None:
        reached = sender(allowed=[], resolve=to("93.184.216.34", inside))
        with pytest.raises(messengers.NotSent, match="sends nothing to"):
            await reached.send(Target(url=f"{scheme}://logs.example.org:12202"), FEW)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target(url="gelf+tls://logs.example.org"), "host and a port"),
        (Target(url="gelf+tls://logs.example.org:12202/path"), "host and a port"),
        (Target(url="gelf+udp://logs.example.org:12201"), "must begin with"),
        (Target(url="file:///etc/passwd"), "must begin with"),
        (Target(url="https://user:secret@example.org/"), "no password"),
        (Target(url="https://10.0.0.1/"), "sends nothing to"),
        (Target(url="https://[::1]/"), "sends nothing to"),
        (Target(url="gelf+tcp://logs.example.org:12201"), "clear text"),
        (Target(url="http://logs.example.org/"), "clear text"),
        (Target(url="https://example.org/\n"), "printable"),
        (Target(url="https://" + "x" * 3000), "printable and at most"),
        (Target(url="https://example.org", authority="no certificate"), "PEM"),
        (Target(url="https://example.org", header="Host"), "header"),
        (Target(url="https://example.org", header="X: y"), "header"),
        (Target(url="https://example.org", token="a\r\nb"), "token"),
    ],
)
def test_what_nothing_is_ever_handed_over_to_is_refused_at_once(target: Target, said: str) -> None:
    with pytest.raises(errors.BadInput, match=said):
        sender(allowed=[]).check(target)


def test_what_may_be_is_not_refused(authority: authorities.Authority) -> None:
    for url in ("gelf+tls://logs.example.org:12202", "https://logs.example.org/gelf", "https://93.184.216.34/"):
        sender(allowed=[]).check(Target(url=url, authority=pem(authority), header="X-Key", token=SECRET))
