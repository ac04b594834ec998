"""Simulated ways out: what arrived, and receivers that are slow, broken or gone as a test says."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steward.ports import clock, messengers


@dataclass
class Way:
    """Of one address: fails while `failing`, for good while `gone`, and takes `seconds` for each."""

    failing: str = ""
    gone: bool = False
    seconds: float = 0.0


@dataclass
class Arrived:
    address: str
    message_id: str
    content: str


@dataclass
class Outside:
    """Both ways to all addresses; a message arrives before its receipt is on its way back."""

    clock: clock.Clock
    ways: dict[str, Way] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0

    def way(self, address: str) -> Way:
        return self.ways.setdefault(address, Way())

    def at(self, address: str) -> list[Arrived]:
        return [each for each in self.arrived if each.address == address]

    def ids(self, address: str) -> list[str]:
        return [each.message_id for each in self.at(address)]

    async def take(self, address: str, message_id: str, content: str) -> None:
        way = self.way(address)
        self.asked.append(message_id)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            if way.seconds:
                await self.clock.sleep(way.seconds)
            await asyncio.sleep(0)
            if way.gone:
                raise messengers.NotSent("It is gone", final=True)
            if way.failing:
                raise messengers.NotSent(way.failing)
            self.arrived.append(Arrived(address, message_id, content))
        finally:
            self.under_way -= 1


class Mail:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, letter: messengers.Letter) -> str:
        await self._outside.take(letter.to, letter.message_id, f"{letter.subject}\n{letter.text}")
        return f"250 taken as {letter.message_id}"


class Webhooks:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.secrets: list[str] = []

    def check(self, url: str) -> None:
        return None

    async def send(self, url: str, secret: str, message_id: str, type: str, payload: Mapping[str, Any]) -> str:
        self.secrets.append(secret)
        await self._outside.take(url, message_id, json.dumps({"type": type, **payload}))
        return f"200 {message_id}"
