"""The programs of a Kubernetes version, on the host that is to run them."""

from dataclasses import dataclass
from typing import Protocol

from steward.domain import versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Not there yet: being obtained, or not to be had (`reason` says why and how to mend it)."""

    message: str
    reason: str = ""


class Artifacts(Protocol):
    async def obtain(self, version: versions.Version) -> Missing | None:
        """None when all programs of the version are there; else it sees to it and returns at once."""
        ...
