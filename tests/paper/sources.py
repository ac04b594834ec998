"""Reads the service's own source: which events are written, and under which rows, as far as it can be read off."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType

from steward.responsibility import operations
from tests.paper import checkout

EVENT = re.compile(r"[a-z]+:[a-z-]+")
ACTIVITY = re.compile(r"[1-9](\.[1-9]){1,2}-[1-9][0-9]?")
SOURCE = checkout.ROOT / "src"


@cache
def texts() -> dict[str, frozenset[str]]:
    """Module, as in `steward.operations.clusters`, to every text that stands in it."""
    return {
        name: frozenset(
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        for name, tree in _trees()
    }


@cache
def written(layer: str) -> dict[str, set[str]]:
    """Event to the rows that stand beside it in one call; none where they come from elsewhere."""
    found: dict[str, set[str]] = {}
    for name, tree in _trees():
        if name.startswith(f"steward.{layer}."):
            module = importlib.import_module(name)
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    _read(node, module, found)
    return found


@cache
def composed() -> dict[str, frozenset[str]]:
    """Subject, as in `person` of f"person:{verb}", to the texts of the modules that make events of it so."""
    found: dict[str, frozenset[str]] = {}
    for name, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[0], ast.Constant):
                subject, colon, rest = str(node.values[0].value).partition(":")
                if subject.isalpha() and colon and not rest:
                    found[subject] = found.get(subject, frozenset()) | texts()[name]
    return found


def is_written(event: str) -> bool:
    """Literally, or by its two halves in one module."""
    subject, _, verb = event.partition(":")
    named = (each for module, each in texts().items() if module != "steward.responsibility.notices")
    return any(event in each for each in named) or verb in composed().get(subject, ())


def rows_of(event: str) -> set[str]:
    """Under which it is written, as far as can be read off."""
    beside = {row for layer in ("operations", "reconcile") for row in written(layer).get(event, set())}
    halves = composed().get(event.partition(":")[0], frozenset())
    return beside | {operations.ACTIVITY_OF[text] for text in halves if text in operations.ACTIVITY_OF}


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((SOURCE / "steward").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def _read(call: ast.Call, module: ModuleType, found: dict[str, set[str]]) -> None:
    values = [
        value
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        for node in ast.walk(argument)
        if (value := _value(node, module))
    ]
    rows = {operations.ACTIVITY_OF.get(value, value) for value in values}
    for value in values:
        if EVENT.fullmatch(value):
            found.setdefault(value, set()).update(row for row in rows if ACTIVITY.fullmatch(row))


def _value(node: ast.AST, module: ModuleType) -> str:
    value: object = ""
    if isinstance(node, ast.Constant):
        value = node.value
    elif isinstance(node, ast.Name):
        value = getattr(module, node.id, "")
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        value = getattr(getattr(module, node.value.id, None), node.attr, "")
    return value if isinstance(value, str) else ""
