"""Audit logs as files of this machine: `ports/audit_logs.py` for real.

The API server writes `audit.log` and, when it has grown, renames it and begins another one; the oldest go. A file
is known by its inode and its first line, because the inode of one that is gone may be given to another.
"""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from steward.domain import clusters
from steward.ports.audit_logs import START, Glance, Piece, Place
from steward.ports.control_planes import Part
from steward.runtimes.processes import places

MOST_LOOKS = 5
LONGEST_LINE = 4 * 2**20
MOST_LOOKED_BACK = 2**16  # bytes, at first, in which the end of the last whole line is looked for
_GONE = "the file that was being read is gone: it was rotated away before its end was read, or deleted"
_SHORTER = "the file is shorter than what was read of it: it was cut"
_CUT_LINE = "the last line of a file was cut off"
_NO_LINES = f"a line is longer than {LONGEST_LINE} bytes"


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    inode: int
    size: int
    head: str


class _Moved(Exception):
    """A file was renamed while the folder was being looked at."""


class ProcessAuditLogs:
    def __init__(self, spot: places.Places) -> None:
        self._spot = spot
        # Paths are put together once: the looks of every second would cost more by that than by looking.
        self._watched: dict[clusters.ClusterId, tuple[str, str]] = {}

    def glance(self, cluster_id: clusters.ClusterId) -> Glance | None:
        if cluster_id not in self._watched:
            here = self._spot.cluster(cluster_id)
            self._watched[cluster_id] = str(here.audit_log), str(here.record(Part.API_SERVER))
        path, record = self._watched[cluster_id]
        try:
            log = os.stat(path)
        except OSError:
            self._watched.pop(cluster_id)
            return None
        try:
            # Written anew with each start of the program, and then alone.
            writer = str(os.stat(record).st_mtime_ns)
        except OSError:
            writer = ""
        return Glance(inode=log.st_ino, size=log.st_size, writer=writer)

    async def read(self, cluster_id: clusters.ClusterId, place: Place, *, most: int) -> Piece:
        return await asyncio.to_thread(_read, self._spot.cluster(cluster_id).audit, place, most)

    async def latest(self, cluster_id: clusters.ClusterId, *, most: int) -> Piece:
        return await asyncio.to_thread(_latest, self._spot.cluster(cluster_id).audit, most)

    async def search(self, cluster_id: clusters.ClusterId, word: str, *, limit: int) -> Sequence[bytes]:
        return await asyncio.to_thread(_search, self._spot.cluster(cluster_id).audit, word.encode(), limit)


def _read(folder: Path, place: Place, most: int) -> Piece:
    for _ in range(MOST_LOOKS):
        try:
            return _read_once(folder, place, most)
        except _Moved:
            continue
    return Piece(lines=(), place=place, more=True)


def _read_once(folder: Path, place: Place, most: int) -> Piece:
    files = _files(folder)
    if not files:
        lost = _GONE if place.inode else ""
        return Piece(lines=(), place=START, lost=lost)
    index = next((number for number, each in enumerate(files) if _is(each, place)), None)
    if index is None:
        lost = _GONE if place.inode else ""
        return _read_file(files, 0, 0, lost, most)
    if files[index].size < place.offset:
        return _read_file(files, index, 0, _SHORTER, most)
    return _read_file(files, index, place.offset, "", most)


def _read_file(files: Sequence[_File], index: int, offset: int, lost: str, most: int) -> Piece:
    """From there on; a file that is read to its end and has a successor gives way to it."""
    file, is_last = files[index], index == len(files) - 1
    chunk = _chunk(file, offset, most)
    end = chunk.rfind(b"\n") + 1
    if end:
        lines = [line for line in chunk[:end].split(b"\n") if line]
        place = Place(inode=file.inode, head=file.head, offset=offset + end)
        return Piece(lines=lines, place=place, lost=lost, more=not is_last or place.offset < file.size)
    if is_last and len(chunk) < LONGEST_LINE:
        return Piece(lines=(), place=Place(inode=file.inode, head=file.head, offset=offset), lost=lost)
    if is_last:
        place = Place(inode=file.inode, head=file.head, offset=offset + len(chunk))
        return Piece(lines=(), place=place, lost=lost or _NO_LINES, more=True)
    return _read_file(files, index + 1, 0, lost or (_CUT_LINE if chunk else ""), most)


def _chunk(file: _File, offset: int, most: int) -> bytes:
    """So many bytes or, where no line ends among them, as many as its first line has."""
    with _opened(file.path) as opened:
        if os.fstat(opened.fileno()).st_ino != file.inode:
            raise _Moved
        opened.seek(offset)
        chunk = opened.read(most)
        while b"\n" not in chunk and len(chunk) < LONGEST_LINE:
            more = opened.read(min(most, LONGEST_LINE - len(chunk)))
            if not more:
                break
            chunk += more
    return chunk


def _latest(folder: Path, most: int) -> Piece:
    for _ in range(MOST_LOOKS):
        try:
            return _latest_once(folder, most)
        except _Moved:
            continue
    return Piece(lines=(), place=START, more=True)


def _latest_once(folder: Path, most: int) -> Piece:
    """Of the file that is being written, and where it has just begun also of those before it."""
    files, lines, left = _files(folder), list[bytes](), most
    if not files:
        return Piece(lines=(), place=START)
    place = Place(inode=files[-1].inode, head=files[-1].head, offset=_whole(files[-1]))
    for file in reversed(files):
        end = place.offset if file is files[-1] else file.size
        found = _last_lines(file, end, left)
        lines = [*found, *lines]
        left -= sum(map(len, found)) + len(found)
        if sum(map(len, found)) + len(found) < end or left <= 0:
            break
    return Piece(lines=lines, place=place)


def _whole(file: _File) -> int:
    """Where its last whole line ends."""
    window = MOST_LOOKED_BACK
    while True:
        began = max(0, file.size - window)
        found = _between(file, began, file.size).rfind(b"\n")
        if found >= 0 or began == 0:
            return began + found + 1
        window *= 4


def _last_lines(file: _File, end: int, most: int) -> list[bytes]:
    """Before that byte, at which a line ends."""
    began = max(0, end - most - 1)
    if end - began <= 1:
        return []
    chunk = _between(file, began, end)
    first = 0 if began == 0 and len(chunk) <= most else chunk.find(b"\n") + 1
    return [line for line in chunk[first:].split(b"\n") if line]


def _between(file: _File, began: int, end: int) -> bytes:
    with _opened(file.path) as opened:
        if os.fstat(opened.fileno()).st_ino != file.inode:
            raise _Moved
        opened.seek(began)
        return opened.read(end - began)


def _is(file: _File, place: Place) -> bool:
    return file.inode == place.inode and (not place.head or file.head == place.head)


def _files(folder: Path) -> list[_File]:
    """Oldest first. Names of those that were renamed carry the time; the one that is being written comes last."""
    names = _names(folder)
    found = []
    for name in names:
        with _opened(folder / name) as file:
            status = os.fstat(file.fileno())
            first = file.readline(LONGEST_LINE)
        head = hashlib.sha256(first).hexdigest()[:32] if first.endswith(b"\n") else ""
        found.append(_File(folder / name, status.st_ino, status.st_size, head))
    if _names(folder) != names:
        raise _Moved
    return found


def _names(folder: Path) -> list[str]:
    names = [each.name for each in folder.glob("audit*.log")]
    return sorted(names, key=lambda name: (name == "audit.log", name))


def _opened(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise _Moved from None


def _search(folder: Path, word: bytes, limit: int) -> list[bytes]:
    found: list[bytes] = []
    for line in _lines(folder):
        if word in line:
            found.append(line.rstrip(b"\n"))
            if len(found) == limit:
                break
    return found


def _lines(folder: Path) -> Iterator[bytes]:
    for name in _names(folder):
        with contextlib.suppress(_Moved), _opened(folder / name) as opened:
            yield from opened
