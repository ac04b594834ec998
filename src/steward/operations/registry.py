"""Marks the functions that change something with the operations they carry out, and sees that each is decided upon.

Every use case that writes is decorated with `@operation(...)`; an operation that the published table does not know
fails at import. While it runs, `access` and `rights` know what is being asked for; one that ends well without a
decision is a bug and says so. `tests/paper` walks REGISTERED against the matrix and the routes.
"""

import functools
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar, cast

from steward.domain import decisions, errors
from steward.operations import context as context_
from steward.operations import refusals
from steward.responsibility import operations as operations_

P = ParamSpec("P")
R = TypeVar("R")
DECISION = "decision"  # of a refusal's details: the id to ask by
UseCase = Callable[P, Coroutine[Any, Any, R]]  # its first argument is the Context

REGISTERED: dict[str, str] = {}  # operation to the function that carries it out


@dataclass(slots=True)
class Doing:
    """What is being asked for. `taken` are the decisions on it so far, `refused` is the one that ended it.

    `row` is of operations whose row is part of what is asked for; `contract` is the version that it is asked under,
    where that is another one than holds now.
    """

    names: tuple[str, ...]
    now: datetime
    row: str = ""
    contract: str = ""
    taken: list[decisions.Decision] = field(default_factory=list)
    refused: decisions.Kept | None = None


_doing: ContextVar[Doing | None] = ContextVar("operation under way", default=None)


def current() -> Doing | None:
    """None while something is only read."""
    return _doing.get()


def narrow(*names: str) -> None:
    """Of a call that may carry several operations: those that this one asks for."""
    doing = _doing.get()
    if doing is None or not set(names) <= set(doing.names):
        raise RuntimeError(f"{names} are not being carried out")
    doing.names = names


def under(row: str, contract: str = "") -> None:
    """The row that is asked about; before the first decision."""
    doing = _doing.get()
    if doing is None:
        raise RuntimeError(f"nothing is being carried out under {row}")
    doing.row, doing.contract = row, contract


def operation(*names: str) -> Callable[[UseCase[P, R]], UseCase[P, R]]:
    """KeyError on a name without an activity."""
    for name in names:
        operations_.RULES[name]

    def register(function: UseCase[P, R]) -> UseCase[P, R]:
        for name in names:
            REGISTERED[name] = f"{function.__module__}.{function.__qualname__}"

        @functools.wraps(function)
        async def decided(*args: P.args, **kwargs: P.kwargs) -> R:
            context = cast(context_.Context, args[0])
            doing = Doing(names, context.clock.now())
            token = _doing.set(doing)
            try:
                result = await function(*args, **kwargs)
            except errors.Refusal as refusal:
                if isinstance(refusal, errors.Forbidden):
                    _name(refusal, doing)
                if doing.refused is not None and not await refusals.keep(context, doing.refused):
                    refusal.details.pop(DECISION, None)  # nobody could look it up
                raise
            finally:
                _doing.reset(token)
            if not doing.taken:
                raise RuntimeError(f"{names} was carried out and nobody decided whether it may be")
            return result

        return decided

    return register


def _name(refusal: errors.Forbidden, doing: Doing) -> None:
    """Where not the contract but a use case's own rule refuses, the answer names the activity all the same."""
    if doing.taken:
        known = doing.taken[-1].details()
    else:
        name = doing.names[0]
        known = {"operation": name, "activity": doing.row or operations_.ACTIVITY_OF.get(name, "")}
    refusal.details = {**known, **refusal.details}


def activity_of(name: str) -> str:
    return operations_.ACTIVITY_OF[name]
