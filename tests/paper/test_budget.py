"""Sizes stay within the budget of CONTRIBUTING.md; whatever does not is listed here with its reason."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.paper import checkout

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 6
NO_NAMES = {"utils", "helpers", "common", "misc", "manager"}

_OPTIONS = "every option of the command is a parameter: typer reads the signature"

# Place to reason. What is within the budget again has to leave the list.
EXCEPTIONS = {
    "src/steward/cli/clusters.py create: parameters": _OPTIONS,
    "src/steward/cli/nodepools.py create: parameters": _OPTIONS,
    "src/steward/cli/private_networks.py create: parameters": _OPTIONS,
    "src/steward/cli/subnets.py create: parameters": _OPTIONS,
    "src/steward/cli/gateways.py create: parameters": _OPTIONS,
    "src/steward/cli/cluster_changes.py set_: parameters": _OPTIONS,
    "src/steward/cli/people.py invite: parameters": _OPTIONS,
    "src/steward/cli/delegate.py run: parameters": _OPTIONS,
    "src/steward/cli/why.py run: parameters": _OPTIONS,
    "src/steward/cli/attest.py run: parameters": _OPTIONS,
    "src/steward/cli/reviews.py done: parameters": _OPTIONS,
    "src/steward/cli/risks.py add: parameters": _OPTIONS,
    "src/steward/cli/risks.py change: parameters": _OPTIONS,
    "src/steward/cli/nodepools.py edit: parameters": _OPTIONS,
    "src/steward/cli/accesses.py request: parameters": _OPTIONS,
    "src/steward/cli/tickets.py open_: parameters": _OPTIONS,
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def excesses() -> frozenset[str]:
    return frozenset(place for path in checkout.sources() for place in _excesses_of(path))


def _excesses_of(path: Path) -> Iterator[str]:
    name, text = checkout.name(path), path.read_text(encoding="utf-8")
    if len(text.splitlines()) > LONGEST_FILE:
        yield f"{name}: lines"
    if NO_NAMES & {path.stem, *path.relative_to(checkout.ROOT).parts}:
        yield f"{name}: name"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            yield from (f"{name} {node.name}: {excess}" for excess in _excesses_of_function(node))


def _excesses_of_function(node: Function) -> Iterator[str]:
    if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION:
        yield "lines"
    # What pytest hands to a test are the fixtures and the columns of its table, which nobody writes out in a call.
    if len(_parameters(node)) > MOST_PARAMETERS and not node.name.startswith("test_"):
        yield "parameters"


def _parameters(node: Function) -> list[str]:
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [each.arg for each in every if each is not None and each.arg not in ("self", "cls")]


def test_everything_is_within_the_budget() -> None:
    assert excesses() - set(EXCEPTIONS) == set()


@pytest.mark.parametrize("place", sorted(EXCEPTIONS))
def test_exceptions_are_still_needed(place: str) -> None:
    assert place in excesses()


def test_every_module_says_what_it_is_for() -> None:
    """But those whose code is empty."""
    mute = [
        checkout.name(path)
        for path in checkout.sources()
        if (tree := ast.parse(path.read_text(encoding="utf-8"))).body and not ast.get_docstring(tree)
    ]
    assert mute == []
