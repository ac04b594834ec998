"""What the pages point to is there: files, targets of the Makefile, commands of the command line."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperGroup

from docs.generate import commands
from tests.paper import checkout

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"(?:^|&& |=\S+ )make ([a-z][a-z-]*)")
COMMAND = re.compile(r"(?:^|bin/|&& )steward (?:--project \S+ )?([a-z][a-z0-9]*)(?: ([a-z]+))?(?: ([a-z]+))?")
PATH = re.compile(r"^(?:src|tests|demo|bench|docs|kube|packaging|changelog\.d)/[\w./-]*$")

pages = pytest.mark.parametrize("page", checkout.PAGES, ids=checkout.name)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not _leads(page, link)] == []


def _leads(page: Path, link: str) -> bool:
    if "://" in link or link.startswith("mailto:"):
        return True
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pages
def test_targets_that_are_named_exist(page: Path) -> None:
    named = {target for line in checkout.code_of(page) for target in TARGET.findall(line)}
    assert named - _targets() == set()


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z][a-z-]*):", (checkout.ROOT / "Makefile").read_text(), re.MULTILINE))


@pages
def test_commands_that_are_named_exist(page: Path) -> None:
    named = (words for line in checkout.code_of(page) for words in COMMAND.findall(line))
    assert [words for words in named if not _is_command([word for word in words if word])] == []


def _is_command(words: list[str]) -> bool:
    return any(" ".join(words[:length]) in _commands() for length in range(1, len(words) + 1))


@cache
def _commands() -> frozenset[str]:
    root = commands.tree()
    assert isinstance(root, TyperGroup)
    return frozenset(name for name, _ in commands.every(root))


@pages
def test_paths_that_are_named_exist(page: Path) -> None:
    assert [path for path in _paths(page) if not (checkout.ROOT / path).exists()] == []


def _paths(page: Path) -> Iterator[str]:
    """Of code, those from the root of the checkout; `bench/results` comes with the first measurement."""
    return (each for each in checkout.code_of(page) if PATH.match(each) and each != "bench/results")


def test_every_decision_can_be_found() -> None:
    readme = (checkout.ROOT / "README.md").read_text(encoding="utf-8")
    decisions = sorted((checkout.ROOT / "docs" / "decisions").glob("*.md"))
    assert [each.name for each in decisions if f"docs/decisions/{each.name}" not in readme] == []
    numbers = [each.name[:4] for each in decisions]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("page", sorted((checkout.ROOT / "docs" / "decisions").glob("*.md")), ids=checkout.name)
def test_a_decision_has_its_four_parts(page: Path) -> None:
    titles = re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert titles[:4] == ["Context", "Decision", *titles[2:4]]
    assert titles[-2:] == ["Consequences", "Alternatives"]
