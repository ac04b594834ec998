"""How far a piece of long work is: the named steps of a flow, as people see them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    WAITING = "waiting"  # for steps before it
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    name: str  # the sentence that people read
    activity: str
    state: State = State.WAITING
    message: str = ""  # what is being waited for, or the last error
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Of one flow on one subject; a new flow on the same subject replaces it."""

    subject: str  # `cluster:<id>`, `nodepool:<id>`, `node:<id>`
    flow: str  # as in "Install the cluster"
    steps: tuple[StepProgress, ...]
    started_at: datetime
    ended_at: datetime | None = None

    @property
    def fraction(self) -> float:
        done = sum(1 for step in self.steps if step.state is State.DONE)
        return done / len(self.steps) if self.steps else 1.0
