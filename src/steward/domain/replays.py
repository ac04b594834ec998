"""A signed write that took effect: written in the same transaction, so that the same one has no second effect.

`id` is a digest of who sent it, its signature and its body. Its answer is kept with the secrets, for it may hold some.
"""

from dataclasses import dataclass
from datetime import datetime

ANSWER = "answer"  # its name among the secrets of `owner`


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    id: str
    until: datetime  # from when on the signature is too old to be accepted

    @property
    def owner(self) -> str:
        return owner(self.id)


def owner(id: str) -> str:
    return f"replay:{id}"
