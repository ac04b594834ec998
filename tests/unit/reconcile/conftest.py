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
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sites.Ground]:
    """In memory where the machine has such a place: what a real disk does is tested with the storage."""
    if not os.access(MEMORY, os.W_OK):
        yield sites.Ground(tmp_path_factory.mktemp("ground"))
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="steward-test-") as folder:
        yield sites.Ground(Path(folder))


@pytest.fixture
def surprises() -> Iterator[list[MutableMapping[str, Any]]]:
    """Errors that the reconcilers logged; none is expected in any test here."""
    heard: list[MutableMapping[str, Any]] = []

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


@pytest.fixture
def play(ground: sites.Ground, surprises: list[MutableMapping[str, Any]]) -> Callable[[Story], None]:
    """Runs a story at a site of its own, in virtual time."""

    def played(story: Story) -> None:
        async def whole(clock: virtual.VirtualClock) -> None:
            site = await ground.site(clock)
            await site.begin()
            try:
                await story(site)
            finally:
                await site.steward.kill()
                await site.records.close()

        virtual.run(whole)
        assert not surprises, "\n".join(str(each) for each in surprises)

    return played
