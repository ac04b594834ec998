"""How a step, or a whole pass, ended. There are three ways, and each says what happens next."""

from dataclasses import dataclass

from steward.domain import errors


@dataclass(frozen=True, slots=True)
class Done:
    """The world is as wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something takes its time; come again after so many seconds, or when woken."""

    message: str
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Nothing goes on until the named party acts; looked at again after a while all the same."""

    message: str
    whose_turn: str = errors.PROVIDER
    activity: str = ""
    after: float = 30.0


Outcome = Done | Wait | Blocked
DONE = Done()


def worst(outcomes: list[Outcome]) -> Outcome:
    """The one that decides for all: blocked before waiting before done; of waits, the soonest."""
    blocked = [each for each in outcomes if isinstance(each, Blocked)]
    if blocked:
        return blocked[0]
    waits = [each for each in outcomes if isinstance(each, Wait)]
    return min(waits, key=lambda wait: wait.after) if waits else DONE
