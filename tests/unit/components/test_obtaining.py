"""`python -m steward.components`: what is said about what is here, what is compiled now, and what comes later."""

import io

import pytest
from rich.console import Console

from steward.components import __main__ as obtaining
from steward.components import supply

pytestmark = pytest.mark.usefixtures("catalogued", "go")


def said(missing: list[supply.Item], later: list[supply.Item], of: int) -> str:
    file = io.StringIO()
    obtaining._announce(Console(file=file, width=1000), missing, later, of)
    return file.getvalue()


@pytest.fixture
def item(recipe: object) -> supply.Item:
    return supply.Item(
        name="metrics-server", version="0.9.0", present=False, way="compile", expected_seconds=130, recipe=recipe
    )


def test_nothing_is_missing() -> None:
    assert said([], [], 10) == "✓ all 10 components are here\n"


def test_what_comes_later_is_not_called_here(item: supply.Item) -> None:
    text = said([], [item], 10)
    assert "all 10" not in text
    assert "the 9 components that a first cluster waits for are here" in text
    assert "metrics-server 0.9.0 is obtained while the first cluster runs" in text
    assert "`kubectl top` answers about 3 minutes later" in text


def test_what_is_compiled_is_said_with_its_time(item: supply.Item) -> None:
    assert "To be compiled, once on this machine: metrics-server 0.9.0." in said([item], [], 10)
