"""The responsibility matrix as values: parties, letters, activities."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Letter(StrEnum):
    """Meanings as in the contract."""

    R = "R"  # carries the activity out
    A = "A"  # is accountable for its success
    C = "C"  # is consulted during it
    I = "I"  # noqa: E741  the contract's letter; is informed of its result


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    id: str  # as in "3.1.6-4"
    text: str
    letters: Mapping[str, frozenset[Letter]]  # by party
    disputed: Mapping[str, frozenset[Letter]] | None = None  # the reading of the other edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    parties: tuple[str, ...]
    activities: Mapping[str, Activity]

    def activity(self, activity_id: str) -> Activity:
        """KeyError on an id that is no row."""
        return self.activities[activity_id]
