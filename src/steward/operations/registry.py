"""Marks the functions that change something with the operations they carry out.

Every use case that writes is decorated with `@operation(...)`; an operation that the published table does
not know fails at import. `tests/paper` walks REGISTERED against the matrix and the routes.
"""

from collections.abc import Callable
from typing import TypeVar

from steward.responsibility import operations as operations_

F = TypeVar("F", bound=Callable[..., object])

REGISTERED: dict[str, str] = {}  # operation to the function that carries it out


def operation(*names: str) -> Callable[[F], F]:
    """KeyError on a name without an activity."""
    for name in names:
        operations_.ACTIVITY_OF[name]

    def register(function: F) -> F:
        for name in names:
            REGISTERED[name] = f"{function.__module__}.{function.__qualname__}"
        return function

    return register


def activity_of(name: str) -> str:
    return operations_.ACTIVITY_OF[name]
