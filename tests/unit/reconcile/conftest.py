"""A stage for stories: each is played at a site of its own, in virtual time."""

import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import virtual
from tests.unit.reconcile import ears, sites

Story = Callable[[sites.Site], Coroutine[Any, Any, None]]


@pytest.fixture(scope="session")
def ground() -> sites.Ground:
    return sites.Ground()


@pytest.fixture
def play(ground: sites.Ground) -> Iterator[Callable[[Story], None]]:
    with tempfile.TemporaryDirectory(dir=ears.forgetful_disk(), prefix="steward-test-") as folder:

        def played(story: Story) -> None:
            async def whole(clock: virtual.VirtualClock) -> None:
                site = await ground.site(clock, folder=Path(folder))
                await site.begin()
                try:
                    await story(site)
                finally:
                    await site.steward.kill()
                    await site.records.close()

            with ears.open_for_errors() as heard:
                virtual.run(whole)
            assert not heard, ears.said(heard)

        yield played
