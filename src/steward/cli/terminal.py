"""The person's side of a run: streams, clocks, environment and the one question that a command may ask.

`session` hands it to every command. Nothing else in the command line touches `sys`, `os.environ` or `time`.
"""

import getpass
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

RED, GREEN, YELLOW, BOLD, DIM = "31", "32", "33", "1", "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """`monotonic` measures, `wall` is the moment in Unix seconds; both only pass while `sleep` or a call does."""

    input: TextIO
    out: TextIO
    err: TextIO
    monotonic: Callable[[], float]
    wall: Callable[[], float]
    sleep: Callable[[float], None]
    environ: Mapping[str, str]
    folder: Path
    home: Path

    @property
    def answers(self) -> bool:
        """Somebody is there who can be asked."""
        return self.input.isatty() and self.err.isatty()

    @property
    def animated(self) -> bool:
        """Lines on standard error may be drawn over."""
        return self.err.isatty() and self.environ.get("TERM", "") != "dumb"

    def say(self, text: str) -> None:
        """For the person; data goes to `write`."""
        print(text, file=self.err, flush=True)

    def write(self, text: str) -> None:
        print(text, file=self.out)

    def ask(self, question: str) -> str:
        print(question, end=" ", file=self.err, flush=True)
        return self.input.readline().strip()

    def ask_secret(self, question: str) -> str:
        """Not shown while it is typed; from a pipe, the next line."""
        if not self.answers:
            return self.input.readline().rstrip("\r\n")
        return getpass.getpass(f"{question} ", stream=self.err)

    def paint(self, text: str, colour: str, *, stream: TextIO) -> str:
        if not text or self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb" or not stream.isatty():
            return text
        return f"\x1b[{colour}m{text}\x1b[0m"

    def draws(self, text: str) -> bool:
        """Whether the person's encoding has these characters."""
        try:
            text.encode(self.err.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def real() -> Terminal:
    return Terminal(
        input=sys.stdin,
        out=sys.stdout,
        err=sys.stderr,
        monotonic=time.monotonic,
        wall=time.time,
        sleep=time.sleep,
        environ=os.environ,
        folder=Path.cwd(),
        home=Path.home(),
    )
