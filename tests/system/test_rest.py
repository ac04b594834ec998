"""What the programs of a control plane rest by, by its own tests: a Go module of ours that several components share."""

import pytest

from steward.components import recipes
from tests import go_programs

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def test_it_passes_its_own_tests() -> None:
    assert go_programs.complaints(recipes.modules_folder() / "rest") == ""
