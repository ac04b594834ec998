"""Every suite runs once for each implementation of its port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import virtual
from tests.ports import bundles, simulated_factory


@pytest.fixture(params=["simulated", pytest.param("processes", marks=[pytest.mark.system, pytest.mark.timeout(300)])])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[bundles.Runtime]:
    if request.param == "processes":
        from tests.ports import processes_factory

        with processes_factory.opened() as made:
            yield made
        return
    time = virtual.Time()
    try:
        yield simulated_factory.runtime(time, tmp_path / "world")
    finally:
        time.close()
