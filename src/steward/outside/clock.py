"""The machine's own clock: `ports.clock` for production. Bootstrap plugs it in; tests bring a virtual one."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
