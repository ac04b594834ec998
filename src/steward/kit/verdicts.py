"""What the verification of a bundle ends with: that it holds, or the first thing that does not.

Made by `verification`, shown by the command line.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first thing that does not hold. `index` is the first entry that is not proven, `until` the last one that
    may be meant (the same one where it is certain), `line` counts from 1."""

    kind: str  # altered, removed, reordered, repeated, added, checkpoint, key, file
    index: int
    until: int
    line: int
    at: str
    expected: str
    found: str

    @property
    def sentence(self) -> str:
        which = f"entry {self.index}" if self.until <= self.index else f"an entry of {self.index} to {self.until}"
        when = f" ({self.at})" if self.at else ""
        return (
            f"{_VERBS[self.kind].format(which=which)}{when}, line {self.line}: expected {self.expected}; {self.found}"
        )


_VERBS = {
    "altered": "{which} was altered",
    "removed": "{which} was removed",
    "reordered": "{which} is not in its place",
    "repeated": "{which} is not what stands in its place, an earlier one is repeated there",
    "added": "{which} was added",
    "checkpoint": "a checkpoint does not hold, nothing is proven from {which} on",
    "key": "a key is not vouched for, nothing is proven from {which} on",
    "file": "the file is not whole, nothing is proven from {which} on",
}


@dataclass(slots=True, kw_only=True)
class Verdict:
    """`proven` entries are covered by checkpoints whose signatures and roots are right."""

    fault: Fault | None = None
    origin: str = ""
    log: str = ""
    entries: int = 0
    proven: int = 0
    checkpoints: int = 0
    first_at: str = ""
    last_at: str = ""
    last_checkpoint_at: str = ""
    disclosed: int = 0  # entries whose personal values are shown, and are those that were committed to
    erased: list[int] = field(default_factory=list)  # not shown, and a later entry says that they were erased
    unexplained: list[int] = field(default_factory=list)  # not shown, and no entry says why
    withheld: int = 0  # only their hashes are in the file
    keys: list[str] = field(default_factory=list)  # verifier keys, oldest first
    clock_went_back: list[int] = field(default_factory=list)  # entries that are dated before the one before them
    remarks: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return self.fault is None

    def as_data(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in type(self).__slots__ if name != "fault"}
        if self.fault is None:
            return {"holds": True, "fault": None, **found}
        fault = {name: getattr(self.fault, name) for name in Fault.__slots__}
        return {"holds": False, "fault": {**fault, "sentence": self.fault.sentence}, **found}
