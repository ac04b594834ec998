"""Every test of the command line sits at a desk of its own."""

from pathlib import Path

import pytest

from tests.unit.cli import fakes


@pytest.fixture
def desk(tmp_path: Path) -> fakes.Desk:
    return fakes.Desk(tmp_path)
