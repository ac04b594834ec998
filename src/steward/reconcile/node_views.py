"""The nodes as a cluster sees them, asked once for all who want to know at about the same time."""

import asyncio
from dataclasses import dataclass, field

from steward.domain import clusters
from steward.ports import clock, guests

FRESH = 0.2  # seconds for which an answer serves everybody


@dataclass(slots=True)
class _View:
    asked_at: float = float("-inf")
    nodes: dict[str, guests.GuestNode] = field(default_factory=dict)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class NodeViews:
    def __init__(self, asked: guests.Guests, clock: clock.Clock) -> None:
        self._guests = asked
        self._clock = clock
        self._views: dict[clusters.ClusterId, _View] = {}

    async def node(self, access: guests.Access, name: str) -> guests.GuestNode | None:
        view = self._views.setdefault(access.cluster_id, _View())
        async with view.asking:
            now = self._clock.now().timestamp()
            if now - view.asked_at > FRESH:
                found = await self._guests.nodes(access)
                view.nodes = {each.name: each for each in found}
                view.asked_at = now
        return view.nodes.get(name)
