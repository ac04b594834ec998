"""What a new edition of the contract changes, row by row: what is shown to whoever is to accept it."""

from dataclasses import dataclass
from enum import StrEnum

from steward.responsibility import model


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`what` names what differs in a changed row: letters, text, disputed."""

    activity: str
    change: Change
    what: tuple[str, ...] = ()
    old: model.Activity | None = None
    new: model.Activity | None = None


def diff(old: model.Matrix, new: model.Matrix) -> list[Difference]:
    """In the order of the new edition; what it removed stands at the end."""
    found = []
    for activity_id, row in new.activities.items():
        before = old.activities.get(activity_id)
        if before is None:
            found.append(Difference(activity=activity_id, change=Change.ADDED, new=row))
        elif what := _what(before, row):
            found.append(Difference(activity=activity_id, change=Change.CHANGED, what=what, old=before, new=row))
    removed = (row for activity_id, row in old.activities.items() if activity_id not in new.activities)
    return found + [Difference(activity=row.id, change=Change.REMOVED, old=row) for row in removed]


def _what(old: model.Activity, new: model.Activity) -> tuple[str, ...]:
    pairs = {
        "letters": (old.letters, new.letters),
        "text": (old.text, new.text),
        "disputed": (old.disputed, new.disputed),
    }
    return tuple(name for name, (before, after) in pairs.items() if before != after)
