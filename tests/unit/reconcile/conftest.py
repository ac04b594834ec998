"""A ground for sites, and ears for what must not happen: a step or a pass that ended with a surprise."""

import os
import tempfile
from collections.abc import Callable, Coroutine, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests import virtual
from tests.unit.reconcile import sites

Story = Callable[[sites.Site], Coroutine[Any, Any, None]]


def memory() -> Path | None:
    """A disk that forgets, where the machine has one: what a real disk does is tested with the storage."""
    place = Path("/dev/shm")
    return place if os.access(place, os.W_OK) else None


def ears(heard: list[MutableMapping[str, Any]]) -> list[Any]:
    """Processors of a log that keeps errors and says nothing."""

    def hear(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if level in ("error", "exception", "critical"):
            heard.append(event)
        raise structlog.DropEvent

    return [structlog.processors.format_exc_info, hear]


@pytest.fixture(scope="session")
def ground() -> sites.Ground:
    return sites.Ground()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=memory(), prefix="steward-test-") as made:
        yield Path(made)


@pytest.fixture
def surprises() -> Iterator[list[MutableMapping[str, Any]]]:
    """Errors that the reconcilers logged; none is expected in any test here."""
    heard: list[MutableMapping[str, Any]] = []
    before = structlog.get_config()
    structlog.configure(processors=ears(heard))
    try:
        yield heard
    finally:
        structlog.configure(**before)


@pytest.fixture
def play(ground: sites.Ground, folder: Path, surprises: list[MutableMapping[str, Any]]) -> Callable[[Story], None]:
    """Runs a story at a site of its own, in virtual time."""

    def played(story: Story) -> None:
        async def whole(clock: virtual.VirtualClock) -> None:
            site = await ground.site(clock, folder=folder)
            await site.begin()
            try:
                await story(site)
            finally:
                await site.steward.kill()
                await site.records.close()

        virtual.run(whole)
        assert not surprises, "\n".join(str(each) for each in surprises)

    return played
