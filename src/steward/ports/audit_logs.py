"""The audit logs that the API servers of clusters write.

| Rule | Mandatory |
|---|---|
| `glance` costs next to nothing while nothing was written: it is asked every second, for every cluster | yes |
| `read` goes on where the place says, through files that others took the place of, and gives whole lines only | yes |
| what cannot be read any more is told in `lost`, once, never skipped in silence | yes |
| `latest` gives whole lines of the log's end and the place after them, from which `read` goes on without a gap | yes |
| a place that was given out stays good across restarts of steward and of the API server, or is told to be lost | yes |
| a log is read, never written | yes |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from steward.domain import clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far was read: which file, by inode and by a digest of its first line, and how many bytes of it."""

    inode: int = 0
    head: str = ""
    offset: int = 0


START = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Differs from the one before as soon as there is more to read. `writer` names the API server that writes."""

    inode: int
    size: int
    writer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`lost` says why something before these lines will never be read; `more` that there is more to read at once."""

    lines: Sequence[bytes]
    place: Place
    lost: str = ""
    more: bool = False


class AuditLogs(Protocol):
    def glance(self, cluster_id: clusters.ClusterId) -> Glance | None:
        """None where no log was ever written."""
        ...

    async def read(self, cluster_id: clusters.ClusterId, place: Place, *, most: int) -> Piece:
        """At most so many bytes, but one line at least. From `START`: the oldest that is left."""
        ...

    async def latest(self, cluster_id: clusters.ClusterId, *, most: int) -> Piece:
        """The last lines, oldest first, of at most so many bytes; of 0 the place alone."""
        ...

    async def search(self, cluster_id: clusters.ClusterId, word: str, *, limit: int) -> Sequence[bytes]:
        """Lines that hold the word, oldest first, of all files that are left."""
        ...


class NoAuditLogs:
    """Where there are no clusters: tests of what needs none."""

    def glance(self, cluster_id: clusters.ClusterId) -> Glance | None:
        return None

    async def read(self, cluster_id: clusters.ClusterId, place: Place, *, most: int) -> Piece:
        return Piece(lines=(), place=START)

    async def latest(self, cluster_id: clusters.ClusterId, *, most: int) -> Piece:
        return Piece(lines=(), place=START)

    async def search(self, cluster_id: clusters.ClusterId, word: str, *, limit: int) -> Sequence[bytes]:
        return ()


NO_AUDIT_LOGS = NoAuditLogs()
