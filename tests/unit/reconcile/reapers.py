"""Kills stewards at chosen moments and starts the next one, for as long as a story lasts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random

from tests.unit.reconcile import sites, stewards

Point = tuple[str, str, str, str]  # phase of the story, kind of subject, step, "before" or "after"


class Reaper:
    """Subclasses say when: they call `life.end`. `phase` is set by the story."""

    def __init__(self, site: sites.Site) -> None:
        self.phase = ""
        self._site = site

    def watch(self, life: stewards.Life) -> None:
        """A new steward is about to start."""
        raise AssertionError("a reaper without a scythe")

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        self._site.hook = self.watch
        self.watch(self._site.steward.life)
        task = asyncio.create_task(self._replace())
        try:
            yield
        finally:
            self._site.hook = lambda life: None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if self._site.steward.life.dead:
                await self._site.restart()

    async def _replace(self) -> None:
        while True:
            await self._site.steward.life.died.wait()
            # One that dies while it starts is followed by yet another.
            with contextlib.suppress(stewards.Killed):
                await self._site.restart()


class AtSteps(Reaper):
    """Kills once at every point of every flow; with `spare` it only notes them.

    The same step of an install and of a restoration is one point, or with `each_phase` one in every phase.
    """

    def __init__(self, site: sites.Site, *, spare: bool = False, each_phase: bool = False) -> None:
        super().__init__(site)
        self.seen: set[Point] = set()
        self._spare = spare
        self._each_phase = each_phase

    def watch(self, life: stewards.Life) -> None:
        def step(subject: str, name: str, moment: str) -> None:
            phase = self.phase if self._each_phase else ""
            point = (phase, subject.partition(":")[0], name, moment)
            if point not in self.seen:
                self.seen.add(point)
                if not self._spare:
                    life.end()

        life.on_step = step


class AtRandom(Reaper):
    """Kills at any crossing between the reconcilers and the rest of the world, on the way in or out."""

    def __init__(self, site: sites.Site, seed: int, *, most: int, chance: float) -> None:
        super().__init__(site)
        self._random = Random(seed)
        self._most = most
        self._chance = chance

    def watch(self, life: stewards.Life) -> None:
        def gate() -> None:
            if self._site.kills < self._most and self._random.random() < self._chance:
                life.end()

        life.on_gate = gate
