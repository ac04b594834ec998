"""What goes wrong before a request is one: not HTTP, a head that is too long, a client that stops half way.

Given to uvicorn by bootstrap. uvicorn would answer in plain text, and wait for ever; here every answer has OVHcloud's
form and a query id, and the head and the body of a request each have their time.
"""

import time
from asyncio import TimerHandle
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from steward.api import errors as errors_
from steward.domain import errors

HEAD_SECONDS = 20.0  # from the first byte to the end of the headers; also of silence after connecting
BODY_SECONDS = 60.0  # from there to the end of the body, which has at most a few megabytes
LINGER_SECONDS = 2.0
GOODBYE_SECONDS = 0.5
LONGEST_HEAD = 64 * 1024


class _TooSlow(errors.BadInput):
    status = HTTPStatus.REQUEST_TIMEOUT
    kind = "Client::RequestTimeout"
    code = "REQUEST_TIMEOUT"


class _HeadTooLong(errors.BadInput):
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    kind = "Client::RequestHeaderFieldsTooLarge"
    code = "REQUEST_HEADER_FIELDS_TOO_LARGE"


class Connection(HttpToolsProtocol):
    head_seconds = HEAD_SECONDS
    body_seconds = BODY_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: TimerHandle | None = None
        self._in_head = True
        self._head = 0  # bytes of the head that is being received
        self._ended = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Of the whole service: an idle client that reads nothing would not answer TLS's goodbye."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > LONGEST_HEAD:
            self._refuse(self._too_long())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait(self.head_seconds)

    def on_headers_complete(self) -> None:
        length = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if length > LONGEST_HEAD:
            self._refuse(self._too_long())
            raise ValueError("the head is too long")
        self._in_head, self._head = False, 0
        self._wait(self.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(
            errors.BadInput("This is not a request in HTTP/1.1, or its address has characters that no address may have")
        )

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        if self.flow.read_paused:
            self._wait(self.body_seconds)  # it is we who do not read
        elif self._in_head and self._head == 0:
            self.transport.close()  # it said nothing, and is told nothing
        else:
            what = "head" if self._in_head else "body"
            self._refuse(_TooSlow(f"The {what} of the request did not come to its end in time; send it anew"))

    def _too_long(self) -> errors.Refusal:
        return _HeadTooLong(f"Address and headers of the request have more than {LONGEST_HEAD} bytes")

    def _refuse(self, refusal: errors.Refusal) -> None:
        """And close: what follows on this connection cannot be told apart any more."""
        if self._ended:
            return
        self._ended = True
        self._stop_waiting()
        answering = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not answering and not self.transport.is_closing():
            self.transport.write(_written(refusal))
        if answering or not self.transport.can_write_eof():  # TLS has no half-closed connections
            self.transport.close()
            return
        self.transport.write_eof()
        # Closed at once, with bytes still on their way here, it would reset the connection, and the answer with it.
        self.flow.resume_reading()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)


def _written(refusal: errors.Refusal) -> bytes:
    query_id = errors_.query_id(int(time.time()))
    answer = errors_.shaped(refusal, query_id, {"x-ovh-queryid": query_id, "connection": "close"})
    status = HTTPStatus(refusal.status)
    head = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
    head += [name + b": " + value for name, value in answer.raw_headers]
    return b"\r\n".join([*head, b"", bytes(answer.body)])
