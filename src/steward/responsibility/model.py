"""The responsibility matrix as values: parties, letters, activities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


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
    # Worked out once, for they are asked for with every decision.
    shown: Mapping[str, str] = field(init=False, compare=False)  # letters as the contract writes them
    owner: str = field(init=False, compare=False)  # the party that is accountable; there is exactly one
    able: frozenset[str] = field(init=False, compare=False)  # the parties that may carry it out

    def __post_init__(self) -> None:
        made = {
            "shown": MappingProxyType({party: shown(held) for party, held in self.letters.items()}),
            "owner": next(party for party, held in self.letters.items() if Letter.A in held),
            "able": frozenset(party for party, held in self.letters.items() if held & {Letter.R, Letter.A}),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    version: str
    digest: str  # SHA-256 of its canonical JSON, hex
    parties: tuple[str, ...]
    activities: Mapping[str, Activity]

    def activity(self, activity_id: str) -> Activity:
        """KeyError on an id that is no row."""
        return self.activities[activity_id]


def shown(held: frozenset[Letter]) -> str:
    """In the contract's order, as in `RA`."""
    return "".join(letter.value for letter in Letter if letter in held)


def letters(activity: Activity) -> dict[str, str]:
    return dict(activity.shown)


def other_reading(activity: Activity) -> dict[str, str]:
    """Of a row that the editions of the source disagree about; empty for all others."""
    return {party: shown(held) for party, held in (activity.disputed or {}).items()}
