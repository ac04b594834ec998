"""Every setting and every variable of the environment that the code knows is explained in docs/settings.md."""

import re

import pytest

from docs.generate import settings as page
from steward.settings import Settings
from tests.paper import checkout

VARIABLE = re.compile(r"\bSTEWARD_[A-Z]+(?:_[A-Z]+)*\b")
SETTINGS = {f"STEWARD_{name.upper()}" for name in Settings.model_fields}
DOCUMENTED = set(VARIABLE.findall((checkout.ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_says_what_it_means(field: str) -> None:
    assert page.meanings().get(field, "").endswith("."), f"{field} needs a sentence below it in settings.py"


def test_every_setting_stands_on_the_page() -> None:
    assert set() == SETTINGS - DOCUMENTED


def test_nothing_else_is_called_a_setting() -> None:
    """A page, a unit file, a demo that names a variable which nobody reads leads people astray."""
    folders = ("src", "demo", "packaging", "docs", "kube", "Makefile", "README.md", "CONTRIBUTING.md")
    named = {
        (variable, checkout.name(path))
        for path in checkout.files()
        if checkout.name(path).startswith(folders) and path.suffix in (".py", ".md", ".service", "")
        for variable in VARIABLE.findall(path.read_text(encoding="utf-8"))
    }
    assert {each for each in named if each[0] not in DOCUMENTED} == set()
