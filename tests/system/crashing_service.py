"""`steward serve` that kills itself at a step: what a crash at the worst moment looks like.

Run by `test_crashes.py` as a program of its own. The first argument is a file with the points at which it has
died already, one a line; it dies at the first point that is not among them. With a second argument, a number
between 0 and 1, it dies at any point with that probability instead, until as many lines stand as the third says.
The fourth names the flow that is under way: the same step of another flow is another point. With a fifth, `once`, it
dies at each step either before or after it, at about as many one way as the other.
"""

import os
import random
import signal
import sys
import zlib
from pathlib import Path

from steward.bootstrap import logs, service, serving
from steward.settings import Settings

MOMENTS = ("before", "after")


def chosen(step: str) -> str:
    """At which moment of the step it dies, where one is enough."""
    return MOMENTS[zlib.crc32(step.encode()) % 2]


class Reaper:
    def __init__(self, file: Path, chance: float, most: int, flow: str, *, once: bool) -> None:
        self._flow = flow
        self._once = once
        self._file = file
        self._chance = chance
        self._most = most
        self._random = random.Random(os.getpid())
        self._died_at = file.read_text().splitlines() if file.exists() else []

    def on_step(self, subject: str, step: str, moment: str) -> None:
        point = f"{self._flow}{subject.partition(':')[0]}: {step}: {moment}"
        if self._chance:
            fatal = len(self._died_at) < self._most and self._random.random() < self._chance
        else:
            fatal = point not in self._died_at and (not self._once or moment == chosen(step))
        if fatal:
            with self._file.open("a") as file:
                file.write(point + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.kill(os.getpid(), signal.SIGKILL)


async def _serve(settings: Settings, reaper: Reaper) -> None:
    async with service.running(settings, reaper.on_step) as running:
        await serving.answer(settings, running)


def main() -> int:
    file, chance, most, flow, often = [*sys.argv[1:], "", "", "", ""][:5]
    settings = Settings()
    logs.set_up(settings.log_level)
    return serving.run(
        _serve(settings, Reaper(Path(file), float(chance or 0), int(most or 0), flow, once=often == "once"))
    )


if __name__ == "__main__":
    sys.exit(main())
