"""The verification of one bundle, line by line: leaves, tree, checkpoints, keys, personal values.

Called by the command line, with nothing but a file. It holds the roots of whole subtrees and nothing else of what it
has read, so its cost per entry stays the same. What it reads may have been made to deceive: a fault is a value, never
an exception.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from steward.kit import bundles, leaves, merkle, notes
from steward.kit.bundles import Broken, Entry, Header
from steward.kit.verdicts import Fault, Verdict

LONGEST_TURN = timedelta(minutes=1)


def verify(
    lines: Iterable[bytes], *, trusted: Sequence[notes.Key] = (), saved: Sequence[notes.Checkpoint] = ()
) -> Verdict:
    """`trusted`: keys that must be among the bundle's; `saved`: checkpoints that somebody kept and checked."""
    return _Verification(trusted=trusted, saved=saved).of(lines)


class _Found(Exception):
    """`between`: the first fault lies there, and the file cannot say where."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def between(self, index: int, until: int) -> "_Found":
        self.fault = dataclasses.replace(self.fault, index=index, until=max(index, until))
        return self


class _Verification:
    def __init__(self, *, trusted: Sequence[notes.Key], saved: Sequence[notes.Checkpoint]) -> None:
        self._trusted = trusted
        self._saved = sorted(saved, key=lambda each: each.size)
        self._met: dict[int, bytes] = {0: merkle.EMPTY_ROOT}  # roots at the sizes of saved checkpoints
        self._tree = merkle.Growing()
        self._verdict = Verdict()
        self._header: Header | None = None
        self._digest = hashlib.sha256()
        self._key: notes.Key | None = None
        self._hidden: set[int] = set()  # personal values not shown
        self._erasures: set[int] = set()
        self._checkpoint_at = ""
        self._claimed = ""  # the time that the entry being read says, right or not
        self._line = 0
        self._ended = False

    def of(self, lines: Iterable[bytes]) -> Verdict:
        remaining = iter(lines)
        try:
            for line in remaining:
                self._line += 1
                self._claimed = ""
                self._take(line, remaining)
            self._finish()
        except _Found as found:
            self._verdict.fault = found.fault
        self._remark()
        return self._verdict

    def _take(self, line: bytes, remaining: Iterator[bytes]) -> None:
        if self._ended:
            raise self._fault("file", "nothing after the end", "there are more lines")
        try:
            content = bundles.read_line(line)
            if self._header is None:
                self._begin(bundles.read_header(content))
            elif "entry" in content:
                self._entry(bundles.read_entry(content), remaining)
            elif "checkpoint" in content:
                self._checkpoint(content, remaining)
            elif "end" in content:
                self._end(content)
            else:
                raise Broken("it is neither an entry nor a checkpoint nor the end")
        except Broken as reason:
            raise self._fault(*self._unreadable(line), str(reason)) from None
        self._digest.update(line)

    def _unreadable(self, line: bytes) -> tuple[str, str]:
        """What kind of fault, and what was expected: judged by how the line begins."""
        if self._header is None:
            return "file", "a header of a bundle"
        if line.startswith(b'{"checkpoint"'):
            return "checkpoint", "a checkpoint"
        if line.startswith(b'{"end"'):
            return "file", "the end of a bundle"
        if not line.endswith(b"\n"):
            return "file", f"entry {self._tree.size} or the end, complete to its last byte"
        return "altered", f"entry {self._tree.size}"

    def _begin(self, header: Header) -> None:
        self._header = header
        self._verdict.origin, self._verdict.log = header.origin, header.log

    def _entry(self, entry: Entry, remaining: Iterator[bytes]) -> None:
        index = self._tree.size
        leaf = None if entry.leaf is None else self._leaf(entry)
        if entry.index != index:
            raise self._misplaced(entry.index, remaining)
        if leaf is None:
            self._withheld()
        else:
            self._content(entry, leaf)
        self._tree.append(entry.hash)
        self._verdict.entries = self._tree.size
        if any(each.size == self._tree.size for each in self._saved):
            self._met[self._tree.size] = self._tree.root

    def _withheld(self) -> None:
        if self._header is not None and self._header.reader == bundles.CUSTOMER:
            raise self._fault("altered", "an entry with its leaf, as a customer is given it", "it is a hash only")
        self._verdict.withheld += 1

    def _leaf(self, entry: Entry) -> dict[str, Any]:
        assert entry.leaf is not None
        self._claimed = _claimed(entry.leaf)
        found = merkle.leaf_hash(entry.leaf.encode("utf-8", "surrogatepass"))
        if found != entry.hash:
            raise self._fault("altered", f"a leaf with the hash {entry.hash.hex()}", f"it has {found.hex()}")
        leaf = bundles.read_leaf(entry.leaf)
        if leaf["index"] != entry.index:
            raise self._fault("altered", f"entry {leaf['index']}, as its leaf says", f"it is called {entry.index}")
        if self._header is not None and leaf["log"] != self._header.log:
            raise self._fault("added", f"an entry of {self._header.log}", f"it is one of {str(leaf['log'])[:80]!r}")
        return leaf

    def _misplaced(self, found: int, remaining: Iterator[bytes]) -> _Found:
        wanted = self._tree.size
        if found < wanted:
            return self._fault("repeated", f"entry {wanted}", f"entry {found} stands there once more")
        for line in remaining:
            if line.startswith(b'{"disclosed"') and _index(line) == wanted:
                return self._fault("reordered", f"entry {wanted}", f"entry {found} stands there, and {wanted} later")
        fault = self._fault("removed", f"entry {wanted}", f"the next one is entry {found}")
        return fault.between(wanted, found - 1)

    def _content(self, entry: Entry, leaf: dict[str, Any]) -> None:
        verdict = self._verdict
        if verdict.last_at and leaf["at"] < verdict.last_at and _went_back(verdict.last_at, leaf["at"]):
            verdict.clock_went_back.append(entry.index)
        verdict.first_at = verdict.first_at or leaf["at"]
        verdict.last_at = leaf["at"]
        self._personal(entry, leaf["commitments"])
        if leaf["kind"] == "key":
            self._rotate(leaf)
        elif leaf["kind"] == "erasure" and isinstance(leaf["facts"].get("index"), int):
            self._erasures.add(leaf["facts"]["index"])

    def _personal(self, entry: Entry, commitments: dict[str, Any]) -> None:
        if entry.disclosed is None:
            if commitments:
                self._hidden.add(entry.index)
            return
        for name in sorted({*commitments, *entry.disclosed}):
            salt, value = entry.disclosed.get(name, ("", ""))
            if leaves.commitment(salt, value) != commitments.get(name):
                raise self._fault(
                    "altered",
                    f"the personal value {name[:40]!r} that the entry committed to ({str(commitments.get(name))[:80]})",
                    "another value, or another salt, stands there",
                )
        self._verdict.disclosed += 1

    def _rotate(self, leaf: dict[str, Any]) -> None:
        assert self._header is not None
        new = bundles.key_of(leaf, self._header.origin)
        if new == self._key:
            return  # announced again, where the service no longer knew that it was
        if self._key is not None and not bundles.follows(new, self._key, str(leaf["facts"].get("note", ""))):
            raise self._fault("key", f"the next key, signed by {self._key.text}", f"{new.text} is not signed by it")
        self._key = new
        self._verdict.keys.append(new.text)

    def _checkpoint(self, content: dict[str, Any], remaining: Iterator[bytes]) -> None:
        if set(content) != {"checkpoint", "note"} or not isinstance(content["note"], str):
            raise Broken("the checkpoint has other fields than the format's")
        assert self._header is not None
        if isinstance(content["checkpoint"], int) and content["checkpoint"] > self._tree.size:
            self._check_missing(content["checkpoint"], remaining)
        if self._key is None:
            raise self._fault("key", "an entry with the log's key before its first checkpoint", "there is none")
        try:
            found = notes.opened_checkpoint(content["note"], self._key)
        except notes.Invalid as reason:
            raise self._fault("checkpoint", f"one signed by {self._key.text}", str(reason)) from None
        self._check_place(found, content["checkpoint"])
        if found.root != self._tree.root:
            expected = f"entries with the root {found.root.hex()}, which was signed at {_shown(found)}"
            raise self._range("altered", expected, f"their root is {self._tree.root.hex()}")
        self._accept(found)

    def _check_place(self, found: notes.Checkpoint, called: Any) -> None:
        assert self._header is not None
        size, verdict = self._tree.size, self._verdict
        if found.origin != self._header.origin:
            raise self._fault("checkpoint", f"one of {self._header.origin}", f"it is one of {found.origin[:200]}")
        if found.size != size or called != size or (size <= verdict.proven and verdict.checkpoints):
            raise self._fault("checkpoint", f"one of {size} entries, once", f"one of {found.size} stands here")

    def _check_missing(self, called: int, remaining: Iterator[bytes]) -> None:
        """A checkpoint that comes too soon: it was moved, unless the entries before it are nowhere."""
        size = self._tree.size
        later = [index for index in map(_index, remaining) if index is not None]
        if size not in later:
            until = min([called, *later]) - 1
            raise self._fault("removed", f"entry {size}", f"the next one is {until + 1}").between(size, until)

    def _accept(self, found: notes.Checkpoint) -> None:
        verdict, at = self._verdict, "" if found.at is None else leaves.moment(found.at)
        if at < self._checkpoint_at:
            verdict.remarks.append(
                f"The clock went back: the checkpoint of {found.size} entries says {at}, an earlier one "
                f"{self._checkpoint_at}. The order of entries is certain, their times are the log's own word."
            )
        self._checkpoint_at = at
        verdict.last_checkpoint_at = at
        verdict.proven = found.size
        verdict.checkpoints += 1

    def _end(self, content: dict[str, Any]) -> None:
        counts = {"entries": self._tree.size, "checkpoints": self._verdict.checkpoints}
        expected = {**counts, "sha256": self._digest.hexdigest()}
        self._check_covered()
        if content != {"end": expected}:
            raise self._fault("file", f"an end that says {json.dumps(expected)}", json.dumps(content)[:400])
        self._ended = True

    def _check_covered(self) -> None:
        assert self._header is not None
        size = self._tree.size
        if size < self._header.size:
            fault = self._fault("removed", f"entry {size} of {self._header.size}", "the file ends before it")
            raise fault.between(size, self._header.size - 1)
        if size > self._verdict.proven or not self._verdict.checkpoints:
            raise self._range("checkpoint", f"a checkpoint of {size} entries", "none covers them")
        if size > self._header.size:
            raise self._fault("added", f"{self._header.size} entries", f"there are {size}")

    def _finish(self) -> None:
        if self._header is None:
            raise self._fault("file", "a header of a bundle", "the file is empty")
        if not self._ended:
            self._check_covered()
            raise self._fault("file", "an end", "the file ends without")
        for each in self._saved:
            self._check_saved(each)
        self._check_trusted()

    def _check_saved(self, saved: notes.Checkpoint) -> None:
        size = self._tree.size
        if saved.origin != self._verdict.origin:
            raise self._fault("checkpoint", f"the log {saved.origin}, whose checkpoint was kept", "it is another log")
        if saved.size > size:
            expected = f"at least {saved.size} entries, as signed at {_shown(saved)}"
            raise self._fault("removed", expected, f"there are {size}").between(size, saved.size - 1)
        if self._met[saved.size] != saved.root:
            expected = f"the root {saved.root.hex()} of the kept checkpoint of {saved.size} entries"
            fault = self._fault("altered", expected, f"it is {self._met[saved.size].hex()}: another log was shown")
            raise fault.between(0, saved.size - 1)

    def _check_trusted(self) -> None:
        unknown = {each.text for each in self._trusted} - set(self._verdict.keys)
        if unknown:
            fault = self._fault("key", f"a log signed with {min(unknown)}", f"it has {self._verdict.keys[-1]}")
            raise fault.between(0, 0)

    def _remark(self) -> None:
        verdict = self._verdict
        verdict.erased = sorted(self._hidden & self._erasures)
        if self._header is not None and self._header.reader == bundles.CUSTOMER:
            verdict.unexplained = sorted(self._hidden - self._erasures)
        if verdict.unexplained:
            verdict.remarks.append(
                f"The personal values of {len(verdict.unexplained)} entries (first: {verdict.unexplained[0]}) are not "
                "shown, and no entry says that they were erased."
            )
        if verdict.withheld:
            verdict.remarks.append(
                f"{verdict.withheld} entries are here as hashes only: what they say was not checked."
            )
        if verdict.clock_went_back:
            verdict.remarks.append(
                f"The clock went back before {len(verdict.clock_went_back)} entries (first: "
                f"{verdict.clock_went_back[0]}). Their order is certain, their times are the log's own word."
            )
        self._remark_trust()

    def _remark_trust(self) -> None:
        if not self._trusted and not self._saved:
            self._verdict.remarks.append(
                "No key and no checkpoint of yours was given: the file agrees with itself. That the log was not "
                "written anew as a whole is shown by the key, or a checkpoint, that you kept (--key, --checkpoint)."
            )
        elif not self._saved:
            self._verdict.remarks.append(
                "No checkpoint of yours was given: that nothing was cut off at the end is shown by one that you kept "
                "(--checkpoint), or that your webhook was sent."
            )

    def _fault(self, kind: str, expected: str, found: str) -> _Found:
        index = self._tree.size
        if kind in ("checkpoint", "key"):
            index = min(index, self._verdict.proven)
        return _Found(
            Fault(
                kind=kind,
                index=index,
                until=index,
                line=self._line,
                at=self._claimed or (f"after {self._verdict.last_at}" if self._verdict.last_at else ""),
                expected=expected,
                found=found,
            )
        )

    def _range(self, kind: str, expected: str, found: str) -> _Found:
        """Somewhere after the last checkpoint that holds."""
        return self._fault(kind, expected, found).between(self._verdict.proven, self._tree.size - 1)


def _went_back(before: str, now: str) -> bool:
    """By more than a change may have waited for its turn to be written."""
    try:
        return datetime.fromisoformat(before) - datetime.fromisoformat(now) > LONGEST_TURN
    except (ValueError, TypeError):
        return True


def _shown(checkpoint: notes.Checkpoint) -> str:
    return "an unknown time" if checkpoint.at is None else leaves.moment(checkpoint.at)


def _claimed(leaf: str) -> str:
    try:
        return str(bundles.read_leaf(leaf)["at"])[:40]
    except Broken:
        return ""


def _index(line: bytes) -> int | None:
    try:
        return bundles.read_entry(bundles.read_line(line)).index
    except Broken:
        return None
