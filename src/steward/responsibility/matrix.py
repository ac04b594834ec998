"""Reads the editions of the contract into matrices; a broken edition stops the service at its start.

The release has its own editions; `publish` adds those of the operator's folder. What each project and cluster accepted
is kept in the records (`operations/contracts.py`), by version and digest.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from steward.catalogue import loading
from steward.domain import errors
from steward.responsibility import model, operations

_ID = re.compile(r"[1-9](\.[1-9]){1,2}-[1-9][0-9]?")
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}")
_PARTIES = (errors.CUSTOMER, errors.PROVIDER)

_published: dict[str, model.Matrix] = {}


def load(version: str = "") -> model.Matrix:
    """That version, or the newest. KeyError where this service does not have it."""
    return versions()[version] if version else newest()


def newest() -> model.Matrix:
    return list(versions().values())[-1]


@cache
def versions() -> Mapping[str, model.Matrix]:
    """All that this service has, oldest first."""
    own = built(loading.responsibility())
    known = {own.version: own, **_published}
    return MappingProxyType({version: known[version] for version in sorted(known, key=_rank)})


def publish(documents: Mapping[str, Any]) -> None:
    """The operator's editions, by the name of their file, instead of those published before. ValueError with a
    sentence where one is broken, has a version that is taken, or lacks a row that this service works by."""
    found: dict[str, model.Matrix] = {}
    own = built(loading.responsibility())
    for name, document in documents.items():
        try:
            matrix = built(document)
            _check_rows(matrix)
        except ValueError as reason:
            raise ValueError(f"{name}: {reason}") from None
        if matrix.version in found or (matrix.version == own.version and matrix.digest != own.digest):
            raise ValueError(f"{name}: there is another edition {matrix.version} already; give it a version of its own")
        found[matrix.version] = matrix
    _published.clear()
    _published.update(found)
    versions.cache_clear()


def built(document: Any) -> model.Matrix:
    """ValueError where an id is malformed or twice there, a letter unknown, or nobody accountable."""
    version, rows = _head(document)
    activities: dict[str, model.Activity] = {}
    for row in rows:
        activity = _activity(row)
        if activity.id in activities:
            raise ValueError(f"activity {activity.id} stands twice in the matrix")
        activities[activity.id] = activity
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except TypeError as reason:
        raise ValueError(f"it holds more than texts, numbers and lists: {reason}") from None
    return model.Matrix(
        version=version,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        parties=_PARTIES,
        activities=MappingProxyType(activities),
    )


def _head(document: Any) -> tuple[str, list[Any]]:
    if not isinstance(document, Mapping):
        raise ValueError("an edition is a mapping with version, parties and activities")
    version, rows = document.get("version"), document.get("activities")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise ValueError(f'the version {version!r} is not a quoted number such as "2" or "2.1"')
    if tuple(document.get("parties") or ()) != _PARTIES:
        raise ValueError(f"the parties of an activity are {', '.join(_PARTIES)}, in this order")
    if not isinstance(rows, list) or not rows:
        raise ValueError("there is no list of activities")
    return version, rows


def _activity(row: Any) -> model.Activity:
    if not isinstance(row, Mapping):
        raise ValueError(f"{row!r} is not an activity")
    activity_id, text = row.get("id"), row.get("activity")
    if not isinstance(activity_id, str) or not _ID.fullmatch(activity_id):
        raise ValueError(f"{activity_id!r} is not the id of an activity")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"activity {activity_id} has no text")
    disputed = row.get("disputed")
    return model.Activity(
        id=activity_id,
        text=text,
        letters=_letters(activity_id, row),
        disputed=None if disputed is None else _letters(activity_id, disputed),
    )


def _letters(activity_id: str, row: Mapping[str, Any]) -> Mapping[str, frozenset[model.Letter]]:
    letters = {}
    for party in _PARTIES:
        given = row.get(party)
        if not isinstance(given, str):
            raise ValueError(f"activity {activity_id} says nothing of the {party}")
        letters[party] = frozenset(model.Letter(letter) for letter in given)
    accountable = [party for party, held in letters.items() if model.Letter.A in held]
    if len(accountable) != 1:
        raise ValueError(f"activity {activity_id} needs exactly one accountable party, has {accountable}")
    return MappingProxyType(letters)


def _check_rows(matrix: model.Matrix) -> None:
    """An edition may drop a row that nothing here acts under; the others decide every day."""
    missing = sorted(operations.ROWS - set(matrix.activities))
    if missing:
        raise ValueError(f"this service acts under {', '.join(missing)}, and the edition has no such activity")


def _rank(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def is_newer(version: str, than: str) -> bool:
    return _rank(version) > _rank(than)
