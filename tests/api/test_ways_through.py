"""The main ways through the API, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.api import serving, ways


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as running:
        yield running


@pytest.mark.parametrize("story", ways.ALL)
def test_on_sqlite(tmp_path: Path, story: serving.Story) -> None:
    serving.run(tmp_path, story)


@pytest.mark.postgres
@pytest.mark.parametrize("story", ways.ALL)
def test_on_postgresql(server: postgres.Server, tmp_path: Path, story: serving.Story) -> None:
    serving.run(tmp_path, story, database=server.make_database())
