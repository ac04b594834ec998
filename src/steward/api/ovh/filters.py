"""`X-Pagination-Filter`: which objects of an expanded list are wanted, as in `name:like=%25web%25&desiredNodes:gt=2`.

Values are percent-encoded. A key may lead into an object, as in `iam.urn`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from steward.domain import errors
from steward.kit import patterns

HEADER = "X-Pagination-Filter"
_MOST = 20
_MISSING = object()

Test = Callable[[Any, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    key: str
    operator: str
    value: str


def parsed(text: str) -> Sequence[Filter]:
    pieces = [each for each in text.split("&") if each]
    if len(pieces) > _MOST:
        raise errors.BadInput(f"[{HEADER}] at most {_MOST} filters are read")
    return [_one(each) for each in pieces]


def _one(text: str) -> Filter:
    head, equals, value = text.partition("=")
    key, colon, operator = head.rpartition(":")
    if not (equals and colon and key) or operator not in _TESTS:
        raise errors.BadInput(
            f"[{HEADER}] {text[:64]!r} is not of the form key:operator=value; operators are {', '.join(_TESTS)}"
        )
    return Filter(key=unquote(key), operator=operator, value=unquote(value))


def chosen(objects: Sequence[Mapping[str, Any]], wanted: Sequence[Filter]) -> list[Mapping[str, Any]]:
    return [each for each in objects if all(_fits(each, one) for one in wanted)]


def _fits(found: Mapping[str, Any], wanted: Filter) -> bool:
    return _TESTS[wanted.operator](value(found, wanted.key, HEADER), wanted.value)


def value(found: Mapping[str, Any], key: str, header: str) -> Any:
    """Of a field; one that the object's model does not have is the caller's mistake."""
    here: Any = found
    for part in key.split("."):
        here = here.get(part, _MISSING) if isinstance(here, Mapping) else _MISSING if here is not None else None
    if here is _MISSING:
        raise errors.BadInput(f"[{header}] {key[:64]!r} is no field of this list's objects")
    return here


def text(value: Any) -> str:
    """Of a value as a filter writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _order(found: Any, wanted: str) -> int:
    """Below, at or above; numbers by size, everything else as text, which moments in our form sort rightly as."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        try:
            number = float(wanted)
        except ValueError:
            raise errors.BadInput(f"[{HEADER}] {wanted[:64]!r} is not a number") from None
        return (found > number) - (found < number)
    shown = text(found)
    return (shown > wanted) - (shown < wanted)


def _equal(found: Any, wanted: str) -> bool:
    if isinstance(found, list):
        return any(_equal(each, wanted) for each in found)
    return _order(found, wanted) == 0


def _like(found: Any, wanted: str) -> bool:
    return patterns.like(text(found).lower(), wanted.lower())


def _among(found: Any, wanted: str) -> bool:
    return any(_equal(found, each) for each in wanted.split(","))


_TESTS: Mapping[str, Test] = {
    "eq": _equal,
    "ne": lambda found, wanted: not _equal(found, wanted),
    "like": _like,
    "nlike": lambda found, wanted: not _like(found, wanted),
    "gt": lambda found, wanted: _order(found, wanted) > 0,
    "ge": lambda found, wanted: _order(found, wanted) >= 0,
    "lt": lambda found, wanted: _order(found, wanted) < 0,
    "le": lambda found, wanted: _order(found, wanted) <= 0,
    "in": _among,
    "nin": lambda found, wanted: not _among(found, wanted),
}
