"""`iamTags`: lists narrowed to what carries certain tags, as OVHcloud's API has it.

The value is a JSON object: a tag's key to a list of `{"operator": …, "value": …}`, all of which have to hold.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steward.domain import errors
from steward.kit import patterns

_MOST = 20
_WITHOUT_VALUE = ("EXISTS", "NEXISTS")
_OPERATORS = ("EQ", "NEQ", "LIKE", "ILIKE", *_WITHOUT_VALUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    key: str
    operator: str
    value: str


def parsed(text: str | None) -> Sequence[Filter]:
    if text in (None, "", "null"):
        return ()
    try:
        given = json.loads(text or "")
    except ValueError:
        raise _invalid() from None
    if not isinstance(given, dict) or not all(isinstance(each, list) for each in given.values()):
        raise _invalid()
    found = [_filter(key, each) for key, each_of in given.items() for each in each_of]
    if len(found) > _MOST:
        raise _invalid()
    return found


def _filter(key: str, given: object) -> Filter:
    if not isinstance(given, dict):
        raise _invalid()
    operator, value = given.get("operator", "EQ"), given.get("value", "")
    if operator not in _OPERATORS or not isinstance(value, str):
        raise _invalid()
    return Filter(key=key, operator=operator, value=value)


def fit(wanted: Sequence[Filter], tags: Mapping[str, str]) -> bool:
    return all(_fits(each, tags.get(each.key)) for each in wanted)


def _fits(wanted: Filter, value: str | None) -> bool:
    match wanted.operator:
        case "EXISTS":
            return value is not None
        case "NEXISTS":
            return value is None
        case "EQ":
            return value == wanted.value
        case "NEQ":
            return value != wanted.value
    if value is None:
        return False
    if wanted.operator == "ILIKE":
        return patterns.like(value.lower(), wanted.value.lower())
    return patterns.like(value, wanted.value)


def _invalid() -> errors.BadInput:
    return errors.BadInput(
        '[iamTags] is not a filter such as {"key": [{"operator": "EQ", "value": "text"}]}; operators are '
        + ", ".join(_OPERATORS)
    )
