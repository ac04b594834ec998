"""Hears what must not happen in any test here: a step or a pass of a reconciler that ended with a surprise."""

import contextlib
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import structlog

Heard = list[MutableMapping[str, Any]]


@contextlib.contextmanager
def open_for_errors() -> Iterator[Heard]:
    """The log keeps errors in the list given, and says nothing."""
    heard: Heard = []

    def hear(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if level in ("error", "exception", "critical"):
            heard.append(event)
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.format_exc_info, hear])
    try:
        yield heard
    finally:
        structlog.configure(**before)


def said(heard: Heard) -> str:
    return "\n".join(str(each) for each in heard)


def forgetful_disk() -> Path | None:
    """A disk in memory, where the machine has one: what a real disk does is tested with the storage."""
    place = Path("/dev/shm")
    return place if os.access(place, os.W_OK) else None
