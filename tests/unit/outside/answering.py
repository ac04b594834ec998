"""An API server made of functions, and the guests that ask it: no socket is opened."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2

from steward.domain import clusters
from steward.outside import guest_lines
from steward.outside import guests as guests_
from steward.ports import guests

T = TypeVar("T")
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
CLUSTER = clusters.ClusterId("c")
ACCESS = guests.Access(cluster_id=CLUSTER, server="https://api:6443", authority="a", certificate="b", key="c")

Answer = Callable[[httpx2.Request], httpx2.Response]


class Clock:
    def now(self) -> datetime:
        return NOW

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing in here sleeps")


@dataclass
class Api:
    """Answers by `METHOD path`; what it has no answer for is 404."""

    answers: Mapping[str, Answer]
    asked: list[httpx2.Request] = field(default_factory=list)
    opened: list[httpx2.AsyncClient] = field(default_factory=list)

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        await asyncio.sleep(0)
        known = self.answers.get(f"{request.method} {request.url.path}")
        return known(request) if known else status(404, "not found")

    def connect(self, access: guests.Access) -> httpx2.AsyncClient:
        transport = httpx2.MockTransport(self.answer)
        self.opened.append(httpx2.AsyncClient(base_url=access.server, transport=transport))
        return self.opened[-1]

    @property
    def guests(self) -> guests_.HttpGuests:
        return guests_.HttpGuests(Clock(), guest_lines.Lines(self.connect))

    def calls(self) -> list[str]:
        return [f"{each.method} {each.url.path}" for each in self.asked]


def run(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


def status(code: int, message: str, **more: Any) -> httpx2.Response:
    return httpx2.Response(code, json={"kind": "Status", "message": message, "code": code, **more})


def always(document: Any, code: int = 200) -> Answer:
    return lambda _: httpx2.Response(code, json=document)


def refusing(code: int, message: str, **more: Any) -> Answer:
    return lambda _: status(code, message, **more)


def failing(reason: Exception) -> Answer:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise reason

    return answer
