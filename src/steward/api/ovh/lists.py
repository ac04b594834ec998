"""Lists in pages, where a request's headers ask for them: OVHcloud's `X-Pagination-…`.

Two ways. With a mode, a list of ids becomes a list of objects, filtered, sorted and cut into numbered pages, as
OVHcloud's web interface asks. With a size or a cursor, any list comes piece by piece; the cursor names the last element
given, so that what is made or deleted meanwhile neither repeats nor hides another. Without headers lists are whole.

`calls.SignedRoute` lets every answer through here; routes whose plain list holds ids ask `expanded` what to give.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from steward.api import answers
from steward.api.ovh import filters
from steward.domain import errors

MODE = "X-Pagination-Mode"
PAGES = "CachedObjectList-Pages"
NUMBER, SIZE = "X-Pagination-Number", "X-Pagination-Size"
SORT, SORT_ORDER = "X-Pagination-Sort", "X-Pagination-Sort-Order"
CURSOR, NEXT = "X-Pagination-Cursor", "X-Pagination-Cursor-Next"
ELEMENTS = "X-Pagination-Elements"

LARGEST = 10_000
_USUAL = 100
_IDENTITIES = ("id", "project_id", "subscriptionId", "kindId", "name")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    number: int
    size: int
    sort: str
    falling: bool
    filters: Sequence[filters.Filter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """`after` is the element that was given last."""

    size: int
    after: Key | None


def expanded(headers: Headers) -> bool:
    """Whether a list of ids is wanted as a list of objects."""
    return MODE.lower() in headers


def asked(headers: Headers) -> Pages | Pieces | None:
    """None where a list is wanted whole."""
    if mode := headers.get(MODE):
        if mode != PAGES:
            raise errors.BadInput(f"[{MODE}] {mode[:64]!r} is not offered; {PAGES} is")
        order = headers.get(SORT_ORDER, "ASC").upper()
        if order not in ("ASC", "DESC"):
            raise errors.BadInput(f"[{SORT_ORDER}] {order[:64]!r} is neither ASC nor DESC")
        return Pages(
            number=_number(headers, NUMBER, 1, most=2**31 - 1),
            size=_number(headers, SIZE, _USUAL, most=LARGEST),
            sort=headers.get(SORT, ""),
            falling=order == "DESC",
            filters=filters.parsed(headers.get(filters.HEADER, "")),
        )
    if cursor := headers.get(CURSOR):
        size, *after = _opened(cursor)
        return Pieces(size=_number(headers, SIZE, size, most=LARGEST), after=(after[0], after[1]))
    if SIZE.lower() in headers:
        return Pieces(size=_number(headers, SIZE, _USUAL, most=LARGEST), after=None)
    return None


def _number(headers: Headers, name: str, usual: int, *, most: int) -> int:
    text = headers.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= most):
        raise errors.BadInput(f"[{name}] {text[:64]!r} is not a number from 1 to {most}")
    return int(text)


def cut(answer: Response, wanted: Pages | Pieces, *, history: bool) -> Response:
    """The part of an answer that was asked for; what is no list stays as it is."""
    content = json.loads(bytes(answer.body))
    if answer.status_code != 200 or not isinstance(content, list):
        return answer
    if isinstance(wanted, Pieces):
        return _piece(content, wanted, falling=history)
    if not all(isinstance(each, dict) for each in content):
        return answer  # a list of words: there is nothing to expand it to
    return _page(content, wanted)


def _page(objects: Sequence[Mapping[str, Any]], wanted: Pages) -> Response:
    found = filters.chosen(objects, wanted.filters)
    if wanted.sort:
        found.sort(key=lambda each: _place(filters.value(each, wanted.sort, SORT)), reverse=wanted.falling)
    elif wanted.falling:
        found.reverse()
    begin = (wanted.number - 1) * wanted.size
    return answers.ok(found[begin : begin + wanted.size], {ELEMENTS: str(len(found))})


def _place(value: Any) -> tuple[int, float, str]:
    """Nothing first, then numbers by size, then texts."""
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, int | float):
        return 1, float(value), ""
    return 2, 0.0, value if isinstance(value, str) else json.dumps(value)


def _piece(content: Sequence[Any], wanted: Pieces, *, falling: bool) -> Response:
    """By age; deleted ones (`falling`) by the moment of their deletion, the last first."""
    field = "deletedAt" if falling else "createdAt"
    keyed = sorted(
        ((_key(each, field), position) for position, each in enumerate(content)), key=lambda each: each[0][1]
    )
    keyed.sort(key=lambda each: each[0][0], reverse=falling)
    rest = [each for each in keyed if wanted.after is None or _later(each[0], wanted.after, falling=falling)]
    given = rest[: wanted.size]
    headers = {NEXT: _sealed(wanted.size, given[-1][0])} if len(rest) > len(given) else None
    return answers.ok([content[position] for _, position in given], headers)


def _key(element: Any, field: str) -> Key:
    if not isinstance(element, dict):
        return "", str(element)
    identity = next((element[name] for name in _IDENTITIES if name in element), element)
    return str(element.get(field) or ""), str(identity)


def _later(key: Key, after: Key, *, falling: bool) -> bool:
    if key[0] == after[0]:
        return key[1] > after[1]
    return key[0] < after[0] if falling else key[0] > after[0]


def _sealed(size: int, key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([size, *key]).encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[int, str, str]:
    try:
        size, at, identity = json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        )
    except (ValueError, TypeError):
        raise _not_ours() from None
    if type(size) is not int or not 1 <= size <= LARGEST or not isinstance(at, str) or not isinstance(identity, str):
        raise _not_ours()
    return size, at, identity


def _not_ours() -> errors.BadInput:
    return errors.BadInput(f"[{CURSOR}] is not one that this API gave in {NEXT}")
