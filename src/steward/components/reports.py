"""How far the obtaining of a component is, handed to whoever asked for it; how it looks is theirs."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    doing: str  # as in "Compiling"
    fraction: float | None = None  # None while it cannot be known


Listener = Callable[[Report], None]


def unheard(_report: Report) -> None:
    """For callers that show nothing."""
