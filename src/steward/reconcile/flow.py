"""Long work as a graph of named steps.

The name of a step is the sentence that people read as progress. Steps run as soon as those they need
are done, side by side where they can. Every pass runs the whole graph again: a step looks whether its
work stands, and does it only where it does not. So a flow may be cut off anywhere and run again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from steward.domain import errors
from steward.domain import progress as progress_
from steward.ports import guests
from steward.reconcile import outcome
from steward.reconcile.outcome import Outcome

log = structlog.get_logger(__name__)

AFTER_NO_ANSWER = 0.5  # seconds
AFTER_SURPRISE = 5.0


class Stale(Exception):
    """The lease went to somebody else; whoever worked under it changes nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`activity` is the row of the matrix under which the step acts.

    `operation` is of the published table, where the step does what a customer lends by a setting; `size` is what it
    makes then.
    """

    name: str
    activity: str
    act: Callable[[], Awaitable[Outcome]]
    needs: tuple[str, ...] = ()
    operation: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`name` is what the whole is called, as in "Install the cluster"."""

    subject: str
    name: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for step in self.steps:
            missing = set(step.needs) - known
            if missing:
                raise ValueError(f"step {step.name!r} needs {missing}, which stand not before it")
            known.add(step.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a run reports to. `guard` raises Stale; `on_step` is told (step, "before" | "after").

    `refuses` is asked before each step whether the contract lets automation take it.
    """

    now: Callable[[], datetime]
    guard: Callable[[], None]
    on_step: Callable[[str, str, str], None]
    on_progress: Callable[[progress_.Progress], None]
    refuses: Callable[[str, Step], outcome.Blocked | None]


class Run:
    """One pass over a flow."""

    def __init__(self, flow: Flow, watch: Watch, before: progress_.Progress | None) -> None:
        self._flow = flow
        self._watch = watch
        self._made = self._begun(before)
        self._outcomes: dict[str, Outcome] = {}

    @property
    def progress(self) -> progress_.Progress:
        return self._made

    async def to_end(self) -> Outcome:
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            async with asyncio.TaskGroup() as group:
                for step in self._flow.steps:
                    needed = [tasks[name] for name in step.needs]
                    tasks[step.name] = group.create_task(self._in_turn(step, needed))
        except* Stale as stale:
            raise stale.exceptions[0] from None
        result = outcome.worst(list(self._outcomes.values()))
        if isinstance(result, outcome.Done) and self._made.ended_at is None:
            self._publish(replace(self._made, ended_at=self._watch.now()))
        return result

    async def _in_turn(self, step: Step, needed: Sequence[asyncio.Task[None]]) -> None:
        if needed:
            await asyncio.wait(needed)
        if not all(isinstance(self._outcomes.get(name), outcome.Done) for name in step.needs):
            return
        self._watch.guard()
        self._watch.on_step(self._flow.subject, step.name, "before")
        self._note(step, progress_.State.RUNNING, "")
        result = self._watch.refuses(self._flow.subject, step) or await outcome_of(step)
        self._watch.on_step(self._flow.subject, step.name, "after")
        self._outcomes[step.name] = result
        match result:
            case outcome.Done():
                self._note(step, progress_.State.DONE, "")
            case outcome.Wait(message=message):
                self._note(step, progress_.State.RUNNING, message)
            case outcome.Blocked(message=message):
                self._note(step, progress_.State.BLOCKED, message)

    def _begun(self, before: progress_.Progress | None) -> progress_.Progress:
        """Carries on where an earlier pass over the same flow was, so that times stay true."""
        known = {}
        if before is not None and before.flow == self._flow.name and before.ended_at is None:
            known = {each.name: each for each in before.steps}
        steps = tuple(
            known.get(step.name) or progress_.StepProgress(name=step.name, activity=step.activity)
            for step in self._flow.steps
        )
        started = before.started_at if known and before is not None else self._watch.now()
        return progress_.Progress(subject=self._flow.subject, flow=self._flow.name, steps=steps, started_at=started)

    def _note(self, step: Step, state: progress_.State, message: str) -> None:
        old = next(each for each in self._made.steps if each.name == step.name)
        begins = state is progress_.State.RUNNING and not message
        if begins and old.state is not progress_.State.WAITING:
            return  # looked at again; what it waits for stays said until it ends otherwise
        now = self._watch.now()
        done = state is progress_.State.DONE
        new = replace(
            old,
            state=state,
            message=message,
            started_at=old.started_at or now,
            ended_at=(old.ended_at or now) if done else None,
        )
        if new != old:
            steps = tuple(new if each.name == step.name else each for each in self._made.steps)
            ended = self._made.ended_at if done else None
            self._publish(replace(self._made, steps=steps, ended_at=ended))

    def _publish(self, made: progress_.Progress) -> None:
        self._made = made
        self._watch.on_progress(made)


async def outcome_of(step: Step) -> Outcome:
    """Expected failures become outcomes; a surprise is logged, and tried again later."""
    try:
        return await step.act()
    except guests.NotAnswering as reason:
        return outcome.Wait(message=str(reason), after=AFTER_NO_ANSWER)
    except errors.Refusal as reason:
        return outcome.Blocked(message=reason.message, whose_turn=reason.whose_turn, activity=step.activity)
    except Stale:
        raise
    except Exception as surprise:
        log.exception("step failed", step=step.name)
        return outcome.Wait(
            message=f"It failed with {type(surprise).__name__}; the log says more", after=AFTER_SURPRISE
        )
