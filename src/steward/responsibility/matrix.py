"""Reads the contract into the matrix; a broken contract stops the service at its start."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from steward.catalogue import loading
from steward.responsibility import model

_ID = re.compile(r"[1-9](\.[1-9]){1,2}-[1-9][0-9]?")


@cache
def load() -> model.Matrix:
    """The matrix of this release."""
    return built(loading.responsibility())


def built(document: Mapping[str, Any]) -> model.Matrix:
    """ValueError where an id is malformed or twice there, a letter unknown, or nobody accountable."""
    parties = tuple(document["parties"])
    activities: dict[str, model.Activity] = {}
    for row in document["activities"]:
        activity = _activity(row, parties)
        if activity.id in activities:
            raise ValueError(f"activity {activity.id} stands twice in the matrix")
        activities[activity.id] = activity
    return model.Matrix(parties=parties, activities=activities)


def _activity(row: Mapping[str, Any], parties: tuple[str, ...]) -> model.Activity:
    activity_id = str(row["id"])
    if not _ID.fullmatch(activity_id):
        raise ValueError(f"{activity_id!r} is not the id of an activity")
    letters = _letters(row, parties)
    accountable = [party for party, held in letters.items() if model.Letter.A in held]
    if len(accountable) != 1:
        raise ValueError(f"activity {activity_id} needs exactly one accountable party, has {accountable}")
    disputed = row.get("disputed")
    return model.Activity(
        id=activity_id,
        text=row["activity"],
        letters=letters,
        disputed=None if disputed is None else _letters(disputed, parties),
    )


def _letters(row: Mapping[str, Any], parties: tuple[str, ...]) -> dict[str, frozenset[model.Letter]]:
    return {party: frozenset(model.Letter(letter) for letter in row[party]) for party in parties}
