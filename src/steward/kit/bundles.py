"""Exported ledgers: one JSON value per line, written by the service and read by whoever holds the file.

A bundle is a header, the entries in their order, each checkpoint after the last entry that it covers, and an end
(docs/ledger.md). `Writer` makes the lines, `read_…` take them apart; `verification` judges them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from steward.kit import leaves, notes

FORMAT = "steward ledger bundle"
VERSION = 1
LONGEST_LINE = 16 * 1024 * 1024
CUSTOMER, PROVIDER = "customer", "provider"  # for whom it was exported


class Broken(ValueError):
    """A line that is not as this format writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`size` is how many entries the log had when the export began."""

    origin: str
    log: str
    size: int
    reader: str
    exported_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Without `leaf` it is withheld: another party's content. `disclosed` is None where nothing personal is shown."""

    index: int
    hash: bytes
    leaf: str | None
    disclosed: leaves.Disclosed | None


class Writer:
    """Gives the lines one by one; `end` closes over all that went before."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._entries = self._checkpoints = 0

    def header(self, header: Header) -> bytes:
        content = {"log": header.log, "origin": header.origin, "size": header.size}
        more = {"exportedAt": header.exported_at, "reader": header.reader}
        return self._line({"format": FORMAT, "version": VERSION, **content, **more})

    def entry(self, entry: Entry) -> bytes:
        self._entries += 1
        disclosed = None if entry.disclosed is None else {name: list(pair) for name, pair in entry.disclosed.items()}
        return self._line({"entry": entry.index, "hash": entry.hash.hex(), "leaf": entry.leaf, "disclosed": disclosed})

    def checkpoint(self, size: int, note: str) -> bytes:
        self._checkpoints += 1
        return self._line({"checkpoint": size, "note": note})

    def end(self) -> bytes:
        digest = self._digest.hexdigest()
        return self._line({"end": {"entries": self._entries, "checkpoints": self._checkpoints, "sha256": digest}})

    def _line(self, content: Mapping[str, Any]) -> bytes:
        line = leaves.written(content).encode() + b"\n"
        self._digest.update(line)
        return line


def read_line(line: bytes) -> dict[str, Any]:
    """`Broken` unless it is written as the format writes it: there is one way only, so no byte can be altered."""
    try:
        content = json.loads(line)
        same = isinstance(content, dict) and leaves.written(content).encode() + b"\n" == line
    except (ValueError, RecursionError):
        raise Broken("it cannot be read as JSON") from None
    if not same:
        raise Broken("it is not written in the one way that the format knows")
    found: dict[str, Any] = content
    return found


def read_header(content: Mapping[str, Any]) -> Header:
    if content.get("format") != FORMAT or content.get("version") != VERSION:
        raise Broken(f"it is no header of a {FORMAT}, version {VERSION}")
    if set(content) != {"format", "version", "log", "origin", "size", "exportedAt", "reader"}:
        raise Broken("the header has other fields than the format's")
    header = Header(
        origin=_of(content, "origin", str),
        log=_of(content, "log", str),
        size=_of(content, "size", int),
        reader=_of(content, "reader", str),
        exported_at=_of(content, "exportedAt", str),
    )
    if header.reader not in (CUSTOMER, PROVIDER) or not header.origin.endswith(f"/{header.log}"):
        raise Broken("the header names no reader, or an origin of another log")
    return header


def read_entry(content: Mapping[str, Any]) -> Entry:
    if set(content) != {"entry", "hash", "leaf", "disclosed"}:
        raise Broken("the entry has other fields than the format's")
    text = _of(content, "hash", str)
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != 32 or digest.hex() != text:
        raise Broken("its hash is no SHA-256")
    leaf = None if content["leaf"] is None else _of(content, "leaf", str)
    return Entry(index=_of(content, "entry", int), hash=digest, leaf=leaf, disclosed=_disclosed(content["disclosed"]))


def read_leaf(leaf: str) -> dict[str, Any]:
    try:
        content = json.loads(leaf)
    except (ValueError, RecursionError):
        raise Broken("its leaf cannot be read as JSON") from None
    if not isinstance(content, dict) or not isinstance(content.get("commitments"), dict):
        raise Broken("its leaf is no object with commitments")
    for name, kind in (("log", str), ("index", int), ("at", str), ("kind", str), ("facts", dict)):
        _of(content, name, kind)
    found: dict[str, Any] = content
    return found


def key_of(leaf: Mapping[str, Any], origin: str) -> notes.Key:
    """The log's key that an entry of kind `key` brings in."""
    raw = notes.decoded(str(leaf["facts"].get("public", "")))
    if raw is None or len(raw) != 32:
        raise Broken("its key is no Ed25519 key")
    return notes.Key(name=origin, public=raw)


def rotation_text(service: str, public: bytes) -> str:
    """What the key in use signs, as a note, to hand over to the next."""
    return f"{service}\nthe next key of the ledger\n{notes.encoded(public)}\n"


def rotation_name(service: str) -> str:
    """Of the keys as rotations name them: all logs of a service have the same keys."""
    return f"{service}/keys"


def follows(new: notes.Key, old: notes.Key, note: str) -> bool:
    """Whether the old key signed that the new one takes its place. Both under the origin of one log."""
    service = old.name.rpartition("/")[0]
    try:
        text = notes.opened(note, notes.Key(name=rotation_name(service), public=old.public))
    except notes.Invalid:
        return False
    return text == rotation_text(service, new.public)


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Of an open binary file, never one longer than any bundle has."""
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            line = line[:-1]  # without its end it cannot be read, and is named
        yield line


def _disclosed(found: Any) -> dict[str, tuple[str, str]] | None:
    if found is None:
        return None
    if not isinstance(found, dict):
        raise Broken("its personal values are no object")
    made = {}
    for name, pair in found.items():
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(each, str) for each in pair):
            raise Broken(f"its personal value {name[:40]!r} is not a salt and a value")
        made[name] = (pair[0], pair[1])
    return made


def _of(content: Mapping[str, Any], name: str, kind: type) -> Any:
    found: Any = content.get(name)
    if not isinstance(found, kind) or isinstance(found, bool) or (isinstance(found, int) and found < 0):
        raise Broken(f"{name} is not of the kind that the format has")
    return found
