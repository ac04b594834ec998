"""The layer contract covers every folder, and ARCHITECTURE.md describes the layers that the contract has."""

import re
import tomllib
from typing import Any

import pytest

from tests.paper import checkout

PACKAGE = checkout.ROOT / "src" / "steward"


def contracts() -> list[dict[str, Any]]:
    configuration = tomllib.loads((checkout.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = configuration["tool"]["importlinter"]["contracts"]
    return found


def layers() -> list[list[str]]:
    (contract,) = (each for each in contracts() if each["type"] == "layers")
    assert contract["exhaustive"] is True
    assert contract["containers"] == ["steward"]
    return [layer.split(" | ") for layer in contract["layers"]]


def modules() -> set[str]:
    """What lies directly in the package: folders with code, and files."""
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    return folders | {path.stem for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}


def test_every_folder_is_a_layer() -> None:
    assert {name for layer in layers() for name in layer} == modules()


def test_the_architecture_page_has_the_same_layers_in_the_same_order() -> None:
    text = (checkout.ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    described = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert described == [name for layer in layers() for name in layer]


@pytest.mark.parametrize(
    ("source", "least"),
    [
        ("steward.domain", {"pydantic", "sqlalchemy", "fastapi"}),
        ("steward.cli", {"steward.storage", "steward.api", "steward.operations"}),
        ("steward.api", {"steward.storage", "steward.runtimes", "steward.outside"}),
    ],
)
def test_what_is_forbidden_stays_forbidden(source: str, least: set[str]) -> None:
    forbidden = {
        module
        for each in contracts()
        if each["type"] == "forbidden" and source in each["source_modules"]
        for module in each["forbidden_modules"]
    }
    assert least <= forbidden
